//! What a server's error means (RFC 6749, 5.2), and what to do about it.

use authn::{Error, ErrorKind, http::StatusCode};

use super::{Received, answer::Answer, member::Member};

/// Error codes that may be shown: those that specifications define (RFC 6749, 5.2; RFC 7009, 2.2.1;
/// RFC 8707, 2; RFC 6750, 3.1; RFC 8628, 3.5). Another one could be anything.
const CODES: [&str; 15] = [
    "access_denied",
    "authorization_pending",
    "expired_token",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_token_type",
];

/// What only the asker can say about a refusal: which options have to do with it.
#[derive(Clone, Copy)]
pub(crate) struct Advice<'a> {
    /// What to do if the server does not know the client.
    pub(crate) client: &'a str,
    /// What to do if the server does not take what is exchanged.
    pub(crate) grant: &'a str,
    /// Whether a new login can help then.
    pub(crate) login_helps: bool,
}

/// Why a request gave nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The server has looked at what was exchanged, and said no. Anything else may pass.
    pub(crate) is_refusal: bool,
    /// The error code, if it is a known one.
    pub(crate) code: Option<&'static str>,
    /// The server does not take what the client authenticates by.
    pub(crate) is_of_client: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, is_refusal: false, code: None, is_of_client: false }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Makes the failure of an answer that is not a success: with its code, if it has a known one.
pub(super) fn failure(received: &Received<'_>, answer: &Answer, advice: &Advice<'_>) -> Failure {
    let Received { place, status, .. } = received;
    let code = code(&answer.error);
    let what = match code {
        Some(code) => format!("{code}, status {}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    };
    let help = help(code, *status, advice);
    let kind = kind(code, *status, advice);
    let error = Error::new(kind, format!("{place} refused the request ({what}); {help}"));
    let is_busy = kind == ErrorKind::Network || *status == StatusCode::TOO_MANY_REQUESTS;
    Failure { error, is_refusal: !is_busy, code, is_of_client: is_of_client(code, *status) }
}

/// Some servers say only by the status what they do not like, and Keycloak says `unauthorized_client`, which
/// with another status means a client that is not allowed a grant (RFC 6749, 5.2).
fn is_of_client(code: Option<&str>, status: StatusCode) -> bool {
    match code {
        Some("invalid_client") => true,
        Some("unauthorized_client") | None => status == StatusCode::UNAUTHORIZED,
        Some(_) => false,
    }
}

/// A code counts for more than the status. A server that can't answer now is like one that can't be
/// reached; one that is asked too often has understood and refuses.
fn kind(code: Option<&str>, status: StatusCode, advice: &Advice<'_>) -> ErrorKind {
    match code {
        Some("invalid_grant") if advice.login_helps => ErrorKind::LoginRequired,
        Some("server_error" | "temporarily_unavailable") => ErrorKind::Network,
        None if status.is_server_error() => ErrorKind::Network,
        _ => ErrorKind::Refused,
    }
}

fn help<'a>(code: Option<&str>, status: StatusCode, advice: &Advice<'a>) -> &'a str {
    match code {
        Some("invalid_client" | "unauthorized_client") => advice.client,
        Some("invalid_grant") => advice.grant,
        Some("invalid_scope") => "check `scope`",
        Some("invalid_target") => "check `resource` and `audience`",
        Some("unsupported_grant_type") => {
            "the server does not offer this grant; choose another, or another server"
        }
        Some("unsupported_token_type") => "the server does not revoke such tokens; let it expire",
        Some("server_error" | "temporarily_unavailable") => "try again later",
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            "try again later"
        }
        _ => "check the options and the server's log",
    }
}

pub(super) fn code(member: &Member) -> Option<&'static str> {
    let Member::Text(text) = member else { return None };
    CODES.into_iter().find(|code| *code == text.as_str())
}
