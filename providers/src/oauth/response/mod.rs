//! The one parser of an authorization server's answers (RFC 6749, 5). It is total: whatever a server sends
//! becomes a grant or an error, and no byte of it reaches the error.
//!
//! - [`answer`]: what makes a token response a grant
//! - [`member`]: one member of it, of whatever type
//! - [`refusal`]: what makes it an error

mod answer;
mod member;
mod refusal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use authn::{
    Error, Grant, Result,
    http::{HttpResponse, StatusCode},
};

pub(crate) use refusal::{Advice, Failure};

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
pub(crate) fn grant(received: &Received<'_>, advice: &Advice<'_>) -> Result<Grant, Failure> {
    parse(received, advice).map_err(|failure| received.in_time(failure))
}

/// Checks the answer to a request that gives nothing, as a revocation (RFC 7009, 2.2).
pub(crate) fn accepted(received: &Received<'_>, advice: &Advice<'_>) -> Result<()> {
    // An answer without JSON, which most of them are, has no `error` either.
    let answer = answer::read(received.body).unwrap_or_default();
    if received.status.is_success() && !answer.is_error() {
        return Ok(());
    }
    Err(received.in_time(refusal::failure(received, &answer, advice)).into())
}

fn parse(received: &Received<'_>, advice: &Advice<'_>) -> Result<Grant, Failure> {
    let Received { place, status, is_json, body, .. } = received;
    if *status != StatusCode::OK {
        let answer = answer::read(body).unwrap_or_default();
        return Err(refusal::failure(received, &answer, advice));
    }
    let no_token_response = |what: &str| {
        Error::protocol(format!(
            "{place} answered with {what}, which is no token response; \
             check that the address is a token endpoint"
        ))
    };
    if !is_json {
        return Err(no_token_response("something that is not JSON").into());
    }
    let answer = answer::read(body).map_err(no_token_response)?;
    if answer.is_error() {
        return Err(refusal::failure(received, &answer, advice));
    }
    Ok(answer.into_grant().map_err(no_token_response)?)
}

impl Received<'_> {
    /// Adds to a failure how long to wait.
    fn in_time(&self, failure: Failure) -> Failure {
        match self.retry_after {
            Some(wait) => Failure { error: failure.error.with_retry_after(wait), ..failure },
            None => failure,
        }
    }
}
