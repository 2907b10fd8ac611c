//! The errors of a server (RFC 6749, 5.2), with their kind and help.

use authn::{
    Error, ErrorKind, Result, SecretString, TokenSet,
    http::{Said, StatusCode, busy, later},
};

use super::{Received, member::Member, object::Object};
use crate::choice::choice;

choice! {
    /// An error code that a specification defines (RFC 6749, 4.1.2.1 and 5.2; RFC 7009, 2.2.1; RFC 8707, 2; RFC 6750, 3.1;
    /// RFC 8628, 3.5; RFC 9101, 6.2; RFC 9396, 5; RFC 7591, 3.2.2; RFC 9449, 5 and 8), or another name that servers use for
    /// it.
    pub(crate) enum ErrorCode {
        #[serde(alias = "authorization_declined", alias = "declined")]
        AccessDenied = "access_denied",
        AuthorizationPending = "authorization_pending",
        #[serde(alias = "code_expired")]
        ExpiredToken = "expired_token",
        InvalidAuthorizationDetails = "invalid_authorization_details",
        InvalidClient = "invalid_client",
        InvalidDpopProof = "invalid_dpop_proof",
        InvalidGrant = "invalid_grant",
        InvalidRedirectUri = "invalid_redirect_uri",
        InvalidRequest = "invalid_request",
        InvalidRequestObject = "invalid_request_object",
        InvalidScope = "invalid_scope",
        InvalidTarget = "invalid_target",
        InvalidToken = "invalid_token",
        RequestNotSupported = "request_not_supported",
        ServerError = "server_error",
        SlowDown = "slow_down",
        TemporarilyUnavailable = "temporarily_unavailable",
        UnauthorizedClient = "unauthorized_client",
        UnsupportedGrantType = "unsupported_grant_type",
        UnsupportedResponseType = "unsupported_response_type",
        UnsupportedTokenType = "unsupported_token_type",
        UseDpopNonce = "use_dpop_nonce",
    }
}

/// The members of an answer that are secret.
const SECRETS: [&str; 6] =
    ["access_token", "client_secret", "device_code", "id_token", "refresh_token", "user_code"];

/// The meaning and the help of refusals, which depend on the request.
#[derive(Clone, Copy)]
pub(crate) struct Advice<'a> {
    /// The help if the server rejects the client.
    pub(crate) client: &'a str,
    /// The advice if the server rejects the grant.
    pub(crate) grant: GrantAdvice<'a>,
}

/// The meaning of a rejected grant (`invalid_grant`), and its help.
#[derive(Clone, Copy)]
pub(crate) struct GrantAdvice<'a> {
    /// The end of the error message, such as "the session has ended". It is empty if the error code says enough.
    pub(crate) meaning: &'a str,
    pub(crate) help: &'a str,
    /// Whether a new login can help.
    pub(crate) login_helps: bool,
    /// The end of the error message if the server names no known reason (2xx, 400, 401 or 403), such as "the session has
    /// probably ended". Then the help is the same. `None` if there is nothing more likely than a wrong option.
    pub(crate) guess: Option<&'a str>,
}

/// A failed request.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the server has examined the request and rejected it. Any other failure may be temporary.
    pub(crate) is_refusal: bool,
    /// The error code, if it is a known one.
    pub(crate) code: Option<ErrorCode>,
    /// Whether the server rejected the client's authentication.
    pub(crate) is_of_client: bool,
    /// The refresh token of an answer that could not be used otherwise.
    pub(crate) refresh_token: Option<SecretString>,
}

impl Failure {
    /// Makes the result of an exchange: a session that was renewed even so is kept, and callers get the error. Not if the
    /// server says that the session is over.
    pub(crate) fn keeping_session(self) -> Result<TokenSet> {
        match self.refresh_token {
            Some(refresh_token) if self.error.kind() != ErrorKind::LoginRequired => {
                Ok(TokenSet::failed(self.error).with_refresh_token(refresh_token))
            }
            _ => Err(self.error),
        }
    }

    /// Says that no user can log in: the configuration has the credentials.
    pub(crate) fn without_login(self) -> Self {
        Self { error: self.error.without_login(), ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, is_refusal: false, code: None, is_of_client: false, refresh_token: None }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Makes the failure of an answer that is not a success, with what the server says of it.
pub(super) fn failure(received: &Received<'_>, answer: &Object, advice: &Advice<'_>) -> Failure {
    let Received { place, status, .. } = received;
    let code = code(answer.get("error"));
    let said = match answer.get("error").text().filter(|_| code.is_some()) {
        Some(known) => said(received, answer).with_known_code(known),
        None => said(received, answer),
    };
    let what = said.summary(status.as_u16());
    let busy = cannot_act(code, *status);
    let guess = advice.grant.guess.filter(|_| code.is_none() && is_of_session(*status));
    let message = match (busy, guess, meaning(code, advice)) {
        (Some(busy), ..) => format!("{place} {busy} ({what})"),
        (None, Some(guess), _) => {
            format!("{place} refused the request without a known reason ({what}): {guess}")
        }
        (None, None, Some(meaning)) => format!("{place} refused the request ({what}): {meaning}"),
        (None, None, None) => format!("{place} refused the request ({what})"),
    };
    let kind = kind(code, *status, advice);
    let help = match (busy, guess) {
        (Some(_), _) => later(received.tries),
        (None, Some(_)) => advice.grant.help.to_owned(),
        (None, None) => match wanted(code, &said) {
            Some(option) => format!(
                "set `{option}`, or correct it: the server's documentation says what it expects"
            ),
            None => help(code, *status, advice).to_owned(),
        },
    };
    let help = match received.hint.filter(|_| can_be_of_client(code, *status)) {
        Some(hint) => format!("{help}; {hint}"),
        None => help,
    };
    let error = said.add_to(Error::new(kind, message).with_help(help));
    let is_busy = kind == ErrorKind::Network || *status == StatusCode::TOO_MANY_REQUESTS;
    let is_of_client = is_of_client(code, *status);
    Failure { error, is_refusal: !is_busy, code, is_of_client, refresh_token: None }
}

/// Returns what the server says, without a secret that was sent or that is in the answer.
fn said(received: &Received<'_>, answer: &Object) -> Said {
    let mut sent = received.sent.clone();
    for name in SECRETS {
        if let Some(secret) = answer.get(name).text() {
            sent.add(secret);
        }
    }
    let text = |name| answer.get(name).text();
    Said::of(&sent, text("error"), text("error_description"), text("error_uri"))
}

/// Returns whether an answer is an error, independent of the status. Some servers add an `error` without a value to each
/// answer.
pub(super) fn is_one(answer: &Object) -> bool {
    match answer.get("error") {
        Member::Boolean(false) | Member::Whole(0) => false,
        Member::Number(number) => *number != 0.0,
        other => !other.is_empty(),
    }
}

/// Returns whether servers use the status for a session that has ended. Some answer each request with 200.
fn is_of_session(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 400 | 401 | 403)
}

/// Returns whether the client's authentication was rejected.
///
/// Some servers send only the status. Keycloak answers 401 with `unauthorized_client`; with another status
/// that code means that the client may not use the grant (RFC 6749, 5.2).
fn is_of_client(code: Option<ErrorCode>, status: StatusCode) -> bool {
    match code {
        Some(ErrorCode::InvalidClient) => true,
        Some(ErrorCode::UnauthorizedClient) | None => status == StatusCode::UNAUTHORIZED,
        Some(_) => false,
    }
}

/// Returns whether the client's authentication can be the reason: the server says so, or says nothing.
fn can_be_of_client(code: Option<ErrorCode>, status: StatusCode) -> bool {
    is_of_client(code, status) || code.is_none() && matches!(status.as_u16(), 400 | 403)
}

/// Returns what is said of a server that can't act on the request now; `None` if it has refused the request.
fn cannot_act(code: Option<ErrorCode>, status: StatusCode) -> Option<&'static str> {
    match code {
        Some(ErrorCode::TemporarilyUnavailable) => busy(StatusCode::SERVICE_UNAVAILABLE),
        // Some servers call a wrong password so, with the status of a refusal.
        Some(ErrorCode::ServerError) if !status.is_client_error() => {
            busy(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Some(_) => None,
        None => busy(status),
    }
}

/// Returns the option that the server names in its description of an invalid request.
fn wanted(code: Option<ErrorCode>, said: &Said) -> Option<&'static str> {
    const OPTIONS: [&str; 4] = ["audience", "resource", "scope", "client_id"];
    let description = said.description().filter(|_| code == Some(ErrorCode::InvalidRequest))?;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: Vec<&str> =
        description.split(|letter| !is_part(letter)).filter(|word| !word.is_empty()).collect();
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    words.iter().enumerate().find_map(|(index, word)| {
        // The resource owner and the resource server are roles (RFC 6749, 1.1), and not the option.
        let next = words.get(index + 1).unwrap_or(&"");
        let is_role = is(word, "resource") && (is(next, "owner") || is(next, "server"));
        OPTIONS.into_iter().find(|option| is(word, option) && !is_role)
    })
}

/// The code takes precedence over the status. A server that can't answer now is treated like one that can't be
/// reached. A server that limits the rate of requests has refused.
fn kind(code: Option<ErrorCode>, status: StatusCode, advice: &Advice<'_>) -> ErrorKind {
    match code {
        Some(ErrorCode::InvalidGrant) if advice.grant.login_helps => ErrorKind::LoginRequired,
        Some(ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable) => ErrorKind::Network,
        None if status.is_server_error() => ErrorKind::Network,
        _ => ErrorKind::Refused,
    }
}

/// Returns what the code means, where its name does not say enough.
fn meaning<'a>(code: Option<ErrorCode>, advice: &Advice<'a>) -> Option<&'a str> {
    match code? {
        ErrorCode::InvalidGrant => Some(advice.grant.meaning).filter(|meaning| !meaning.is_empty()),
        ErrorCode::UnsupportedGrantType => Some("the server does not offer this grant"),
        ErrorCode::UnsupportedTokenType => {
            Some("this endpoint of the server takes no token of this type")
        }
        _ => None,
    }
}

fn help<'a>(code: Option<ErrorCode>, status: StatusCode, advice: &Advice<'a>) -> &'a str {
    match code {
        Some(ErrorCode::UnauthorizedClient) if !is_of_client(code, status) => {
            "check `client_id`, and allow this client the grant at the server, or choose another `grant_type`"
        }
        Some(ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient) => advice.client,
        Some(ErrorCode::InvalidGrant) => advice.grant.help,
        Some(ErrorCode::InvalidAuthorizationDetails) => "check `authorization_details`",
        Some(ErrorCode::InvalidRedirectUri) => "check the redirect address at the server",
        Some(ErrorCode::InvalidRequestObject) => {
            "check `private_key`, `key_id`, `algorithm` and `jwt_header`, and this machine's clock"
        }
        Some(ErrorCode::RequestNotSupported) => "set `request_object = \"never\"`",
        Some(ErrorCode::InvalidDpopProof) => {
            "check this machine's clock and `dpop_algorithm`, and that no proxy changes the server's address"
        }
        Some(ErrorCode::InvalidScope) => "check `scope`",
        Some(ErrorCode::InvalidRequest) => {
            "check `audience`, `resource`, `scope` and `parameters`, and the server's log"
        }
        Some(ErrorCode::InvalidTarget) => "check `resource` and `audience`",
        Some(ErrorCode::UnsupportedGrantType) => "choose another `grant_type`, or another server",
        Some(ErrorCode::UnsupportedTokenType) => {
            "do without the request; the token is valid until it expires"
        }
        Some(ErrorCode::ServerError | ErrorCode::UseDpopNonce) => "try again later",
        None if matches!(status.as_u16(), 404 | 405 | 410) => {
            "check the address, such as `token_endpoint_url` or `issuer_url`: the server has nothing for such a request there"
        }
        _ => "check the options and the server's log",
    }
}

pub(super) fn code(member: &Member) -> Option<ErrorCode> {
    ErrorCode::by_name(member.text()?)
}
