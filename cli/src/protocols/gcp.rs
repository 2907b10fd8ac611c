//! Executable-sourced credentials of the Google SDKs: an identity of a workload that is exchanged at Google (AIP-4117).
//!
//! A failure is an answer too: the SDKs show nothing of a program that fails otherwise. Nothing is written to standard error.

use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    answer::{epoch, token},
    chosen::active,
};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The variable that names the type of token that is wanted.
const WANTED: &str = "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE";

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The arguments of `gcp-executable`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("gcp.txt"))]
pub(crate) struct Arguments {}

#[derive(Serialize)]
struct Found<'a> {
    version: u8,
    success: bool,
    token_type: &'static str,
    id_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<u64>,
}

#[derive(Serialize)]
struct Failed<'a> {
    version: u8,
    success: bool,
    code: &'a str,
    message: &'a str,
}

pub(crate) fn run(app: &App, _: &Arguments) -> Result<(), Failure> {
    // Google's library for Python takes the two streams as one.
    output::mute();
    match print(app) {
        Err(failure) if !matches!(failure, Failure::Silent(_)) => {
            let (code, message) = (code(failure.code()), failure.one_line());
            Ok(output::json(&Failed { version: 1, success: false, code, message: &message })?)
        }
        done => done,
    }
}

fn print(app: &App) -> Result<(), Failure> {
    let credentials = active(app)?;
    let token = token(&credentials)?;
    let id_token = token.id_token().map(|token| Zeroizing::new(token.expose().to_owned()));
    let wants_id = std::env::var(WANTED).is_ok_and(|wanted| wanted == ID_TOKEN);
    let (token_type, found, expires_at) = match &id_token {
        Some(id_token) if wants_id || !is_jwt(token.secret()) => {
            (ID_TOKEN, id_token.as_str(), expiry(id_token))
        }
        _ => (if wants_id { ID_TOKEN } else { JWT }, token.secret(), None),
    };
    if !is_jwt(found) {
        let message =
            "these credentials have no JWT, which Google exchanges for a token of its own";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("use a provider whose token is a JWT, or a login with the scope `openid`"));
    }
    let expiration_time = expires_at.or_else(|| epoch(token.expires_at()?));
    Ok(output::json(&Found {
        version: 1,
        success: true,
        token_type,
        id_token: found,
        expiration_time,
    })?)
}

/// Returns the `exp` of a JWT (RFC 7519, 4.1.4).
fn expiry(jwt: &str) -> Option<u64> {
    epoch(authn::Token::new(jwt).ok()?.expires_at()?)
}

/// Returns whether a text has the form of a signed JWT (RFC 7519, 7.1).
fn is_jwt(text: &str) -> bool {
    let is_part = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(is_part)
}

fn code(code: Code) -> &'static str {
    match code {
        Code::LoginRequired => "LOGIN_REQUIRED",
        Code::Configuration | Code::Usage => "INVALID_CONFIGURATION",
        Code::Provider => "PROVIDER_FAILED",
        _ => "FAILED",
    }
}
