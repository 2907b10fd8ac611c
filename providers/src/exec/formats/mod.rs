//! The formats: how a command is asked, and what it prints. Each has a file, and recorded outputs in `cases`.
//!
//! A parser takes any bytes, never panics, and its refusal has nothing of them.

mod aws;
mod az;
mod bazel;
mod docker;
mod gcloud;
mod gcp;
mod git;
mod json;
mod kubernetes;
#[cfg(test)]
mod tests;
mod text;

use authn::{Context, Result, Url, private::Process};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Unusable},
    asked,
};
use crate::choice::choice;

choice! {
    /// What a command prints.
    pub(crate) enum Format {
        /// The token in the first line.
        Text = "text",
        /// A JSON document with the token.
        Json = "json",
        /// The credential of a kubectl plugin.
        Kubernetes = "kubernetes",
        /// Keys of AWS, as `credential_process` prints them.
        Aws = "aws",
        /// A token for Google's workload identity, as an executable source prints it.
        Gcp = "gcp",
        /// The attributes of a git credential.
        Git = "git",
        /// The answer of a Docker credential helper.
        Docker = "docker",
        /// The answer of a Bazel credential helper.
        Bazel = "bazel",
        /// The answer of the Azure CLI.
        Az = "az",
        /// The answer of the Google Cloud CLI.
        Gcloud = "gcloud",
    }
}

/// The members that the format `json` is asked for.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    pub(crate) token: Option<&'a str>,
    pub(crate) expiry: Option<&'a str>,
}

impl Format {
    /// Returns whether a command of this format answers for several servers.
    pub(super) fn has_server(self) -> bool {
        matches!(self, Self::Bazel | Self::Docker | Self::Git)
    }

    /// Adds what a command of this format reads and expects in its environment.
    pub(super) fn ask(
        self,
        process: Process,
        url: Option<&Url>,
        context: &Context,
        is_interactive: bool,
    ) -> Result<Process> {
        let server = || asked::server(url, context);
        Ok(match self {
            Self::Kubernetes => kubernetes::ask(process, is_interactive),
            Self::Git => git::ask(process, &server()?, is_interactive),
            Self::Docker => process.input(docker::question(&server()?)),
            Self::Bazel => process.input(bazel::question(&server()?)),
            _ => process,
        })
    }

    /// Reads what a command has printed.
    pub(crate) fn read(
        self,
        output: &[u8],
        has_succeeded: bool,
        fields: &Fields<'_>,
    ) -> Result<Answer, Unusable> {
        match self {
            // Its answer is complete, or it says by itself that there is none.
            Self::Git => git::read(output, has_succeeded),
            Self::Docker => docker::read(output, has_succeeded),
            Self::Gcp => gcp::read(output, has_succeeded),
            _ if !has_succeeded => Err(Unusable::Invalid("the command failed")),
            Self::Text => text::read(output),
            Self::Json => json::read(output, fields),
            Self::Kubernetes => kubernetes::read(output),
            Self::Aws => aws::read(output),
            Self::Bazel => bazel::read(output),
            Self::Az => az::read(output),
            Self::Gcloud => gcloud::read(output),
        }
    }
}

/// Returns the text without the byte order mark that some tools write.
fn text_of(output: &[u8]) -> Result<&str, Unusable> {
    let text = str::from_utf8(output).map_err(|_| Unusable::Invalid("it is no UTF-8 text"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Parses a JSON object. A list would be read as an object without names.
fn parsed_object<T: DeserializeOwned>(output: &[u8]) -> Result<T, Unusable> {
    if text_of(output)?.trim_start().starts_with('[') {
        return Err(Unusable::Invalid("it is not an object"));
    }
    parsed(output)
}

/// Parses a JSON document.
fn parsed<T: DeserializeOwned>(output: &[u8]) -> Result<T, Unusable> {
    let text = text_of(output)?;
    let invalid = |error: serde_json::Error| {
        Unusable::Invalid(if text.trim().is_empty() {
            "it is empty"
        } else if error.is_data() {
            "a member is missing, is there twice, or has another type"
        } else if error.is_eof() {
            "its JSON is cut off"
        } else if text.trim_start().starts_with(['{', '[']) {
            "its JSON has a mistake, or a text follows it"
        } else {
            "it is a text without JSON"
        })
    };
    serde_json::from_str(text).map_err(invalid)
}

/// Returns a text that is not empty.
fn present(
    text: Option<Zeroizing<String>>,
    otherwise: &'static str,
) -> Result<Zeroizing<String>, Unusable> {
    text.filter(|text| !text.is_empty()).ok_or(Unusable::Invalid(otherwise))
}
