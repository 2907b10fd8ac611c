//! `Context`: what the framework lends to a provider for one call.

use std::{fmt, sync::Arc};

use crate::{Error, Origins, Placement, Result, SecretString, store::StoredSession, time::Clock};

/// What a provider gets besides its own options: scopes, clock, HTTP, and the host it is for.
///
/// A clone is cheap and `'static`. Caching, locking, saving, retrying and HTTP policy are the framework's
/// and reach the provider only through this.
#[derive(Clone, Default)]
#[must_use]
pub struct Context(Arc<Inner>);

#[derive(Clone, Default)]
struct Inner {
    key: Arc<str>,
    host: Option<Arc<str>>,
    origins: Arc<Origins>,
    scopes: Arc<[String]>,
    clock: Clock,
    placement: Option<Arc<Placement>>,
    secrets: Arc<[SecretString]>,
    awaits_refresh: bool,
    stored_session: Option<Arc<StoredSession>>,
    login_command: Option<Arc<str>>,
    #[cfg(feature = "reqwest")]
    http: crate::http::HttpClient,
}

impl Context {
    /// Makes the context of credentials that are bound to no origin yet; a [`CredentialsBuilder`] or a
    /// [`Loader`] fills the rest in.
    ///
    /// [`CredentialsBuilder`]: crate::CredentialsBuilder
    /// [`Loader`]: crate::config::Loader
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the place in the configuration, as `credentials.oauth`, for messages; empty for credentials
    /// that code has built.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// Returns the configured `domain`: host and optional port.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Returns the origins that the credentials are bound to.
    #[inline]
    pub fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Returns the scopes that the caller asked for by `with_scope`; empty if the configured ones count.
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Returns the clock.
    #[inline]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the one HTTP client that sends token requests, with limits, deadlines and redaction built in.
    #[cfg(feature = "reqwest")]
    pub fn http(&self) -> &crate::http::HttpClient {
        &self.0.http
    }

    /// Makes an error of kind [`LoginRequired`](crate::ErrorKind::LoginRequired) that says what happened and
    /// names the command, or for credentials made in code the function, by which a user logs in.
    #[must_use]
    pub fn login_required(&self, what: &str) -> Error {
        let way_out = self.way_to_log_in();
        Error::login_required(format!("{what}; {way_out}"))
    }

    /// Returns what a user does to log in, as the end of a message.
    pub fn way_to_log_in(&self) -> String {
        match &self.0.login_command {
            Some(command) => format!("log in with `{command}`"),
            None => "log in with `Credentials::login`".to_owned(),
        }
    }

    /// `None` is the default placement.
    #[inline]
    pub(crate) fn placement(&self) -> Option<&Placement> {
        self.0.placement.as_deref()
    }

    /// Returns whether this is a short-lived program, which never starts an exchange it doesn't wait for.
    pub(crate) fn awaits_refresh(&self) -> bool {
        self.0.awaits_refresh
    }

    /// Where the session is kept; `None` is in memory alone.
    pub(crate) fn stored_session(&self) -> Option<&StoredSession> {
        self.0.stored_session.as_deref()
    }

    /// Resolves every secret that was configured by reference anew.
    pub(crate) async fn resolve_references(&self) -> Result<()> {
        for secret in self.0.secrets.iter() {
            secret.resolve().await?;
        }
        Ok(())
    }

    pub(crate) fn with_key(self, key: &str) -> Self {
        self.change(|inner| inner.key = key.into())
    }

    pub(crate) fn with_host(self, host: Option<&str>) -> Self {
        self.change(|inner| inner.host = host.map(Into::into))
    }

    pub(crate) fn with_origins(self, origins: Origins) -> Self {
        self.change(|inner| inner.origins = Arc::new(origins))
    }

    pub(crate) fn with_scopes(self, scopes: Vec<String>) -> Self {
        self.change(|inner| inner.scopes = scopes.into())
    }

    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        self.change(|inner| inner.clock = clock)
    }

    pub(crate) fn with_placement(self, placement: Option<Placement>) -> Self {
        self.change(|inner| inner.placement = placement.map(Arc::new))
    }

    pub(crate) fn with_references(self, secrets: Vec<SecretString>) -> Self {
        self.change(|inner| inner.secrets = secrets.into())
    }

    pub(crate) fn with_stored_session(self, session: Option<StoredSession>) -> Self {
        self.change(|inner| inner.stored_session = session.map(Arc::new))
    }

    pub(crate) fn with_login_command(self, command: &str) -> Self {
        self.change(|inner| inner.login_command = Some(command.into()))
    }

    pub(crate) fn with_awaited_refresh(self, awaits: bool) -> Self {
        self.change(|inner| inner.awaits_refresh = awaits)
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn with_http(self, http: crate::http::HttpClient) -> Self {
        self.change(|inner| inner.http = http)
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("key", &self.0.key)
            .field("host", &self.0.host)
            .field("scopes", &self.0.scopes)
            .finish_non_exhaustive()
    }
}
