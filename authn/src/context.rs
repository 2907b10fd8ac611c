//! `Context`: what the framework provides to a provider for one call.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    Environment, Error, Kept, Origins, Placement, Result, SecretString, Token, TokenSet,
    process::Surroundings,
    store::{ConfiguredScope, SendRight, SessionSpec},
    telemetry::Labels,
    time::Clock,
    token::OnUpdate,
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

/// Checks the options of a provider.
pub(crate) type Check = Arc<dyn Fn(&Context) -> Result<()> + Send + Sync>;

/// The fields of a context; [`Context::change`] sets them.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) key: Arc<str>,
    pub(crate) labels: Labels,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) origins: Arc<Origins>,
    pub(crate) scopes: Arc<[String]>,
    pub(crate) parameters: Arc<BTreeMap<String, String>>,
    pub(crate) last: Option<Arc<TokenSet>>,
    pub(crate) clock: Clock,
    pub(crate) placement: Option<Arc<Placement>>,
    pub(crate) secrets: Arc<[SecretString]>,
    pub(crate) awaits_refresh: bool,
    pub(crate) stores_tokens: bool,
    pub(crate) kept: Kept,
    pub(crate) reason: Reason,
    /// The tokens of the request that an exchange is for, by the providers that they are of.
    pub(crate) served: Arc<[(usize, Token)]>,
    pub(crate) configured_scope: Arc<ConfiguredScope>,
    pub(crate) session_spec: Option<Arc<SessionSpec>>,
    pub(crate) login_command: Option<Arc<str>>,
    pub(crate) profile: Option<Arc<str>>,
    pub(crate) on_update: Option<OnUpdate>,
    pub(crate) surroundings: Surroundings,
    pub(crate) environment: Arc<Environment>,
    /// Checks the options that could not be checked before the secrets were known that commands print.
    pub(crate) check: Option<Check>,
    /// Of an exchange that holds a lease.
    pub(crate) right: Option<SendRight>,
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

    /// Returns what its spans and metrics are labelled with.
    pub(crate) fn labels(&self) -> &Labels {
        &self.0.labels
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

    /// Returns the parameters of `with_parameters`, which a source adds to its token request; empty unless a call names
    /// some.
    ///
    /// ```
    /// use authn::{Credentials, Token};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
    /// let source = authn::from_fn(|context| {
    ///     let tenant = context.parameters().get("tenant").cloned();
    ///     async move { Token::new(format!("token-of-{}", tenant.as_deref().unwrap_or("nobody"))) }
    /// });
    /// let credentials = Credentials::builder().source(source).domain("api.example.com").build()?;
    /// let of_tenant = credentials.with_parameters([("tenant", "a")]);
    /// assert_eq!(of_tenant.token().await?.secret(), "token-of-a");
    /// assert_eq!(credentials.token().await?.secret(), "token-of-nobody");
    /// # Ok(()) }
    /// ```
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.0.parameters
    }

    /// Returns the last token set in a closure that requests a token, a hook or that of [`from_fn`](crate::from_fn);
    /// `None` at the first exchange, and everywhere else. Its access token may have expired long ago.
    ///
    /// A [`TokenSource`](crate::TokenSource) gets it as an argument.
    ///
    /// ```
    /// use authn::{Token, TokenSet, hooks::Hook};
    ///
    /// let hook = Hook::sync(|context| {
    ///     let number = match context.last().and_then(TokenSet::refresh_token) {
    ///         Some(last) => last.expose().parse::<u32>().unwrap_or(0) + 1,
    ///         None => 1,
    ///     };
    ///     let tokens = TokenSet::new(Token::new(format!("t{number}"))?);
    ///     Ok(tokens.with_refresh_token(number.to_string().as_str().into()))
    /// });
    /// # let _ = hook;
    /// ```
    pub fn last(&self) -> Option<&TokenSet> {
        self.0.last.as_deref()
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

    /// Returns a variable of the environment that the configuration was read in, such as one by which a platform names its
    /// identity service; `None` if it is not set, empty or not UTF-8. It can be a secret.
    ///
    /// A provider reads variables here, so that a test can set them without changing those of its process.
    ///
    /// ```
    /// use authn::{Context, Credentials, Environment, Result, Token, TokenSet, TokenSource};
    ///
    /// #[derive(Debug)]
    /// struct OfJob;
    ///
    /// impl TokenSource for OfJob {
    ///     async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
    ///         Ok(Token::new(context.variable("JOB_TOKEN").unwrap_or("none"))?.into())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
    /// let environment = Environment::empty().variable("JOB_TOKEN", "abc");
    /// let builder = Credentials::builder().source(OfJob).domain("api.example.com");
    /// let credentials = builder.environment(environment).build()?;
    /// assert_eq!(credentials.token().await?.secret(), "abc");
    /// # Ok(()) }
    /// ```
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.0.environment.get(name)
    }

    /// Returns the environment of commands: the user's, without the secrets of the configuration.
    #[doc(hidden)]
    pub fn surroundings(&self) -> &Surroundings {
        &self.0.surroundings
    }

    /// Returns the environment of the configuration, for a provider that is documented to read variables of its own.
    #[doc(hidden)]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Fails if the lease of the session was lost, so that this exchange must send nothing: another process may be making it.
    ///
    /// The requests of [`http`](Self::http) check it right before they are sent. A source that sends by itself, such as by a
    /// command or the SDK of a vendor, calls this right before it sends what a server accepts once, and again before each
    /// repetition. Credentials that share no session never fail here.
    ///
    /// Once a server has accepted a request of the exchange other than a `GET` or a `HEAD`, it no longer fails: what the
    /// answer needs, such as the keys of its signature, is still asked for, so that the new session can be stored.
    ///
    /// ```
    /// # async fn spend(_: Option<&authn::TokenSet>) -> authn::Result<authn::TokenSet> { Ok(authn::Token::new("abc")?.into()) }
    /// use authn::{Context, Result, TokenSet, TokenSource};
    ///
    /// #[derive(Debug)]
    /// struct Sdk;
    ///
    /// impl TokenSource for Sdk {
    ///     async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
    ///         context.check_lease()?;
    ///         spend(last).await
    ///     }
    /// }
    /// # assert!(Context::new().check_lease().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// One of kind [`Store`](crate::ErrorKind::Store), which the source returns.
    pub fn check_lease(&self) -> Result<()> {
        self.0.right.as_ref().map_or(Ok(()), SendRight::check)
    }

    /// Returns the HTTP client for token requests, which has limits, deadlines and redaction built in.
    ///
    /// In an exchange it sends only as long as the lease of the session is held, so call this function anew in each exchange.
    #[cfg(feature = "reqwest")]
    pub fn http(&self) -> &crate::http::HttpClient {
        &self.0.http
    }

    /// Returns this context with a client whose requests connect only to addresses within a reach.
    #[cfg(feature = "reqwest")]
    #[doc(hidden)]
    pub fn within(&self, reach: crate::http::Reach) -> Self {
        self.clone().change(|parts| parts.http.set_reach(reach))
    }

    /// Returns secrets that are kept in the store of the sessions under a name of their own, and shared by all providers
    /// with that store. A logout does not delete them. Without a store they are in memory.
    #[doc(hidden)]
    pub fn kept_beside_sessions(&self, name: &str) -> Kept {
        match &self.0.session_spec {
            Some(spec) => {
                let mut kept = Kept::new(Some(Arc::new(spec.beside(name))));
                kept.set_clock(self.0.clock.clone());
                kept
            }
            None => self.0.kept.clone(),
        }
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

    /// Returns the token that the request, which an exchange is for, has of a provider.
    pub(crate) fn served(&self, provider: usize) -> Option<&Token> {
        self.0.served.iter().find(|(of, _)| *of == provider).map(|(_, token)| token)
    }

    /// Returns the configured place of the token on requests; `None` if it is the default one.
    ///
    /// ```
    /// assert!(authn::Context::new().placement().is_none());
    /// ```
    #[inline]
    pub fn placement(&self) -> Option<&Placement> {
        self.0.placement.as_deref()
    }

    /// Returns whether the program is short-lived, so that it never starts an exchange that it does not wait for.
    pub(crate) fn awaits_refresh(&self) -> bool {
        self.0.awaits_refresh
    }

    /// Returns whether tokens are stored by default, for the next program.
    pub(crate) fn stores_tokens(&self) -> bool {
        self.0.stores_tokens
    }

    /// Returns the configured scopes, which apply unless a call names others.
    pub(crate) fn configured_scope(&self) -> &ConfiguredScope {
        &self.0.configured_scope
    }

    /// Returns where the sessions are stored; `None` if they are only in memory.
    pub(crate) fn session_spec(&self) -> Option<&SessionSpec> {
        self.0.session_spec.as_deref()
    }

    /// Returns the name of the profile.
    pub(crate) fn profile(&self) -> Option<Arc<str>> {
        self.0.profile.clone()
    }

    /// Returns the function that the program has set for new token sets.
    pub(crate) fn on_update(&self) -> Option<&OnUpdate> {
        self.0.on_update.as_ref()
    }

    /// Returns this context for the scopes and the parameters of another one's call.
    pub(crate) fn for_call_of(&self, call: &Self) -> Self {
        self.clone().change(|parts| {
            parts.scopes = Arc::clone(&call.0.scopes);
            parts.parameters = Arc::clone(&call.0.parameters);
        })
    }

    /// Returns this context without the scopes and the parameters of the call, for a token that is not the caller's.
    #[doc(hidden)]
    pub fn without_call(&self) -> Self {
        self.clone().change(|parts| {
            parts.scopes = Arc::default();
            parts.parameters = Arc::default();
        })
    }

    /// Returns this context with the place of another one.
    pub(crate) fn placed_like(&self, other: &Self) -> Self {
        self.clone().change(|parts| parts.placement.clone_from(&other.0.placement))
    }

    /// Returns this context for a closure that requests a token.
    pub(crate) fn with_last(&self, last: Option<&TokenSet>) -> Self {
        match last {
            Some(last) => self.clone().change(|parts| parts.last = Some(Arc::new(last.clone()))),
            None => self.clone(),
        }
    }

    /// Returns whether it is of a call with scopes or parameters of its own.
    pub(crate) fn is_narrowed(&self) -> bool {
        !self.0.scopes.is_empty() || !self.0.parameters.is_empty()
    }

    /// Resolves the configured references to secrets again.
    pub(crate) async fn resolve_references(&self) -> Result<()> {
        for secret in self.0.secrets.iter() {
            secret.resolve().await?;
        }
        self.0.check.as_ref().map_or(Ok(()), |check| check(self))
    }

    /// Returns whether a command has to run before all secrets are known.
    pub(crate) fn awaits_commands(&self) -> bool {
        !self.0.secrets.iter().all(SecretString::is_resolved)
    }

    /// Returns the same context with some parts changed.
    pub(crate) fn change(self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        // Both wait by the context's clock, whichever was set last.
        inner.kept.set_clock(inner.clock.clone());
        #[cfg(feature = "reqwest")]
        {
            inner.http.set_clock(inner.clock.clone());
            inner.http.set_right(inner.right.clone());
        }
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
