//! `credential_process` of the AWS SDKs and tools: keys that sign requests, for providers that yield them.

use authn::ErrorKind;
use serde::Serialize;
use zeroize::Zeroizing;

use super::chosen::active;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::time,
    waiting,
};

/// The names under which a provider keeps the keys beside its token.
const ACCESS_KEY_ID: &str = "aws_access_key_id";
const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
const SESSION_TOKEN: &str = "aws_session_token";

/// The arguments of `aws-credential-process`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("aws.txt"))]
pub(crate) struct Arguments {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Keys<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

pub(crate) fn run(app: &App, _: &Arguments) -> Result<(), Failure> {
    let credentials = active(app)?;
    let issued =
        waiting::wait(&credentials, credentials.issued()).map_err(|failure| match failure {
            Failure::Authn(error) if error.kind() == ErrorKind::NoToken => without_keys(),
            failure => failure,
        })?;
    let kept = |name| issued.kept(name).map(|secret| Zeroizing::new(secret.expose().to_owned()));
    let (Some(identifier), Some(secret)) = (kept(ACCESS_KEY_ID), kept(SECRET_ACCESS_KEY)) else {
        return Err(without_keys());
    };
    let session = kept(SESSION_TOKEN);
    Ok(output::json(&Keys {
        version: 1,
        access_key_id: &identifier,
        secret_access_key: &secret,
        session_token: session.as_ref().map(|token| token.as_str()),
        expiration: issued.token().expires_at().and_then(time::rfc_3339),
    })?)
}

fn without_keys() -> Failure {
    Failure::new(Code::Configuration, "these credentials have no AWS keys")
        .with_help("use a provider that yields them, such as `exec` with `format = \"aws\"`")
}
