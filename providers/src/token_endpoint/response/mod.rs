//! The parser of an authorization server's answers (RFC 6749, 5). It is total: any answer becomes a grant or an
//! error, and an error contains no byte of the answer.
//!
//! - [`token_response`]: makes a grant of a token response
//! - [`device_authorization`]: the codes that start a login on another device
//! - [`member`]: one member of an answer, of any type
//! - [`refusal`]: makes an error of a refusal

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

/// The parts of an answer that are used.
pub(crate) struct Received<'a> {
    /// The origin that answered.
    pub(crate) place: &'a str,
    pub(crate) status: StatusCode,
    /// Whether its media type is JSON.
    pub(crate) is_json: bool,
    /// The wait that the server asks for.
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

/// Makes a grant of a token endpoint's answer. Success is status 200 and JSON without an `error`.
pub(crate) fn grant(received: &Received<'_>, advice: &Advice<'_>) -> Result<TokenSet, Failure> {
    parse(received, advice, "token response", "a token endpoint", |answer, _| answer.into_grant())
}

/// Parses the answer of a device authorization endpoint (RFC 8628, 3.2), with the same definition of success.
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
    // Most answers are not JSON, and so have no `error`.
    let answer: TokenResponse = token_response::read(received.body).unwrap_or_default();
    if received.status.is_success() && !answer.is_error() {
        return Ok(());
    }
    Err(received.with_retry_after(refusal::failure(received, &answer, advice)).into())
}

/// Makes a value of a successful answer. `what` and `endpoint` name the expected answer and endpoint, for errors.
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
    /// Adds the wait that the server asks for to a failure.
    fn with_retry_after(&self, failure: Failure) -> Failure {
        let error = with(failure.error, self.retry_after, Error::with_retry_after);
        Failure { error, ..failure }
    }
}
