//! The state of a session and of its server: `Status`, `Probe`.

use crate::Token;

/// The state of a session; see [`Credentials::status`](crate::Credentials::status).
///
/// ```no_run
/// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
/// let status: authn::Status = credentials.status().await?;
/// println!("{:?}, in the store {:?}", status.username, status.store);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// Whether there is a token that has not expired.
    pub has_token: bool,
    /// When that token expires, if that is known.
    pub expires_at: Option<std::time::SystemTime>,
    /// The scope that the server granted, space-separated.
    pub scope: Option<String>,
    /// Whether there is a refresh token.
    pub has_refresh_token: bool,
    /// Whether a new token can be obtained without a login, by a refresh token or by values that a user has entered.
    pub has_session: bool,
    /// The name of the store; `None` if the session is only in memory.
    pub store: Option<String>,
    /// The name of the session's user, if the server names it.
    pub username: Option<String>,
    /// Seconds by which the server's clock was ahead of this machine's at the last exchange; negative if it was behind.
    /// `None` if it is not known.
    pub server_clock_ahead: Option<i64>,
}

/// A server that has answered; see [`Credentials::probe`](crate::Credentials::probe).
///
/// ```
/// let probe = authn::Probe::new("https://idp.example.com", None);
/// assert_eq!((probe.place.as_str(), probe.date), ("https://idp.example.com", None));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Scheme, host and port of the server.
    pub place: String,
    /// Time at the server, from its `Date` header (RFC 9110, section 6.6.1).
    pub date: Option<std::time::SystemTime>,
}

impl Probe {
    /// Creates a probe from the server's origin and the date of its answer.
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
