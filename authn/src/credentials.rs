//! `Credentials`: the handle that programs use.

mod handle;
mod login_once;
mod metadata;

use std::{fmt, sync::Arc};

use crate::{
    Bound, Context, Environment, Error, Issued, Login, LoginOutcome, LoginPlan, Origins, Placement,
    Probe, Reaction, Request, ResponseHead, Result, Revocation, Show, Status, Token, TokenSet, Url,
    Used, View,
    options::{InnerProvider, NestedProvider, Node, Shape, Type},
    runtime::Boxed,
    telemetry::Metric,
};
#[cfg(feature = "reqwest")]
use crate::{http::ClientIdentity, request::Place};
use handle::{Handle, Reloads, Way};
use login_once::LoginOnce;

pub(crate) use handle::BuiltSession;

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
pub struct Credentials(Arc<Handle>);

impl Credentials {
    pub(crate) fn of(bound: Bound) -> Self {
        Self(Arc::new(Handle::new(bound, None)))
    }

    /// Returns the same credentials with another place of the token, which `placed_by` sets.
    pub(crate) fn placed(self, placement: Placement, placed_by: &str) -> Result<Self> {
        self.0.first().clone().placed(placement, placed_by).map(Self::of)
    }

    /// Adds how to read the configuration again, and the sessions that its providers have.
    pub(crate) fn reloadable(
        &self,
        sessions: Vec<BuiltSession>,
        read: impl Fn() -> Result<Self> + Send + Sync + 'static,
    ) -> Self {
        let bound = self.0.first().clone();
        let reloads = Reloads::new(bound.clone(), sessions, read);
        Self(Arc::new(Handle::new(bound, Some(Arc::new(reloads)))))
    }

    /// Returns the provider with its context, for a source that passes its tokens on. A reload does not change it.
    #[doc(hidden)]
    pub fn bound(&self) -> &Bound {
        self.0.first()
    }

    /// Returns the provider as it is now. A call keeps it until its end.
    pub(crate) fn now(&self) -> Bound {
        self.0.current().clone()
    }

    /// Returns the configured `domain`, a host with an optional port; `None` without one.
    ///
    /// ```
    /// # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
    /// # let builder = authn::Credentials::builder().source(source);
    /// let credentials = builder.domain("api.example.com").build()?;
    /// let url = format!("https://{}/v1/things", credentials.host().expect("a domain"));
    /// assert_eq!(url, "https://api.example.com/v1/things");
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn host(&self) -> Option<String> {
        self.0.current().context.host().map(str::to_owned)
    }

    /// Returns the base URL of the configured `domain` with its scheme, such as `https://api.example.com/`; `None` without a
    /// domain.
    ///
    /// ```
    /// # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
    /// # let builder = authn::Credentials::builder().source(source);
    /// let credentials = builder.domain("api.example.com").build()?;
    /// let things = credentials.base_url().expect("a domain").join("v1/things").unwrap();
    /// assert_eq!(things.as_str(), "https://api.example.com/v1/things");
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn base_url(&self) -> Option<Url> {
        let bound = self.0.current();
        let end = format!("://{}", bound.context.host()?);
        // The origin of the domain is among those that the credentials are bound to.
        let mut origins = bound.context.origins().iter().filter(|origin| origin.ends_with(&end));
        origins.next().and_then(|origin| Url::parse(&origin).ok())
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
        self.0.current().ready()
    }

    /// Returns the token for an exchange of a source that has these credentials among its
    /// [`subjects`](crate::TokenSource::subjects). If it belongs to the request being served, it is the token of the request
    /// that the exchange is for: the exchange itself runs elsewhere.
    #[doc(hidden)]
    pub async fn token_for(&self, exchange: &Context) -> Result<Token> {
        self.now().token_for(exchange).await
    }

    /// Adds the credential to a request.
    ///
    /// The request must go to an origin that the credentials are bound to. To any other origin nothing is added, and the
    /// error is of kind [`Origin`](crate::ErrorKind::Origin). A credential that the caller has set is kept.
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
        match self.0.current().try_authorize(request) {
            Some(Err(error)) => self.try_excuse(error),
            done => done,
        }
    }

    #[cold]
    fn try_excuse(&self, error: Error) -> Option<Result<()>> {
        if self.0.way.login_for(&error).is_some() {
            return None;
        }
        Some(if self.0.way.excuses(&error) { Ok(()) } else { Err(error) })
    }

    /// Returns the same credentials for other scopes. They share the session, and have an access token of their own.
    #[must_use]
    pub fn with_scope<S: AsRef<str>>(&self, scopes: &[S]) -> Self {
        let scopes = scopes.iter().flat_map(|scope| scope.as_ref().split_whitespace());
        let scopes = scopes.map(str::to_owned).collect();
        let call = self.0.first().context.clone().change(|parts| parts.scopes = scopes);
        Self(Arc::new(self.0.change(self.0.way.clone(), Some(&call))))
    }

    /// Returns the same credentials with more parameters of the token request, such as a tenant. They share the session,
    /// and have an access token of their own. They keep the scopes of [`with_scope`](Self::with_scope).
    ///
    /// The sources `oauth` and `jwt_bearer` send them; they take precedence over the option `parameters`. A parameter that
    /// the provider sets itself, such as `grant_type`, fails with [`Configuration`](crate::ErrorKind::Configuration)
    /// when a token is requested. A source of your own reads them from
    /// [`Context::parameters`](crate::Context::parameters). They are not wiped from memory, so they must not be secret.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
    /// let of_tenant = credentials.with_parameters([("tenant", "a")]);
    /// let token = of_tenant.token().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_parameters<N: Into<String>, V: Into<String>>(
        &self,
        parameters: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let parameters = parameters.into_iter().map(|(name, value)| (name.into(), value.into()));
        let parameters = Arc::new(parameters.collect());
        let call = self.0.first().context.clone().change(|parts| parts.parameters = parameters);
        Self(Arc::new(self.0.change(self.0.way.clone(), Some(&call))))
    }

    /// Returns the same credentials for requests that need no credential: they authorise a request where they can, and
    /// leave it as it is otherwise.
    ///
    /// A request is left as it is where a user has to log in ([`LoginRequired`](crate::ErrorKind::LoginRequired)), where the
    /// provider has nothing to say ([`NotApplicable`](crate::ErrorKind::NotApplicable)), and where it goes to another origin
    /// ([`Origin`](crate::ErrorKind::Origin)): a client of these credentials can call any host. Every other error stays
    /// one, such as a server that is down. [`token`](Self::token) has nothing to leave, so it fails as before.
    ///
    /// ```
    /// # use authn::{Context, Credentials, Result, Token, TokenProvider};
    /// # #[derive(Debug)]
    /// # struct NobodyYet;
    /// # impl TokenProvider for NobodyYet {
    /// #     async fn token(&self, context: &Context) -> Result<Token> {
    /// #         Err(context.login_required("no user is logged in"))
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
    /// # let credentials = Credentials::builder().provider(NobodyYet).domain("api.example.com").build()?;
    /// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(()).unwrap().into_parts();
    /// assert!(credentials.authorize(&mut parts).await.is_err());
    /// credentials.if_available().authorize(&mut parts).await?;
    /// assert!(parts.headers.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn if_available(&self) -> Self {
        let way = Way { lenient: true, ..self.0.way.clone() };
        Self(Arc::new(self.0.change(way, None)))
    }

    /// Returns the same credentials with a login for the first request that finds nobody logged in.
    ///
    /// [`token`](Self::token) and [`authorize`](Self::authorize) then log in, once for all that wait, and go on. Only an
    /// error of kind [`LoginRequired`](crate::ErrorKind::LoginRequired) starts a login. If it fails or is cancelled,
    /// that is the error of all calls that have waited for it, and the next call may try again. If all of them are
    /// dropped, the login is cancelled. [`try_token`](Self::try_token) and [`try_authorize`](Self::try_authorize) start
    /// none. With [`if_available`](Self::if_available) as well, the login comes first, and its failure is an error.
    ///
    /// ```no_run
    /// use authn::{Login, prompt::Prompt};
    ///
    /// # async fn example(prompt: impl Prompt) -> Result<(), Box<dyn std::error::Error>> {
    /// let credentials = authn::load()?.with_login(Login::new(prompt));
    /// let client = authn::reqwest::Client::new(credentials)?;
    /// client.get("https://api.example.com/v1/things").send().await?; // the user logs in here, if need be
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_login(&self, login: Login) -> Self {
        let way = Way { login: Some(Arc::new(LoginOnce::new(login))), ..self.0.way.clone() };
        Self(Arc::new(self.0.change(way, None)))
    }

    /// Returns a valid token with the secrets that are kept with it, such as the keys of AWS.
    #[doc(hidden)]
    pub async fn issued(&self) -> Result<Issued> {
        self.now().issued().await
    }

    /// Reports that a server has refused this token, so that the next caller gets another one.
    ///
    /// If it has been replaced meanwhile, nothing changes. Nor if refusals have just caused an exchange: a server that
    /// refuses each token must not cause one for each request. [`guide::refresh_timing`](crate::guide::refresh_timing)
    /// has the times.
    pub fn invalidate(&self, token: &Token) {
        let bound = self.0.current();
        Metric::Refusal.count(bound.context.labels());
        tracing::info!(authn.key = bound.context.key(), "token to be replaced");
        bound.managed().invalidate(token, &bound.context);
    }

    /// Drops every cached access token, of all scopes and parameters, so that the next call gets a new one. The session
    /// stays.
    ///
    /// It is for a program that knows that its tokens are outdated, such as after a user was given a role. Tokens in a
    /// store are not used either, unless another process stores them afterwards. A call that waits for an exchange that
    /// is under way still gets its token; later calls don't. Other processes are not affected. A login whose token nothing
    /// can renew has to be repeated.
    ///
    /// Each use may cause one exchange: nothing holds it back, unlike [`invalidate`](Self::invalidate).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// let count = AtomicU32::new(0);
    /// let source = authn::from_fn(move |_| {
    ///     let number = count.fetch_add(1, Ordering::Relaxed) + 1;
    ///     async move { authn::Token::new(format!("t{number}")) }
    /// });
    /// let credentials = authn::Credentials::builder().source(source).domain("api.example.com").build()?;
    /// assert_eq!(credentials.token().await?.secret(), "t1");
    /// credentials.invalidate_all();
    /// assert_eq!(credentials.token().await?.secret(), "t2");
    /// assert_eq!(credentials.refresh().await?.secret(), "t3");
    /// # Ok(()) }
    /// ```
    pub fn invalidate_all(&self) {
        let bound = self.0.current();
        bound.managed().invalidate_all(&bound.context);
    }

    /// Exchanges for a new token now, although the last one may be valid, and returns it.
    ///
    /// All who ask at the same time share one exchange. It never starts with a stored token that another process has
    /// obtained, and not before this call, unless another `refresh` has started it. A cache that passes on another
    /// provider's tokens, such as `cached`, refreshes that one. A provider without a cache returns its token as
    /// [`token`](Self::token) does.
    ///
    /// It is the wish of a caller, so neither the option `minimal_refresh_period` nor the waits after refused tokens hold
    /// it back. After an exchange that failed it is held back as all calls are, and returns the same error until the wait is
    /// over. If it fails, the old token stays in use for other calls until it expires.
    pub async fn refresh(&self) -> Result<Token> {
        self.now().refresh().await
    }

    /// Starts with a token set that the program has, such as from its own database, in place of the last session.
    ///
    /// The next calls use its access token until that expires, and its refresh token after that. If the provider has a
    /// store, the set is saved there. The function of `on_update` is not called with it, because the program has it. Each
    /// exchange then replaces it, and `on_update` gets the new set: see [`Update`](crate::Update).
    ///
    /// With `expected_username`, the set needs [claims](TokenSet::with_claims) with that user, or the source must be able
    /// to ask for them.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) for a provider without a cache, with
    /// [`Refused`](crate::ErrorKind::Refused) for another user's tokens, and with [`Store`](crate::ErrorKind::Store) if
    /// they can't be saved.
    ///
    /// ```
    /// use authn::{Credentials, Error, SecretString, Token, TokenSet};
    /// use std::time::{Duration, SystemTime};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
    /// # let source = authn::from_fn(|_| async { Err::<Token, _>(Error::no_token()) });
    /// # let credentials = Credentials::builder().source(source).domain("api.example.com").build()?;
    /// let row = ("abc", SystemTime::now() + Duration::from_secs(600), "r1"); // of the program's database
    /// let tokens = TokenSet::new(Token::new(row.0)?.with_expires_at(row.1))
    ///     .with_refresh_token(SecretString::from(row.2));
    /// credentials.adopt(tokens).await?;
    /// assert_eq!(credentials.token().await?.secret(), "abc");
    /// # Ok(()) }
    /// ```
    pub async fn adopt(&self, tokens: TokenSet) -> Result<()> {
        let bound = self.now();
        bound.managed().adopt(tokens, &bound.context).await
    }

    /// Reads the configuration again, by the same [`Loader`](crate::Loader): its files, and the environment of the process
    /// unless the loader has another one.
    ///
    /// All handles use the new configuration afterwards: clones, those of [`with_scope`](Self::with_scope) and of the other
    /// functions, [`blocking`](crate::blocking) ones and those in a [`reqwest::Client`](crate::reqwest::Client). A client
    /// keeps the options of `[http]` for its own connections. Calls under way end with the old configuration.
    ///
    /// A session goes on if the provider's name, its options and its secrets are the same; the options for a login, for the
    /// cache (except `store` and `expected_username`), for the place of the token and for scopes don't matter. So a refresh
    /// token that was replaced in memory is not lost. Its access tokens are used until they expire, except for calls to which
    /// other configured scopes apply now: a token for these is requested. If an option of the cache has changed, it applies
    /// to the tokens that are requested afterwards.
    ///
    /// # Errors
    ///
    /// If the new configuration has any problem, everything stays as it is, and the error lists all problems. Credentials
    /// that were made in code fail with [`Configuration`](crate::ErrorKind::Configuration).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # /// Returns a fixed token.
    /// # #[authn::token_provider("fixed_of_reload")]
    /// # struct Fixed {
    /// #     /// The token.
    /// #     #[shorthand]
    /// #     _token: authn::SecretString,
    /// # }
    /// # impl authn::TokenProvider for Fixed {
    /// #     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
    /// #         authn::Token::new(&*self._token.expose())
    /// #     }
    /// # }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.toml");
    /// # let write = |token: &str| {
    /// #     let text = format!("[credentials]\ndomain = 'api.example.com'\nfixed_of_reload = '{token}'");
    /// #     std::fs::write(&path, text)?;
    /// #     #[cfg(unix)]
    /// #     std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    /// #     std::io::Result::Ok(())
    /// # };
    /// # write("one")?;
    /// # let environment = authn::Environment::empty();
    /// let credentials = authn::Loader::new().environment(environment).file(&path).load()?;
    /// assert_eq!(credentials.token().await?.secret(), "one");
    /// write("two")?;
    /// credentials.reload().await?;
    /// assert_eq!(credentials.token().await?.secret(), "two");
    /// # Ok(()) }
    /// ```
    pub async fn reload(&self) -> Result<()> {
        self.0.reload().await
    }

    /// Returns the name of the principal that the credential is for, if it is known without asking a server.
    pub fn principal(&self) -> Option<String> {
        let bound = self.0.current();
        bound.provider.principal(&bound.context)
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
        self.0.current().response(head, used)
    }

    /// Returns the certificate that a client shows to the server of a request that was authorised with `used` (mutual TLS,
    /// RFC 8705, section 3); `None` if the token is good without one, or the request has no token of these credentials.
    ///
    /// [`authn::reqwest::Client`](crate::reqwest::Client) shows it by itself. Code for another client makes its connections
    /// with it, and never shares them with requests that have another certificate or none. A token stays with the certificate
    /// that it was issued for, also after a rotation, so ask for each request.
    ///
    /// ```
    /// use authn::{Credentials, Request, Used, http::ClientIdentity};
    ///
    /// # async fn example(credentials: Credentials) -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
    /// let mut used = Used::default();
    /// credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await?;
    /// if let Some(identity) = credentials.client_identity(&used) {
    ///     let pem = [identity.certificates(), b"\n", identity.key().expose().as_bytes()].concat();
    ///     let client = reqwest::Client::builder().identity(reqwest::Identity::from_pem(&pem)?);
    ///     # drop(client);
    ///     // … keep the client for the next request with this `identity.thumbprint()` …
    /// }
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "reqwest")]
    pub fn client_identity(&self, used: &Used) -> Option<ClientIdentity> {
        self.0.current().client_identity(used)
    }

    /// Returns the state of the session, without any network but that of its store.
    pub async fn status(&self) -> Result<Status> {
        self.now().status().await
    }

    /// Logs a user in. The new session replaces the last one.
    ///
    /// Only this function interacts with a user, through the [`Prompt`](crate::prompt::Prompt) of `login`. If several
    /// processes log in at the same time, one asks and the others use its session. Dropping the future cancels the login,
    /// unless the tokens have already been requested.
    pub async fn login(&self, login: Login) -> Result<LoginOutcome> {
        let bound = self.now();
        bound.managed().login(&bound.context, &login).await
    }

    /// Returns whether a user has to log in before there is a token. [`status`](Self::status) returns whether one has.
    pub fn needs_login(&self) -> bool {
        self.0.current().managed().needs_login()
    }

    /// Returns how a login would proceed in this environment, without asking a server; `None` if no user has to log in, or
    /// it is not known.
    pub fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        self.0.current().managed().login_plan(environment)
    }

    /// Checks the options of `[http]` without any network. The file of certificate authorities was read when the
    /// configuration was loaded, and is read again here and before the first request.
    #[cfg(feature = "reqwest")]
    pub fn check_http(&self) -> Result<()> {
        self.0.current().context.http().check_options()
    }

    /// Returns the name of the session's store, such as `file` or `memory`; `None` if the provider has no session.
    pub fn store(&self) -> Option<String> {
        let bound = self.0.current();
        let kept = bound.context.kept().store().map(str::to_owned);
        bound.managed().store(&bound.context).or(kept)
    }

    /// Returns whether a store that fails does not matter: tokens are stored only so that the next program has them.
    #[doc(hidden)]
    pub fn needs_no_store(&self) -> bool {
        let bound = self.0.current();
        bound.managed().needs_no_store(&bound.context)
    }

    /// Asks whether the server that issues the tokens can be reached, without sending a secret; `None` if there is no
    /// server, or it can't be asked. `workload_identity` makes its exchange, with the token of this machine's identity.
    pub async fn probe(&self) -> Result<Option<Probe>> {
        let bound = self.now();
        bound.managed().probe(&bound.context).await
    }

    /// Deletes the session and its tokens, also those of nested providers. A running exchange leaves nothing either.
    ///
    /// If the tokens belong to the request being served ([`is_per_request`](Self::is_per_request)), those of its user are
    /// deleted, and neither those of other users nor what the program itself has. Outside of a request, those of all users are.
    /// A request without a token is an error of kind [`NotApplicable`](crate::ErrorKind::NotApplicable).
    pub async fn logout(&self) -> Result<()> {
        let bound = self.now();
        bound.managed().logout(&bound.context).await
    }

    /// Revokes the session at the server (RFC 7009) and deletes the local copy: the refresh token, and each access token
    /// that has not expired, of all scopes.
    ///
    /// The sessions of nested providers are revoked as well, such as that of the subject of a token exchange. Whose tokens are
    /// revoked while a request is being served, [`logout`](Self::logout) says.
    ///
    /// If it fails, nothing is deleted, so that it can be tried again; only tokens that are revoked all the same are
    /// dropped. If a session is revoked, but not all access tokens, the result has their errors.
    pub async fn revoke(&self) -> Result<Revocation> {
        let bound = self.now();
        bound.managed().revoke(&bound.context, Vec::new()).await
    }

    /// Returns the origins that the credentials are bound to.
    ///
    /// If the configuration names none and the provider discovers them, such as `h2o_cloud`, these are the origins that the
    /// server has named for the cached token or the stored one. They are empty before the first exchange.
    pub fn origins(&self) -> Origins {
        self.0.current().origins()
    }

    /// Returns whether a server names the origins, because the configuration names none.
    #[doc(hidden)]
    pub fn discovers_origins(&self) -> bool {
        self.0.current().discovers_origins()
    }

    /// Returns every place of a credential that the configuration names.
    #[cfg(feature = "reqwest")]
    pub(crate) fn places(&self) -> Vec<Place> {
        let placements = self.0.current().placements();
        placements.into_iter().map(|placement| placement.place).collect()
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn http(&self) -> crate::http::HttpClient {
        self.0.current().context.http().clone()
    }

    /// Returns whether the token belongs to the request being served.
    pub fn is_per_request(&self) -> bool {
        self.0.current().per_request
    }

    /// Returns whether the provider has tokens that are good by themselves, as opposed to signatures and keys.
    #[doc(hidden)]
    pub fn gives_tokens(&self) -> bool {
        self.0.current().provider.gives_tokens()
    }

    /// Returns whether a credential is put into the body of a request.
    #[doc(hidden)]
    pub fn uses_body(&self) -> bool {
        let placements = self.0.current().placements();
        placements
            .iter()
            .any(|placement| matches!(placement.place, crate::request::Place::Body { .. }))
    }

    /// Returns the certificate that a client shows with a token of these credentials, whatever the request is.
    #[cfg(feature = "reqwest")]
    #[doc(hidden)]
    pub fn identity_for(&self, token: &Token) -> Option<ClientIdentity> {
        let mut used = Used::default();
        used.set(token.clone().into());
        self.client_identity(&used)
    }

    /// Waits for running exchanges, at most 30 seconds, and starts no more. A call that then needs one fails with
    /// [`Closed`](crate::ErrorKind::Closed). Nested providers are closed after the exchanges that need their tokens. Leases of
    /// stores on servers are released after that, in 5 seconds at most.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Waits until no exchange is under way.
    #[cfg(feature = "testing")]
    pub(crate) async fn settled(&self) {
        let bound = self.now();
        bound.managed().settled(&bound.context).await;
    }

    // Cold, boxed and not inlined, so that the future of a warm call stays small.
    #[cold]
    #[inline(never)]
    fn wait(&self) -> Boxed<'_, Result<Token>> {
        Box::pin(async {
            let before = self.logins_started();
            let result = self.now().token().await;
            match self.logged_in(&result, before).await {
                Some(logged_in) => {
                    logged_in?;
                    self.now().token().await
                }
                None => result,
            }
        })
    }

    #[cold]
    #[inline(never)]
    fn authorize_waiting<'a>(&'a self, request: &'a mut Request<'_>) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let before = self.logins_started();
            let mut result = self.now().authorize_waiting(request).await;
            if let Some(logged_in) = self.logged_in(&result, before).await {
                logged_in?;
                result = self.now().authorize_waiting(request).await;
            }
            match result {
                Err(error) if self.0.way.excuses(&error) => Ok(()),
                result => result,
            }
        })
    }

    fn logins_started(&self) -> u64 {
        self.0.way.login.as_ref().map_or(0, |login| login.started())
    }

    /// Logs a user in if a result asks for it and these credentials have a login. Returns the result of the login.
    /// `before` is how many logins had been started before the call.
    async fn logged_in<T>(&self, result: &Result<T>, before: u64) -> Option<Result<()>> {
        let login = self.0.way.login_for(result.as_ref().err()?)?;
        let without_login = Self(Arc::new(self.0.change(Way::default(), None)));
        Some(login.run(&without_login, before).await)
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
        self.0.current().provider.fmt(f)
    }
}
