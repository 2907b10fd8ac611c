//! The two traits of which a provider implements one, and how to write your own.
//!
//! # Writing a provider
//!
//! Most tokens are *exchanged*: something configured (a key, a secret) is given to a server for a token
//! that lives a while. For these implement [`TokenSource`], one function from the configuration and the
//! last grant to a new grant, and mark the provider `cached`; everything else is the framework's.
//!
//! ```
//! use authn::{Context, Grant, Result, SecretString, Token, TokenSource};
//! use std::time::Duration;
//!
//! /// Mints tokens at the corporate STS.
//! #[authn::token_provider("corp_sts", cached)]
//! pub struct CorpSts {
//!     /// Machine key.
//!     _key: SecretString,
//!     /// How long a token shall live.
//!     #[default(Duration::from_secs(3600))]
//!     lifetime: Duration,
//! }
//!
//! impl TokenSource for CorpSts {
//!     async fn request_token(&self, context: &Context, last: Option<&Grant>) -> Result<Grant> {
//!         // a real one asks a server through `context.http()`
//!         let token = Token::new(format!("minted-with-{}", self._key.expose().len()))?;
//!         Ok(token.with_expires_in(self.lifetime).into())
//!     }
//! }
//! ```
//!
//! Where there is nothing to exchange, or each call has an answer of its own, implement [`TokenProvider`]
//! and leave `cached` out.

pub mod hooks;

use std::{
    fmt::{self, Debug},
    future::Future,
    sync::Arc,
};

use crate::{
    Claims, Context, Credentials, Error, Grant, Login, LoginOutcome, Request, Result, SecretString,
    Token, runtime::Boxed,
};

/// Answers each call itself: a static token, an API key, the token of the request being served.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `TokenProvider`",
    label = "implement `authn::TokenProvider` for it, or mark it `cached` and implement `authn::TokenSource`"
)]
pub trait TokenProvider: Debug + Send + Sync + 'static {
    /// Checks the options beyond their types, without any network. It runs when the configuration is
    /// loaded and by `authn config check`.
    fn validate(&self, context: &Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Gives a valid token; [`Error::no_token`](crate::Error::no_token) where there is none to give.
    fn token(&self, context: &Context) -> impl Future<Output = Result<Token>> + Send;

    /// Adds the credential to a request; as a rule the token, where the configuration wants it.
    fn authorize(
        &self,
        request: &mut Request<'_>,
        context: &Context,
    ) -> impl Future<Output = Result<()>> + Send {
        async {
            if request.is_authorized() {
                return Ok(());
            }
            request.bearer(&self.token(context).await?)
        }
    }

    /// Gives the token that is at hand, without waiting.
    fn ready(&self, context: &Context) -> Option<Token> {
        let _ = context;
        None
    }

    /// Does what [`authorize`](Self::authorize) does if it needs no waiting.
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        let _ = (request, context);
        None
    }

    /// Gives the same provider for the scopes in the context; `None` if scopes make no difference to what
    /// it keeps.
    fn scoped(&self, context: &Context) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = context;
        None
    }

    /// Gives the name of whom the credential stands for, where that is known without asking a server.
    fn identity(&self, context: &Context) -> Option<String> {
        let _ = context;
        None
    }

    /// Tells whether the token belongs to the request being served, so that it must never be cached,
    /// remembered or shared between requests.
    fn is_per_request(&self) -> bool {
        false
    }

    /// Forgets a token that a server has refused, if it is still the one that would be given next.
    fn invalidate(&self, token: &Token, context: &Context) {
        let _ = (token, context);
    }

    /// Ends in order: waits for what is under way and starts nothing more.
    fn close(&self, context: &Context) -> impl Future<Output = ()> + Send {
        let _ = context;
        async {}
    }

    /// Says what is kept, without any network.
    fn status(&self, context: &Context) -> impl Future<Output = Result<Status>> + Send {
        let token = self.ready(context);
        async move { Ok(Status::of(token.as_ref())) }
    }

    /// Logs somebody in; [`NotNeeded`](LoginOutcome::NotNeeded) where the configuration is all that is
    /// needed.
    fn login(
        &self,
        context: &Context,
        login: &Login,
    ) -> impl Future<Output = Result<LoginOutcome>> + Send {
        let _ = (context, login);
        async { Ok(LoginOutcome::NotNeeded) }
    }

    /// Tells whether somebody has to log in before there is a token, as [`login`](Self::login) does it.
    fn needs_login(&self) -> bool {
        false
    }

    /// Asks whether the server that tokens come from can be reached, without any secret; `None` where there
    /// is no server.
    fn probe(&self, context: &Context) -> impl Future<Output = Result<Option<Probe>>> + Send {
        let _ = context;
        async { Ok(None) }
    }

    /// Forgets every token and session that is kept.
    fn logout(&self, context: &Context) -> impl Future<Output = Result<()>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// Tells the server that what is kept is to count no longer, and forgets it.
    fn revoke(&self, context: &Context) -> impl Future<Output = Result<()>> + Send {
        let _ = context;
        async { Err(nothing_to_revoke()) }
    }

    /// Gives the name of the store that its session belongs into; `None` for none.
    #[doc(hidden)]
    fn store(&self) -> Option<String> {
        None
    }

    /// Names the options that a session does not depend on.
    #[doc(hidden)]
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }
}

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
    /// what somebody has typed in.
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

fn nothing_to_revoke() -> Error {
    Error::configuration(
        "this provider knows no server to revoke at; log out instead, which forgets the tokens",
    )
}

/// Exchanges the configuration and the last grant for a new grant; [`Cached`](crate::Cached) does the rest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `TokenSource`",
    label = "implement `authn::TokenSource` for it, or remove `cached` and implement `authn::TokenProvider`"
)]
pub trait TokenSource: Debug + Send + Sync + 'static {
    /// Checks the options beyond their types, without any network.
    fn validate(&self, context: &Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Makes one exchange. It runs on the framework's own background runtime, at most once at a time, and
    /// goes on even if every caller has gone. `last` is what the last exchange gave.
    fn request_token(
        &self,
        context: &Context,
        last: Option<&Grant>,
    ) -> impl Future<Output = Result<Grant>> + Send;

    /// Adds the credential to a request, the token in hand. It does not wait: it runs on the warm path.
    fn authorize(&self, request: &mut Request<'_>, token: &Token, context: &Context) -> Result<()> {
        let _ = context;
        request.bearer(token)
    }

    /// Gives the name of whom the credential stands for, where that is known without asking a server.
    fn identity(&self, context: &Context) -> Option<String> {
        let _ = context;
        None
    }

    /// Says what of a grant is worth keeping when the program ends. It decides where tokens are kept
    /// unless the option `store` does.
    fn session(&self) -> Session<'_> {
        Session::None
    }

    /// Logs somebody in and gives what comes of it; `None` where the configuration is all that is needed.
    ///
    /// What a person does is waited for within [`Login::unless_cancelled`], and what a server gives only
    /// once outside of it, so that it is kept though the caller has gone. The framework sees to it that
    /// one process at a time logs in, checks whose grant it is, and keeps it in place of the last session.
    ///
    /// It is polled on a thread of its own, within the framework's background runtime: it may block, but the
    /// caller's going is not noticed meanwhile. What it spawns runs on the background thread, which nothing
    /// may block.
    fn login(
        &self,
        context: &Context,
        login: &Login,
    ) -> impl Future<Output = Result<Option<Grant>>> + Send {
        let _ = (context, login);
        async { Ok(None) }
    }

    /// Tells whether somebody has to log in before there is a token, so that what lacks one can say so. It is
    /// told from the options alone.
    fn needs_login(&self) -> bool {
        false
    }

    /// Names the options that only say how somebody logs in, as a browser's command. A session that is
    /// kept outlives their change, as that of any other option it does not.
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Verifies what the server vouches for about the user of a grant, as its ID token; `None` if it says
    /// nothing. The framework asks where a username is expected and the grant has no
    /// [claims](Grant::with_claims) yet.
    fn identify(
        &self,
        context: &Context,
        grant: &Grant,
    ) -> impl Future<Output = Result<Option<Claims>>> + Send {
        let _ = (context, grant);
        async { Ok(None) }
    }

    /// Asks whether the server that tokens come from can be reached, without any secret; `None` where there
    /// is no server.
    fn probe(&self, context: &Context) -> impl Future<Output = Result<Option<Probe>>> + Send {
        let _ = context;
        async { Ok(None) }
    }

    /// Gives the credentials whose tokens it passes on as they are, so that what happens to a token happens
    /// to theirs, and a login or logout here is one there.
    ///
    /// A login that another program makes straight at those is not heard of: what has been passed on to a
    /// cache then serves until it expires.
    #[doc(hidden)]
    fn inner(&self) -> Option<&Credentials> {
        None
    }

    /// Tells the server that a grant is to count no longer (RFC 7009). The framework then forgets it.
    fn revoke(&self, context: &Context, grant: &Grant) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, grant);
        async { Err(nothing_to_revoke()) }
    }
}

/// What outlives one token of a [`TokenSource`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Session<'a> {
    /// Nothing: each exchange needs the configuration alone.
    None,
    /// A session that an exchange or a login begins.
    Begun,
    /// A session that begins with a configured secret, as a refresh token. Another secret is another
    /// session, and what was kept of the old one is discarded.
    From(&'a SecretString),
}

/// A [`TokenProvider`] behind a pointer. One blanket implementation makes it of each.
pub(crate) trait Erased: Debug + Send + Sync {
    fn validate(&self, context: &Context) -> Result<()>;
    fn token<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>>;
    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>>;
    fn ready(&self, context: &Context) -> Option<Token>;
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>>;
    fn scoped(self: Arc<Self>, context: &Context) -> Arc<dyn Erased>;
    fn identity(&self, context: &Context) -> Option<String>;
    fn is_per_request(&self) -> bool;
    fn invalidate(&self, token: &Token, context: &Context);
    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()>;
    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>>;
    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>>;
    fn needs_login(&self) -> bool;
    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>>;
    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>>;
    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>>;
    fn store(&self) -> Option<String>;
    fn login_options(&self) -> &'static [&'static str];
}

impl<P: TokenProvider> Erased for P {
    fn validate(&self, context: &Context) -> Result<()> {
        TokenProvider::validate(self, context)
    }

    fn token<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>> {
        Box::pin(TokenProvider::token(self, context))
    }

    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::authorize(self, request, context))
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        TokenProvider::ready(self, context)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        TokenProvider::try_authorize(self, request, context)
    }

    fn scoped(self: Arc<Self>, context: &Context) -> Arc<dyn Erased> {
        match TokenProvider::scoped(&*self, context) {
            Some(provider) => Arc::new(provider),
            None => self,
        }
    }

    fn identity(&self, context: &Context) -> Option<String> {
        TokenProvider::identity(self, context)
    }

    fn is_per_request(&self) -> bool {
        TokenProvider::is_per_request(self)
    }

    fn invalidate(&self, token: &Token, context: &Context) {
        TokenProvider::invalidate(self, token, context);
    }

    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(TokenProvider::close(self, context))
    }

    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(TokenProvider::status(self, context))
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(TokenProvider::login(self, context, login))
    }

    fn needs_login(&self) -> bool {
        TokenProvider::needs_login(self)
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(TokenProvider::probe(self, context))
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::logout(self, context))
    }

    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::revoke(self, context))
    }

    fn store(&self) -> Option<String> {
        TokenProvider::store(self)
    }

    fn login_options(&self) -> &'static [&'static str] {
        TokenProvider::login_options(self)
    }
}

/// A source made of an asynchronous closure; see [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

/// Makes a source of a closure that gives a [`Token`] or a [`Grant`].
///
/// ```
/// use authn::{Credentials, Token};
///
/// let credentials = Credentials::builder()
///     .source(authn::from_fn(|_context| async { Token::new("abc") }))
///     .domain("api.example.com")
///     .build()?;
/// # Ok::<(), authn::Error>(())
/// ```
pub fn from_fn<F, Answer, Given>(closure: F) -> FromFn<F>
where
    F: Fn(Context) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Given>> + Send,
    Given: Into<Grant>,
{
    FromFn(closure)
}

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn(..)")
    }
}

impl<F, Answer, Given> TokenSource for FromFn<F>
where
    F: Fn(Context) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Given>> + Send,
    Given: Into<Grant>,
{
    async fn request_token(&self, context: &Context, _last: Option<&Grant>) -> Result<Grant> {
        (self.0)(context.clone()).await.map(Into::into)
    }
}
