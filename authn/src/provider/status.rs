//! What is known of a session and of its server.

use crate::Token;

/// What is kept of a session; see [`Credentials::status`](crate::Credentials::status).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// Whether a token is kept that has not expired.
    pub has_token: bool,
    /// When that token expires, if it says so.
    pub expires_at: Option<std::time::SystemTime>,
    /// The scope that the server granted it, space-separated.
    pub scope: Option<String>,
    /// Whether a refresh token is kept.
    pub has_refresh_token: bool,
    /// Whether anything is kept by which a token can be had without anybody logging in: a refresh token, or
    /// what a user has typed in.
    pub has_session: bool,
    /// The name of the store; `None` is in memory alone.
    pub store: Option<String>,
    /// The name of the user whose session it is, where the server has vouched for it.
    pub username: Option<String>,
    /// By how many seconds the server's clock was ahead of this machine's at the last exchange; negative is
    /// behind. `None` where it is not known.
    pub server_clock_ahead: Option<i64>,
}

/// A server that has answered; see [`Credentials::probe`](crate::Credentials::probe).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Scheme, host and port of the server.
    pub place: String,
    /// What time it was there, as its `Date` header tells (RFC 9110, 6.6.1).
    pub date: Option<std::time::SystemTime>,
}

impl Probe {
    /// Says that a server has answered, and with what date.
    pub fn new(place: impl Into<String>, date: Option<std::time::SystemTime>) -> Self {
        Self { place: place.into(), date }
    }
}

impl Status {
    pub(crate) fn of(token: Option<&Token>) -> Self {
        Self {
            has_token: token.is_some(),
            expires_at: token.and_then(Token::expires_at),
            scope: token.and_then(Token::scope).map(str::to_owned),
            ..Self::default()
        }
    }
}
