//! The parser of an authorization server's answers (RFC 6749, 5). It is total: any answer becomes a token set or an
//! error. It is lenient where nothing is risked, because servers differ in much that makes no difference: the status,
//! the media type, members that are missing or of another type. Of an answer, an error contains at most its error code and
//! description, without anything secret that was sent, the token's type and the media type.
//!
//! - [`object`]: the members of an answer, and [`member`], one of any type
//! - [`token_response`]: makes a token set of a token response; [`lifetime`]: its lifetime
//! - [`device_authorization`]: the codes that start a login on another device
//! - [`pushed_request`]: the reference to a request that was pushed
//! - [`statement`]: what the server says about a token or its user
//! - [`refusal`]: makes an error of a refusal; [`instead`]: of any other answer

mod device_authorization;
mod instead;
mod lifetime;
mod member;
mod object;
mod pushed_request;
mod refusal;
mod statement;
#[cfg(test)]
mod tests;
mod token_response;

use std::time::Duration;

use authn::{
    Error, Result, TokenSet,
    http::{Sent, StatusCode, contains_secret, describe},
};

use self::instead::Instead;
use super::{TokenResponse, with};
use crate::choice::choice;
pub(crate) use device_authorization::DeviceAuthorization;
pub(super) use member::Member;
pub(super) use object::Object;
pub(crate) use pushed_request::PushedRequest;
pub(crate) use refusal::{Advice, ErrorCode, Failure, GrantAdvice};
pub(crate) use statement::{introspection, user_info};

choice! {
    /// A type of tokens (RFC 6749, 7.1).
    pub(crate) enum TokenType {
        /// Every holder of the token can use it (RFC 6750).
        Bearer = "bearer",
    }
}

/// Whether a proof that the client has a key (RFC 9449) was sent with a request, and so which tokens are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// None was sent: a token that is bound to a key would be useless.
    None,
    /// The token may be bound to the key.
    Offered,
    /// The token must be bound to the key.
    Required,
}

/// The parts of an answer that are used.
pub(crate) struct Received<'a> {
    /// The origin that answered.
    pub(crate) place: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'a str>,
    /// The wait that the server asks for.
    pub(crate) retry_after: Option<Duration>,
    /// What was sent, of which no secret is repeated.
    pub(crate) sent: &'a Sent,
    /// What else helps if the server does not accept the client.
    pub(crate) hint: Option<&'a str>,
    /// How often the request was sent.
    pub(crate) tries: u32,
    pub(crate) body: &'a [u8],
}

impl<'a> From<&'a TokenResponse> for Received<'a> {
    fn from(response: &'a TokenResponse) -> Self {
        Self {
            place: &response.place,
            status: response.status,
            content_type: response.content_type.as_deref(),
            retry_after: response.retry_after,
            sent: &response.sent,
            hint: response.hint.as_deref(),
            tries: response.tries,
            body: &response.body,
        }
    }
}

/// How users know it.
const TOKEN_ENDPOINT: &str =
    "a token endpoint: `token_endpoint_url`, or the one in the metadata of `issuer_url`";

/// What else helps if a web page is there.
const PAGE: &str = ". A web page means that the path is wrong, or that a login page or a proxy has answered. The right address \
                    is in the server's documentation, and in its `/.well-known/openid-configuration`";

/// Shortest secret that a scope must not repeat, in bytes.
const SHORTEST_IN_SCOPE: usize = 8;

/// Makes a token set of a token endpoint's answer: a 2xx with a JSON object or a form that has an access token and no
/// `error`. `unknown_type` is what to take a token of an unknown type as, and `proof` says whether the token can be bound to
/// a key.
///
/// The refresh token of any other 2xx is part of the failure: the server may accept no older one.
pub(crate) fn grant(
    received: &Received<'_>,
    advice: &Advice<'_>,
    unknown_type: Option<TokenType>,
    proof: Proof,
) -> Result<TokenSet, Failure> {
    let place = received.place;
    let object = received.object();
    // A short secret can be a part of any scope.
    let secrets = || {
        let mut secrets = received.sent.secrets();
        secrets.retain(|secret| secret.len() >= SHORTEST_IN_SCOPE);
        secrets
    };
    let is_secret = |text: &str| contains_secret(text, &secrets());
    let made =
        parse(received, object.as_ref(), advice, "token response", TOKEN_ENDPOINT, |object| {
            token_response::token_set(object, place, unknown_type, proof, is_secret)
        });
    made.map_err(|failure| {
        let renewed = object.as_ref().filter(|_| received.status.is_success());
        let refresh_token =
            renewed.and_then(|object| token_response::refresh_token(object).ok()?);
        Failure { refresh_token, ..failure }
    })
}

/// Parses the answer of a device authorization endpoint (RFC 8628, 3.2), with the same definition of success.
pub(crate) fn device_authorization(
    received: &Received<'_>,
    advice: &Advice<'_>,
) -> Result<DeviceAuthorization, Failure> {
    let (what, endpoint) = ("device authorization response", "a device authorization endpoint");
    parse(received, received.object().as_ref(), advice, what, endpoint, |object| {
        DeviceAuthorization::of(object, received.place)
    })
}

/// Parses the answer of an endpoint for pushed authorization requests (RFC 9126, 2.2), with the same definition of success.
pub(crate) fn pushed_request(
    received: &Received<'_>,
    advice: &Advice<'_>,
) -> Result<PushedRequest, Failure> {
    let what = "response to a pushed authorization request";
    let endpoint = "an endpoint for pushed authorization requests";
    parse(received, received.object().as_ref(), advice, what, endpoint, |object| {
        PushedRequest::of(object, received.place)
    })
}

/// Checks the answer to a request that returns nothing, such as a revocation (RFC 7009, 2.2).
pub(crate) fn accepted(received: &Received<'_>, advice: &Advice<'_>) -> Result<()> {
    // Most answers are neither JSON nor a form, and so have no `error`.
    let object = received.object().unwrap_or_default();
    if received.status.is_success() && !refusal::is_one(&object) {
        return Ok(());
    }
    Err(received.with_retry_after(refusal::failure(received, &object, advice)).into())
}

/// Makes a value of a successful answer. `what` and `endpoint` name the expected answer and endpoint, for errors.
fn parse<T>(
    received: &Received<'_>,
    object: Option<&Object>,
    advice: &Advice<'_>,
    what: &str,
    endpoint: &str,
    make: impl FnOnce(&Object) -> Result<T, Instead>,
) -> Result<T, Failure> {
    let instead = match object {
        object if !received.status.is_success() || object.is_some_and(refusal::is_one) => {
            let failure = refusal::failure(received, object.unwrap_or(&Object::default()), advice);
            return Err(received.with_retry_after(failure));
        }
        Some(object) => match make(object) {
            Ok(value) => return Ok(value),
            Err(instead) => instead,
        },
        None => Instead::new(describe(received.content_type, received.body)),
    };
    let Instead { found, help } = instead;
    let place = received.place;
    let page = if found.starts_with("HTML") { PAGE } else { "" };
    let error = Error::protocol(format!("{place} answered with {found} instead of a {what}"));
    Err(received.with_retry_after(Failure::from(match help {
        Some(help) => error.with_help(help),
        None => error.with_help(format!("check that the address is {endpoint}{page}")),
    })))
}

impl Received<'_> {
    fn object(&self) -> Option<Object> {
        Object::parse(self.body, self.content_type)
    }

    /// Returns the text of a member.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.object()?.get(member).text().map(str::to_owned)
    }

    /// Adds the wait that the server asks for to a failure.
    fn with_retry_after(&self, failure: Failure) -> Failure {
        let error = with(failure.error, self.retry_after, Error::with_retry_after);
        Failure { error, ..failure }
    }
}
