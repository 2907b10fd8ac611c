//! The one parser of an authorization server's answers (RFC 6749, 5). It is total: whatever a server sends
//! becomes a grant or an error, and no byte of it reaches the error.
//!
//! - [`token_response`]: what makes a token response a grant
//! - [`device_authorization`]: the codes that begin a login on another device
//! - [`member`]: one member of it, of whatever type
//! - [`refusal`]: what makes it an error

mod device_authorization;
mod member;
mod refusal;
#[cfg(test)]
mod tests;
mod token_response;

use std::time::Duration;

use authn::{
    Error, Result, TokenSet,
    http::{HttpResponse, StatusCode},
};

use super::with;
pub(crate) use device_authorization::DeviceAuthorization;
pub(crate) use refusal::{Advice, ErrorCode, Failure, GrantAdvice};
use token_response::TokenResponse;

/// What of an answer counts.
pub(crate) struct Received<'a> {
    /// Scheme, host and port that answered.
    pub(crate) place: &'a str,
    pub(crate) status: StatusCode,
    /// Whether it says that it is JSON.
    pub(crate) is_json: bool,
    /// How long the server asks to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: &'a [u8],
}

impl<'a> From<&'a HttpResponse> for Received<'a> {
    fn from(response: &'a HttpResponse) -> Self {
        Self {
            place: response.place(),
            status: response.status(),
            is_json: response.is_json(),
            retry_after: response.retry_after(),
            body: response.bytes(),
        }
    }
}

/// Makes a grant of a token endpoint's answer: success is status 200 with JSON that has no `error`.
pub(crate) fn grant(received: &Received<'_>, advice: &Advice<'_>) -> Result<TokenSet, Failure> {
    parse(received, advice, "token response", "a token endpoint", |answer, _| answer.into_grant())
}

/// Reads the answer of a device authorization endpoint (RFC 8628, 3.2), with the same idea of success.
pub(crate) fn device_authorization(
    received: &Received<'_>,
    advice: &Advice<'_>,
) -> Result<DeviceAuthorization, Failure> {
    let place = "a device authorization endpoint";
    parse(received, advice, "device authorization response", place, |_, body| {
        DeviceAuthorization::read(body)
    })
}

/// Checks the answer to a request that returns nothing, such as a revocation (RFC 7009, 2.2).
pub(crate) fn accepted(received: &Received<'_>, advice: &Advice<'_>) -> Result<()> {
    // An answer without JSON, which most of them are, has no `error` either.
    let answer: TokenResponse = token_response::read(received.body).unwrap_or_default();
    if received.status.is_success() && !answer.is_error() {
        return Ok(());
    }
    Err(received.with_retry_after(refusal::failure(received, &answer, advice)).into())
}

/// Makes what is wanted of an answer that is a success. `what` the answer is meant to be, and `endpoint` to
/// come from, is for the error where it is not.
fn parse<T>(
    received: &Received<'_>,
    advice: &Advice<'_>,
    what: &str,
    endpoint: &str,
    make: impl FnOnce(TokenResponse, &[u8]) -> Result<T, &'static str>,
) -> Result<T, Failure> {
    let Received { place, status, is_json, body, .. } = received;
    let refused = |answer| received.with_retry_after(refusal::failure(received, &answer, advice));
    let other = |instead: &str| {
        received.with_retry_after(Failure::from(
            Error::protocol(format!("{place} answered with {instead} instead of a {what}"))
                .with_help(format!("check that the address is {endpoint}")),
        ))
    };
    if *status != StatusCode::OK {
        return Err(refused(token_response::read(body).unwrap_or_default()));
    }
    if !is_json {
        return Err(other("something that is not JSON"));
    }
    let answer: TokenResponse = token_response::read(body).map_err(other)?;
    if answer.is_error() {
        return Err(refused(answer));
    }
    make(answer, body).map_err(other)
}

impl Received<'_> {
    /// Adds to a failure how long to wait.
    fn with_retry_after(&self, failure: Failure) -> Failure {
        let error = with(failure.error, self.retry_after, Error::with_retry_after);
        Failure { error, ..failure }
    }
}
