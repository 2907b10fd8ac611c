//! `Context`: what the framework provides to a provider for one call.

use std::{fmt, sync::Arc};

use crate::{
    Error, Kept, Origins, Placement, Result, SecretString, store::SessionSpec, time::Clock,
};

/// What a provider gets besides its options: scopes, clock, HTTP client, and the configured host.
///
/// A clone is cheap and `'static`.
///
/// ```
/// use authn::Context;
///
/// let context = Context::new();
/// assert!(context.scopes().is_empty() && context.host().is_none());
/// let error = context.login_required("no user is logged in");
/// assert_eq!(error.help(), Some("log in with `Credentials::login`"));
/// assert_eq!(error.help(), Some(&*context.login_help()));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Context(Arc<Parts>);

/// Why an exchange is made. [`Context::reason`] returns it.
///
/// ```
/// use authn::{Context, Reason, Result, TokenSet, TokenSource};
/// # async fn log_in() -> Result<TokenSet> { Err(authn::Error::no_token()) }
/// # async fn renew(_: &TokenSet) -> Result<TokenSet> { Err(authn::Error::no_token()) }
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl TokenSource for Vault {
///     async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
///         match (last, context.reason()) {
///             (Some(last), Reason::Expiring) => renew(last).await,
///             // A token that has ended, or that a server refuses, can't renew itself.
///             _ => log_in().await,
///         }
///     }
/// }
/// # assert_eq!(Context::new().reason(), Reason::First);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no token for these scopes yet, or no longer, such as after a logout.
    #[default]
    First,
    /// The last token can be used, and is renewed before it ends.
    Expiring,
    /// The last token has ended.
    Expired,
    /// A server has refused the last token, as [`Credentials::invalidate`] reports it, so that what the token
    /// itself renews will be refused, too.
    ///
    /// [`Credentials::invalidate`]: crate::Credentials::invalidate
    Refused,
}

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
    pub(crate) kept: Kept,
    pub(crate) reason: Reason,
    pub(crate) session_spec: Option<Arc<SessionSpec>>,
    pub(crate) login_command: Option<Arc<str>>,
    #[cfg(feature = "reqwest")]
    pub(crate) http: crate::http::HttpClient,
}

impl Context {
    /// Creates the context of credentials that are bound to no origin. A [`CredentialsBuilder`] or a [`Loader`] sets the
    /// rest.
    ///
    /// [`CredentialsBuilder`]: crate::CredentialsBuilder
    /// [`Loader`]: crate::config::Loader
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the key of the provider's table, such as `credentials.oauth`, for messages. It is empty for credentials
    /// built in code.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// Returns the configured `domain`, a host with an optional port.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Returns the origins that the credentials are bound to.
    #[inline]
    pub fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Returns the scopes of `with_scope`; empty if the configured ones apply.
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Returns why the exchange is made. Outside of [`TokenSource::request_token`] it is [`Reason::First`].
    ///
    /// [`TokenSource::request_token`]: crate::TokenSource::request_token
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Returns the secrets that a [`TokenProvider`](crate::TokenProvider) keeps between its calls, and between programs.
    /// A source keeps its secrets with its tokens, by [`TokenSet::with_kept`](crate::TokenSet::with_kept).
    pub fn kept(&self) -> &Kept {
        &self.0.kept
    }

    /// Returns the clock.
    #[inline]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the HTTP client for token requests, which has limits, deadlines and redaction built in.
    #[cfg(feature = "reqwest")]
    pub fn http(&self) -> &crate::http::HttpClient {
        &self.0.http
    }

    /// Creates an error of kind [`LoginRequired`](crate::ErrorKind::LoginRequired) with what happened. Its help names the
    /// command by which a user logs in, or the function for credentials made in code.
    #[must_use]
    pub fn login_required(&self, what: &str) -> Error {
        Error::login_required(what).with_help(self.login_help())
    }

    /// Returns how a user logs in, as the help of an error.
    pub fn login_help(&self) -> String {
        match &self.0.login_command {
            Some(command) => format!("log in with `{command}`"),
            None => "log in with `Credentials::login`".to_owned(),
        }
    }

    /// Returns the placement; `None` is the default one.
    #[inline]
    pub(crate) fn placement(&self) -> Option<&Placement> {
        self.0.placement.as_deref()
    }

    /// Returns whether the program is short-lived, so that it never starts an exchange that it does not wait for.
    pub(crate) fn awaits_refresh(&self) -> bool {
        self.0.awaits_refresh
    }

    /// Returns where the sessions are stored; `None` if they are only in memory.
    pub(crate) fn session_spec(&self) -> Option<&SessionSpec> {
        self.0.session_spec.as_deref()
    }

    /// Resolves the configured references to secrets again.
    pub(crate) async fn resolve_references(&self) -> Result<()> {
        for secret in self.0.secrets.iter() {
            secret.resolve().await?;
        }
        Ok(())
    }

    /// Returns the same context with some parts changed.
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
