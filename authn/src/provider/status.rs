//! The state of a session and of its server: `Status`, `LastFailure`, `Probe`, `Revocation`.

use crate::{Error, Token, store::StoreKey};

/// The state of a session; see [`Credentials::status`](crate::Credentials::status).
///
/// [`is_authenticated`](Self::is_authenticated) depends on the provider:
///
/// | provider | authenticated |
/// |---|---|
/// | `api_key`, `basic` | always |
/// | `bearer` | always |
/// | `jwt` | until its `exp`; always without one |
/// | `app_service` | while a request with a token is served |
/// | `hook` | while its first token or a cached or stored one is valid; the first one counts until it is refused |
/// | `h2o_cloud`, `jwt_bearer`, `oauth` | while a cached, stored or [adopted](crate::Credentials::adopt) token is valid |
/// | `chain` | if the provider that serves is authenticated |
/// | `oauth1` | always; with a login, while a user is logged in |
/// | `cached` | while its cached token is valid, or if the inner provider is authenticated |
/// | others, with the mark `cached` | while a cached or stored token is valid |
/// | others, with a [`TokenProvider::authorize`](crate::TokenProvider::authorize) of their own | always |
/// | others | while [`TokenProvider::ready`](crate::TokenProvider::ready) returns a token |
///
/// An expired token is not valid, even if a refresh token or a login can replace it: see `has_session`.
///
/// ```no_run
/// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
/// let status: authn::Status = credentials.status().await?;
/// println!("{:?}, in the store {:?}", status.username, status.store);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// The failure of the last exchange; `None` if it succeeded. A session in a store has the failures that are the same
    /// for each process: the server refused, could not be reached, or sent an unusable answer.
    pub last_failure: Option<LastFailure>,
    /// The key of the provider that serves for a `chain`, such as `credentials.chain.providers.1.oauth`. `None` if none
    /// of them applies, and for other providers.
    pub served_by: Option<String>,
    /// Under which key the store has the session.
    pub(crate) session: Option<StoreKey>,
    /// Whether requests are authorised by more than a token, or without one.
    pub(crate) without_token: bool,
    /// Whether a user was logged in, and has to log in again.
    pub(crate) has_ended: bool,
}

/// The failure of the last exchange; see [`Status::last_failure`].
///
/// ```no_run
/// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
/// let failure: Option<authn::LastFailure> = credentials.status().await?.last_failure;
/// if let Some(failure) = failure {
///     println!("the last refresh failed at {:?}: {}", failure.at, failure.error);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LastFailure {
    /// Why it failed.
    pub error: Error,
    /// When it failed.
    pub at: std::time::SystemTime,
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
    /// What else was found.
    #[doc(hidden)]
    pub remarks: Vec<Remark>,
}

/// What a provider has found out about its server, for a user who looks for a problem.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remark {
    /// What it is about, in a word.
    pub about: &'static str,
    /// What it means for the tokens.
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
    /// What helps.
    pub help: Option<String>,
}

/// What a remark means for the tokens.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is as it should be.
    Good,
    /// The server may issue no token because of it.
    Doubtful,
    /// The server issues no token because of it.
    Bad,
    /// It is not known, because it was not tried.
    NotTried,
}

impl Remark {
    /// Creates a remark about what is as it should be.
    pub fn good(about: &'static str, text: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Good, text: text.into(), help: None }
    }

    /// Creates a remark about what may be a problem, and what helps.
    pub fn doubtful(about: &'static str, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, help: Some(help.into()), ..Self::good(about, text) }
    }

    /// Creates a remark about a problem, and what helps.
    pub fn problem(about: &'static str, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, ..Self::doubtful(about, text, help) }
    }

    /// Creates a remark about what was not tried, and what tries it.
    pub fn not_tried(
        about: &'static str,
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::NotTried, ..Self::doubtful(about, text, help) }
    }
}

/// The result of a revocation; see [`Credentials::revoke`](crate::Credentials::revoke).
///
/// ```no_run
/// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
/// let revocation: authn::Revocation = credentials.revoke().await?;
/// println!("{} tokens were revoked, {} were not", revocation.revoked, revocation.failed.len());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Revocation {
    /// How many tokens the server has revoked. A refresh token and each access token are one.
    pub revoked: usize,
    /// The error for each access token that was not revoked, though its session was. It is valid until it expires.
    pub failed: Vec<Error>,
}

impl Probe {
    /// Creates a probe from the server's origin and the date of its answer.
    pub fn new(place: impl Into<String>, date: Option<std::time::SystemTime>) -> Self {
        Self { place: place.into(), date, remarks: Vec::new() }
    }

    /// Adds what else was found.
    #[doc(hidden)]
    #[must_use]
    pub fn with_remarks(self, remarks: Vec<Remark>) -> Self {
        Self { remarks, ..self }
    }
}

impl Status {
    /// Returns under which key the store has the session; `None` if no store has it.
    #[doc(hidden)]
    pub fn session(&self) -> Option<&StoreKey> {
        self.session.as_ref()
    }

    /// Returns whether a request can be authorised without asking a server: with a valid token, or with a configured
    /// credential such as an API key. The server can still refuse the credential.
    ///
    /// ```
    /// # use authn::{Context, Credentials, Result, Token, TokenProvider};
    /// # #[derive(Debug)]
    /// # struct Fixed;
    /// # impl TokenProvider for Fixed {
    /// #     async fn token(&self, _: &Context) -> Result<Token> { Token::new("abc") }
    /// #     fn ready(&self, _: &Context) -> Option<Token> { Token::new("abc").ok() }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
    /// let credentials = Credentials::builder().provider(Fixed).domain("api.example.com").build()?;
    /// assert!(credentials.status().await?.is_authenticated());
    /// # Ok(()) }
    /// ```
    pub fn is_authenticated(&self) -> bool {
        self.has_token || self.without_token
    }

    pub(crate) fn of(token: Option<&Token>) -> Self {
        Self {
            has_token: token.is_some(),
            expires_at: token.and_then(Token::expires_at),
            scope: token.and_then(Token::scope).map(str::to_owned),
            ..Self::default()
        }
    }
}
