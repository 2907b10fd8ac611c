//! `TokenResponse`: the members of a token response (RFC 6749, 5.1), and the grant that is made of them.

use std::time::Duration;

use authn::{SecretString, Token, TokenSet};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;

use super::{super::with, member::Member};

/// The members that are used. Each can have any type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenResponse {
    access_token: Member,
    token_type: Member,
    expires_in: Member,
    refresh_token: Member,
    scope: Member,
    id_token: Member,
    pub(super) error: Member,
}

/// Parses a body as JSON. The error names what was found instead, and contains nothing of it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, &'static str> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => "JSON of another shape than expected",
        Category::Eof => "JSON that ends too early",
        Category::Syntax | Category::Io => "something that is not JSON",
    })
}

impl TokenResponse {
    /// Returns whether it is an error, independent of the status.
    pub(super) fn is_error(&self) -> bool {
        !matches!(self.error, Member::Absent)
    }

    /// Makes a grant of the response. The error names what was found instead.
    pub(super) fn into_grant(self) -> Result<TokenSet, &'static str> {
        let Member::Text(access_token) = &self.access_token else {
            return Err("no access token");
        };
        let token = Token::new(access_token.as_str()).map_err(|_| "an invalid access token")?;
        match &self.token_type {
            Member::Text(kind) if kind.eq_ignore_ascii_case("bearer") => {}
            Member::Absent => return Err("no token type"),
            _ => return Err("an unknown token type"),
        }
        let token = token.with_token_type("Bearer");
        let token = with(token, lifetime(&self.expires_in)?, Token::with_expires_in);
        let scope = match &self.scope {
            Member::Text(scope) if is_visible(scope, true) => Some(scope),
            _ => None,
        };
        let token = with(token, scope, |token, scope| token.with_scope(scope));
        let id_token = secret(&self.id_token, "an invalid ID token")?;
        let token = with(token, id_token, Token::with_id_token);
        let refresh_token = secret(&self.refresh_token, "an invalid refresh token")?;
        Ok(with(TokenSet::new(token), refresh_token, TokenSet::with_refresh_token))
    }
}

/// Parses a lifetime in seconds, which can be a number or a text. A fraction is cut off, and a number that is too large
/// becomes the largest one. 0 and a missing member mean that the server names no lifetime.
pub(super) fn lifetime(member: &Member) -> Result<Option<Duration>, &'static str> {
    let bad = "a lifetime that is not a number of seconds";
    let seconds = match member {
        Member::Absent => return Ok(None),
        Member::Whole(seconds) => *seconds,
        Member::Number(seconds) => whole(*seconds).ok_or(bad)?,
        Member::Text(text) => match text.parse::<u64>() {
            Ok(seconds) if is_decimal(text) => seconds,
            _ if is_decimal(text) => text.parse().ok().and_then(whole).ok_or(bad)?,
            _ => return Err(bad),
        },
        Member::Other => return Err(bad),
    };
    Ok(Some(Duration::from_secs(seconds)).filter(|lifetime| !lifetime.is_zero()))
}

/// Cuts off a fraction. Returns `None` for negative numbers and for NaN. The cast saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked and saturating"
)]
fn whole(seconds: f64) -> Option<u64> {
    (seconds >= 0.0).then_some(seconds as u64)
}

/// Returns whether a text has only digits and at most one point. Rust would also parse `+1`, `inf`, `nan` and `1e9`.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((before, after)) => digits(before) && digits(after),
        None => digits(text),
    }
}

pub(super) fn secret(
    member: &Member,
    bad: &'static str,
) -> Result<Option<SecretString>, &'static str> {
    match member {
        Member::Absent => Ok(None),
        Member::Text(text) if text.is_empty() => Ok(None),
        Member::Text(text) if is_visible(text, false) => Ok(Some(text.as_str().into())),
        _ => Err(bad),
    }
}

fn is_visible(text: &str, spaces: bool) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || (spaces && byte == b' '))
}
