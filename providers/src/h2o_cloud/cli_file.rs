//! `CliFile`: the file in which H2O's command line keeps its environment and its tokens.

use std::path::{Path, PathBuf};

use authn::{Environment, Error, ErrorKind, Result, SecretString};
use serde::{Deserialize, Serialize};
use toml_edit::Document;
use zeroize::Zeroizing;

/// The variable with the path of the file.
const VARIABLE: &str = "H2OCONFIG";
/// Where the file is unless something else says so.
const DEFAULT: &str = "~/.h2oai/h2o-cli-config.toml";

/// The path of the file.
#[derive(Debug)]
pub(super) struct CliFilePath {
    path: PathBuf,
    /// Whether something names it, so that it has to exist.
    is_named: bool,
}

/// The values of the file that are used.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct CliFile {
    /// The environment.
    pub(super) endpoint: Option<String>,
    /// The identifiers of clients, each with its refresh token.
    tokens: Vec<(String, Zeroizing<String>)>,
}

impl CliFilePath {
    /// Finds the file: a configured one, the one that the variable names, or the default one of the user.
    pub(super) fn find(
        configured: Option<&Path>,
        environment: &Environment,
    ) -> Result<Option<Self>> {
        if let Some(path) = configured {
            return Ok(Some(Self { path: path.to_owned(), is_named: true }));
        }
        let named = environment.get(VARIABLE).map(|path| {
            let path = environment.absolute(Path::new(path), None);
            path.map(|path| Self { path, is_named: true }).ok_or_else(|| {
                Error::configuration(format!("the variable {VARIABLE} is no absolute path"))
                    .with_help("set it to an absolute path, or to one that starts with `~/`")
            })
        });
        let default = || {
            let path = environment.absolute(Path::new(DEFAULT), None)?;
            Some(Self { path, is_named: false })
        };
        named.transpose().map(|named| named.or_else(default))
    }

    /// Reads the file. One that nothing names may be absent.
    pub(super) fn read(&self) -> Result<CliFile> {
        let text = match SecretString::read_file(&self.path) {
            Ok(text) => text,
            Err(_) if !self.is_named && self.path.try_exists().is_ok_and(|exists| !exists) => {
                return Ok(CliFile::default());
            }
            Err(error) => return Err(error),
        };
        CliFile::parse(&text.expose()).ok_or_else(|| {
            let path = self.path.display();
            Error::new(ErrorKind::Configuration, format!("{path} is not a valid TOML file"))
                .with_help("run `h2o config setup`, which writes it, or correct it")
        })
    }
}

impl CliFile {
    fn parse(text: &str) -> Option<Self> {
        // The parser's own copies of the values are not wiped.
        let document = Document::parse(text).ok()?;
        let value = |key: &str| {
            let text = document.get(key)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let pair = |(id, token)| Some((value(id)?, Zeroizing::new(value(token)?)));
        let pairs = [("PlatformClientID", "PlatformToken"), ("ClientID", "Token")];
        Some(Self {
            endpoint: value("Endpoint"),
            tokens: pairs.into_iter().filter_map(pair).collect(),
        })
    }

    /// Leaves only the environment.
    pub(super) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Returns the refresh token of a client.
    pub(super) fn token_of(&self, client_id: &str) -> Option<SecretString> {
        let (_, token) = self.tokens.iter().find(|(id, _)| id == client_id)?;
        Some(token.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_two_clients() {
        let text = "ClientID = 'cli'\nToken = 'one'\nEndpoint = 'https://cloud.test'\n\
                    PlatformClientID = 'platform'\nPlatformToken = 'two'\nOther = 1\n[more]\na = 1";
        let file = CliFile::parse(text).unwrap();
        assert_eq!(file.endpoint.as_deref(), Some("https://cloud.test"));
        let token = |id| file.token_of(id).map(|token| token.expose().to_owned());
        assert_eq!(token("cli").as_deref(), Some("one"));
        assert_eq!(token("platform").as_deref(), Some("two"));
        assert_eq!(token("other"), None);
    }

    #[test]
    fn values_that_are_missing_or_of_another_type_are_not_there() {
        for text in ["", "Token = 'x'", "ClientID = 'c'\nToken = ''", "ClientID = 'c'\nToken = 1"] {
            let file = CliFile::parse(text).unwrap();
            assert!(file.token_of("c").is_none() && file.endpoint.is_none(), "{text}");
        }
        assert!(CliFile::parse("Token = ").is_none());
    }
}
