//! `Credentials`: the handle that programs use.

use std::{fmt, sync::Arc};

#[cfg(feature = "reqwest")]
use crate::request::Place;
use crate::{
    Bound, Cached, Context, Environment, Error, ErrorKind, InteractiveSource, Login, LoginOutcome,
    LoginPlan, Origins, Placement, Probe, Reaction, Request, ResponseHead, Result, Revocation,
    Show, Status, Token, TokenProvider, TokenSource, Used, View,
    options::{InnerProvider, NestedProvider, Node, Shape, Type},
    provider::{Declared, Erased},
    request::DefaultPlace,
    runtime::Boxed,
    time::Clock,
};

/// Authorises requests with the credential of the configured provider.
///
/// A clone is cheap and shares the cache.
///
/// ```no_run
/// use authn::{Environment, Request, prompt::Prompt};
///
/// # async fn example(prompt: impl Prompt) -> authn::Result<()> {
/// let credentials = authn::load()?;
/// credentials.check_http()?;
/// if credentials.needs_login() && !credentials.status().await?.has_session {
///     let plan = credentials.login_plan(&Environment::of_process());
///     println!("{}", plan.map(|plan| plan.to_string()).unwrap_or_default());
///     credentials.login(authn::Login::new(prompt)).await?;
/// }
/// println!("{:?} at {:?}", credentials.principal(), credentials.probe().await?.map(|probe| probe.place));
///
/// // A request of another client: without waiting if possible.
/// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(()).unwrap().into_parts();
/// if credentials.try_authorize(&mut Request::from(&mut parts)).is_none() {
///     credentials.authorize(&mut parts).await?;
/// }
/// // The server has answered with 401.
/// credentials.invalidate(&credentials.token().await?);
///
/// credentials.revoke().await?; // or `logout`, which does not ask the server
/// credentials.logout().await?;
/// credentials.close().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<Bound>);

impl Credentials {
    /// Creates credentials in code, from a provider or a source.
    pub fn builder() -> CredentialsBuilder {
        let context = Context::new();
        CredentialsBuilder { provider: None, context, is_placed: false, problem: None }
    }

    pub(crate) fn of(bound: Bound) -> Self {
        Self(Arc::new(bound))
    }

    /// Returns the provider with its context, for a source that passes its tokens on.
    #[doc(hidden)]
    pub fn bound(&self) -> &Bound {
        &self.0
    }

    /// Returns a valid token. It waits for an exchange if none is cached.
    pub async fn token(&self) -> Result<Token> {
        match self.try_token() {
            Some(token) => Ok(token),
            None => self.wait().await,
        }
    }

    /// Returns the cached token; `None` if getting one needs waiting.
    #[inline]
    pub fn try_token(&self) -> Option<Token> {
        let inner = &*self.0;
        if inner.resolves {
            return None;
        }
        inner.provider.ready(&inner.context)
    }

    /// Adds the credential to a request.
    ///
    /// The request must go to an origin that the credentials are bound to. To any other origin nothing is added, and the
    /// error is of kind [`Origin`](ErrorKind::Origin). A credential that the caller has set is kept.
    pub async fn authorize<'r>(&self, request: impl Into<Request<'r>>) -> Result<()> {
        let mut request = request.into();
        match self.try_authorize(&mut request) {
            Some(done) => done,
            None => self.authorize_waiting(&mut request).await,
        }
    }

    /// Does what [`authorize`](Self::authorize) does; `None` if that needs waiting.
    #[inline]
    pub fn try_authorize(&self, request: &mut Request<'_>) -> Option<Result<()>> {
        let inner = &*self.0;
        if !inner.context.origins().allows(request.uri()) {
            return Some(Err(inner.context.origins().refuse(request.uri())));
        }
        if inner.resolves {
            return None;
        }
        let placement = inner.context.placement();
        if placement.is_none() && !request.has_placement() {
            // The common case.
            return inner.provider.try_authorize(request, &inner.context);
        }
        inner.provider.try_authorize(&mut request.with_placement(placement), &inner.context)
    }

    /// Returns the same credentials for other scopes. They share the session, and have an access token of their own.
    #[must_use]
    pub fn with_scope<S: AsRef<str>>(&self, scopes: &[S]) -> Self {
        let scopes = scopes.iter().flat_map(|scope| scope.as_ref().split_whitespace());
        Self::of(self.0.with_scopes(scopes.map(str::to_owned).collect()))
    }

    /// Reports that a server has refused this token, so that the next caller gets another one.
    ///
    /// If it has been replaced meanwhile, nothing changes. Nor if refusals have just caused an exchange: a server that
    /// refuses each token must not cause one for each request. [`guide::refresh_timing`](crate::guide::refresh_timing)
    /// has the times.
    pub fn invalidate(&self, token: &Token) {
        self.0.managed().invalidate(token, &self.0.context);
    }

    /// Returns the name of the principal that the credential is for, if it is known without asking a server.
    pub fn principal(&self) -> Option<String> {
        self.0.provider.principal(&self.0.context)
    }

    /// Passes the answer to a request to the provider, and returns what the client has to do.
    ///
    /// [`authn::reqwest::Client`](crate::reqwest::Client) calls it for every answer to a request that it has authorised.
    /// Code for another client does the same, and obeys the [`Reaction`] at most once for a request. A status that refuses
    /// the token is [`Reaction::Invalidate`]: 401, or those that the provider names.
    ///
    /// ```
    /// use authn::{Credentials, Reaction, Request, ResponseHead, Used};
    /// # use http::{HeaderMap, StatusCode};
    ///
    /// # async fn example(credentials: Credentials) -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
    /// let uri = parts.uri.clone();
    /// let mut used = Used::default();
    /// credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await?;
    /// # let (status, headers) = (StatusCode::OK, HeaderMap::new());
    /// // … send the request …
    /// let head = ResponseHead::new(&parts.method, &uri, status, &headers);
    /// let reaction = credentials.response(&head, &used);
    /// # assert_eq!(reaction, Reaction::Pass);
    /// # Ok(()) }
    /// ```
    pub fn response(&self, head: &ResponseHead<'_>, used: &Used) -> Reaction {
        self.0.response(head, used)
    }

    /// Returns the state of the session, without any network.
    pub async fn status(&self) -> Result<Status> {
        self.0.status().await
    }

    /// Logs a user in. The new session replaces the last one.
    ///
    /// Only this function interacts with a user, through the [`Prompt`](crate::prompt::Prompt) of `login`. If several
    /// processes log in at the same time, one asks and the others use its session. Dropping the future cancels the login,
    /// unless the tokens have already been requested.
    pub async fn login(&self, login: Login) -> Result<LoginOutcome> {
        self.0.managed().login(&self.0.context, &login).await
    }

    /// Returns whether a user has to log in before there is a token. [`status`](Self::status) returns whether one has.
    pub fn needs_login(&self) -> bool {
        self.0.managed().needs_login()
    }

    /// Returns how a login would proceed in this environment, without asking a server; `None` if no user has to log in, or
    /// it is not known.
    pub fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        self.0.managed().login_plan(environment)
    }

    /// Checks the options of `[http]` without any network. The file of certificate authorities was read when the
    /// configuration was loaded, and is read again here and before the first request.
    #[cfg(feature = "reqwest")]
    pub fn check_http(&self) -> Result<()> {
        self.0.context.http().check_options()
    }

    /// Returns the name of the session's store, such as `file` or `memory`; `None` if the provider has no session.
    pub fn store(&self) -> Option<String> {
        let kept = self.0.context.kept().store().map(str::to_owned);
        self.0.managed().store().or(kept)
    }

    /// Asks whether the server that issues the tokens can be reached, without sending a secret; `None` if there is no
    /// server, or it can't be asked.
    pub async fn probe(&self) -> Result<Option<Probe>> {
        self.0.managed().probe(&self.0.context).await
    }

    /// Deletes the session and its tokens. A running exchange leaves nothing either.
    pub async fn logout(&self) -> Result<()> {
        self.0.managed().logout(&self.0.context).await
    }

    /// Revokes the session at the server (RFC 7009) and deletes the local copy: the refresh token, and each access token
    /// that has not expired, of all scopes.
    ///
    /// If it fails, nothing is deleted, so that it can be tried again. If only access tokens of a revoked session are not
    /// revoked, the result has their errors.
    pub async fn revoke(&self) -> Result<Revocation> {
        self.0.managed().revoke(&self.0.context, Vec::new()).await
    }

    /// Returns the origins that the credentials are bound to.
    pub fn origins(&self) -> &Origins {
        self.0.context.origins()
    }

    /// Returns every place of a credential that the configuration names.
    #[cfg(feature = "reqwest")]
    pub(crate) fn places(&self) -> Vec<Place> {
        self.0.placements().into_iter().map(|placement| placement.place).collect()
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn http(&self) -> &crate::http::HttpClient {
        self.0.context.http()
    }

    /// Returns whether the token belongs to the request being served.
    pub fn is_per_request(&self) -> bool {
        self.0.per_request
    }

    /// Waits for running exchanges, at most 30 seconds, and starts no more. A call that then needs one fails with
    /// [`Closed`](ErrorKind::Closed).
    pub async fn close(&self) {
        self.0.managed().close(&self.0.context).await;
    }

    // Cold, boxed and not inlined, so that the future of a warm call stays small.
    #[cold]
    #[inline(never)]
    fn wait(&self) -> Boxed<'_, Result<Token>> {
        Box::pin(self.0.token())
    }

    #[cold]
    #[inline(never)]
    fn authorize_waiting<'a>(&'a self, request: &'a mut Request<'_>) -> Boxed<'a, Result<()>> {
        let inner = &*self.0;
        Box::pin(async move {
            if inner.resolves {
                inner.context.resolve_references().await?;
            }
            let mut request = request.with_placement(inner.context.placement());
            inner.provider.authorize_boxed(&mut request, &inner.context).await
        })
    }
}

/// The type of a `#[provider]` field.
impl InnerProvider for Credentials {}

impl NestedProvider for Credentials {
    fn read(node: Node<'_>) -> Option<Self> {
        node.built()
    }

    fn shape() -> Shape {
        Shape::required(Type::Provider)
    }
}

impl Show for Credentials {
    fn show(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.provider.fmt(f)
    }
}

/// Creates [`Credentials`] in code; see [`Credentials::builder`].
///
/// ```
/// # use authn::{Context, Credentials, InteractiveSource, Login, Result, TokenSet, TokenSource};
/// # #[derive(Debug)]
/// # struct CorpCode;
/// # impl TokenSource for CorpCode {
/// #     async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
/// #         Err(context.login_required("no user is logged in"))
/// #     }
/// # }
/// # impl InteractiveSource for CorpCode {
/// #     async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> { Ok(None) }
/// # }
/// use authn::CredentialsBuilder;
///
/// let builder: CredentialsBuilder = Credentials::builder().interactive(CorpCode);
/// let credentials = builder.domain("api.example.com").origin("https://*.example.org").build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "it does nothing until it is built"]
pub struct CredentialsBuilder {
    provider: Option<Arc<dyn Erased>>,
    context: Context,
    is_placed: bool,
    problem: Option<Error>,
}

impl CredentialsBuilder {
    /// Sets a provider, such as a [`Cached`].
    pub fn provider(self, provider: impl TokenProvider) -> Self {
        Self { provider: Some(Arc::new(provider)), ..self }
    }

    /// Sets a source, whose tokens are cached.
    pub fn source(self, source: impl TokenSource) -> Self {
        self.provider(Cached::new(source))
    }

    /// Sets a source with a session, whose tokens are cached.
    pub fn interactive(self, source: impl InteractiveSource) -> Self {
        self.provider(Cached::interactive(source))
    }

    /// Binds the credentials to `https://<domain>`; `domain` is a host with an optional port.
    pub fn domain(mut self, domain: &str) -> Self {
        self.context = self.context.change(|parts| parts.host = Some(domain.into()));
        self.origin(&format!("https://{domain}"))
    }

    /// Binds the credentials to one more origin, in the syntax of [`Origins::and`].
    pub fn origin(mut self, origin: &str) -> Self {
        match self.context.origins().clone().and(origin) {
            Ok(origins) => {
                self.context = self.context.change(|parts| parts.origins = origins.into());
            }
            Err(error) => self.problem = Some(error),
        }
        self
    }

    /// Sets the place of the token on a request.
    pub fn placement(self, placement: Placement) -> Self {
        let placement = crate::request::unless_default(placement);
        Self {
            context: self.context.change(|parts| parts.placement = placement.map(Arc::new)),
            is_placed: true,
            ..self
        }
    }

    /// Sets another clock, such as that of a test.
    pub fn clock(self, clock: Clock) -> Self {
        Self { context: self.context.change(|parts| parts.clock = clock), ..self }
    }

    /// Creates the credentials.
    ///
    /// Fails with [`Configuration`](ErrorKind::Configuration) without a provider, or with an invalid origin.
    pub fn build(self) -> Result<Credentials> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let provider = self.provider.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "no provider was given")
                .with_help("call `provider`, `source` or `interactive` on the builder")
        })?;
        let placed_by = self.context.placement().map(|_| "CredentialsBuilder::placement");
        let declared = provider.declared().and_then(Declared::place).filter(|_| !self.is_placed);
        let context = match declared.and_then(DefaultPlace::placement) {
            Some(placement) => {
                self.context.change(|parts| parts.placement = Some(Arc::new(placement)))
            }
            None => self.context,
        };
        Bound::new(provider, context, placed_by).map(Credentials::of)
    }
}
