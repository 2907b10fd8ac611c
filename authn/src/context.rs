//! `Context`: what the framework lends to a provider for one call.

use std::{fmt, sync::Arc};

use crate::{Error, Origins, Placement, Result, SecretString, store::StoredSession, time::Clock};

/// What a provider gets besides its own options: scopes, clock, HTTP, and the host it is for.
///
/// A clone is cheap and `'static`. Caching, locking, saving, retrying and HTTP policy are the framework's
/// and reach the provider only through this.
#[derive(Clone, Default)]
#[must_use]
pub struct Context(Arc<Parts>);

/// The fields of a context; [`Context::change`] sets them.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) key: Arc<str>,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) origins: Arc<Origins>,
    pub(crate) scopes: Arc<[String]>,
    pub(crate) clock: Clock,
    pub(crate) placement: Option<Arc<Placement>>,
    pub(crate) secrets: Arc<[SecretString]>,
    pub(crate) awaits_refresh: bool,
    pub(crate) stored_session: Option<Arc<StoredSession>>,
    pub(crate) login_command: Option<Arc<str>>,
    #[cfg(feature = "reqwest")]
    pub(crate) http: crate::http::HttpClient,
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
        Error::login_required(what).with_help(way_out)
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

    /// Returns the same with some of its parts changed.
    pub(crate) fn change(self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        // The client waits by the context's clock, whichever of the two was set last.
        #[cfg(feature = "reqwest")]
        inner.http.set_clock(inner.clock.clone());
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
