//! What every format is read into: a credential, when it expires, and how it goes on a request.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use authn::{Context, Error, Issued, Placement, Request, Result, SecretString, Token, TokenSet};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::time::Expiry;
use crate::{expiry, header};

/// Names of what is kept with a token.
pub(super) const USERNAME: &str = "username";
pub(super) const SCHEME: &str = "scheme";
pub(super) const HEADERS: &str = "headers";
pub(super) const AWS_ACCESS_KEY_ID: &str = "aws_access_key_id";
pub(super) const AWS_SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
pub(super) const AWS_SESSION_TOKEN: &str = "aws_session_token";

const ALL_KEPT: [&str; 6] =
    [USERNAME, SCHEME, HEADERS, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN];

/// The credential that a command has printed.
pub(crate) struct Answer {
    token: Zeroizing<String>,
    expiry: Option<Expiry>,
    kept: Vec<(&'static str, Zeroizing<String>)>,
}

/// Why the output of a command is no credential. It has nothing of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The tool has no credential, as its format says it.
    NotFound,
    /// The tool says that it has failed.
    Refused,
    /// It is not what the format says.
    Invalid(&'static str),
}

impl Answer {
    pub(super) fn new(token: Zeroizing<String>) -> Self {
        Self { token, expiry: None, kept: Vec::new() }
    }

    pub(super) fn with_expiry(self, expiry: Option<Expiry>) -> Self {
        Self { expiry, ..self }
    }

    /// Keeps a secret beside the token.
    pub(super) fn with(mut self, name: &'static str, value: Zeroizing<String>) -> Self {
        self.kept.push((name, value));
        self
    }

    /// Checks the token, and chooses when it ends: by the answer or else by itself, and after `ttl` at the latest.
    pub(super) fn into_token_set(
        self,
        ttl: Option<Duration>,
        context: &Context,
    ) -> Result<TokenSet> {
        let invalid = |error: Error| error.at("the output of the command");
        let token = expiry::with_jwt_expiry(Token::new(&*self.token).map_err(invalid)?);
        let now = context.clock().now();
        let after = |lifetime: Duration| now.plus(lifetime).wall();
        let printed = match self.expiry {
            Some(Expiry::At(time)) => Some(time),
            Some(Expiry::In(lifetime)) => Some(after(lifetime)),
            None => token.expires_at(),
        };
        let ends: Option<SystemTime> = printed.into_iter().chain(ttl.map(after)).min();
        let token = match ends {
            Some(time) => token.with_expires_at(time),
            None => token,
        };
        expiry::check(&token, context, "log in again with the tool that the command belongs to")?;
        let mut tokens = TokenSet::new(token);
        for name in ALL_KEPT {
            tokens = tokens.without_kept(name);
        }
        for (name, value) in self.kept {
            tokens = tokens.with_signing_secret(name, SecretString::from(value.as_str()));
        }
        Ok(tokens)
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    #[cfg(test)]
    pub(super) fn describe(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("token = {}\n", *self.token);
        match self.expiry {
            Some(Expiry::At(time)) => {
                let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let _ = writeln!(text, "expires at = {}", since.as_secs());
            }
            Some(Expiry::In(lifetime)) => {
                let _ = writeln!(text, "expires in = {}", lifetime.as_secs());
            }
            None => {}
        }
        for (name, value) in &self.kept {
            let _ = writeln!(text, "{name} = {}", **value);
        }
        text
    }
}

/// Adds a credential to a request: at the place that the configuration names, or else as its format means it.
pub(super) fn authorize(
    request: &mut Request<'_>,
    issued: &Issued,
    context: &Context,
) -> Result<()> {
    // `override` alone names no place.
    let names_no_place = |placement: &Placement| *placement == Placement::default().replacing();
    if context.placement().is_some_and(|placement| !names_no_place(placement)) {
        return request.bearer(issued.token());
    }
    if let Some(headers) = issued.kept(HEADERS) {
        for (name, value) in parse_headers(&headers.expose())? {
            let value = header::secret_value(value).map_err(unsendable)?;
            request.set_header(name, value)?;
        }
        return Ok(());
    }
    let secret = issued.token().secret();
    let value = if let Some(username) = issued.kept(USERNAME) {
        let pair = Zeroizing::new(format!("{}:{secret}", &*username.expose()));
        // The capacity is exact: a string that grows leaves copies of the secret in memory.
        let mut text = Zeroizing::new(String::with_capacity(6 + pair.len().div_ceil(3) * 4));
        text.push_str("Basic ");
        STANDARD.encode_string(pair.as_bytes(), &mut text);
        text
    } else if let Some(scheme) = issued.kept(SCHEME) {
        Zeroizing::new(format!("{} {secret}", &*scheme.expose()))
    } else {
        return request.bearer(issued.token());
    };
    request.set_header(AUTHORIZATION, header::secret_value(value).map_err(unsendable)?)
}

fn parse_headers(text: &str) -> Result<BTreeMap<String, Zeroizing<String>>> {
    serde_json::from_str(text).map_err(|_| unsendable("it is not a list of headers"))
}

fn unsendable(reason: &str) -> Error {
    let message = format!("the credential of the command makes no valid header ({reason})");
    Error::invalid_token(message).with_help("check what the command prints")
}
