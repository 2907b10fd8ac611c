//! `Cached`: makes a provider of a source, and keeps its token fresh.
//!
//! The warm path is one wait-free read of a striped slot and two coarse clock reads, without a lock or an
//! allocation. A refresh starts in the background before the token expires. If it fails, the old token is used
//! until it expires.

mod adopt;
mod core;
mod exchange;
mod expected_user;
mod flight;
mod held;
mod login;
mod managed;
mod memory;
mod options;
mod per_request;
mod revocation;
mod schedule;
mod scopes;
mod server_side;
mod session;
mod single_flight;
mod slot;
mod state;
mod stored;
mod update;
mod web_login;

use std::{any::TypeId, fmt, future::Future, sync::Arc};

pub use options::CacheOptions;
pub(crate) use single_flight::crashed;

use self::core::Core;
#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{
    Bound, Context, Error, InteractiveSource, Issued, Managed, Origins, Placement, Reaction,
    Request, ResponseHead, Result, Token, TokenProvider, TokenSource, Update, Used,
    provider::{Declared, Interactive, Plain},
    token::OnUpdate,
};

/// Caches a source's token: one exchange for all callers, early refresh, shared failures.
///
/// ```
/// use authn::{Cached, Credentials, Token};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let source = authn::from_fn(|_context| async {
///     Ok(Token::new("abc")?.with_expires_in(Duration::from_secs(60)))
/// });
/// let credentials = Credentials::builder().provider(Cached::new(source)).origin("*").build()?;
/// assert_eq!(credentials.token().await?.secret(), "abc");
/// assert!(credentials.try_token().is_some());
/// # Ok(()) }
/// ```
// What depends on the source's type is here, and nothing else: `Core` is compiled once for all sources.
pub struct Cached<S> {
    source: Arc<S>,
    core: Core,
}

impl<S: TokenSource> Cached<S> {
    /// Caches the tokens of a source with the default options.
    pub fn new(source: S) -> Self {
        Self::with_options(source, CacheOptions::default())
    }

    /// Caches the tokens of a source.
    ///
    /// ```
    /// use authn::{CacheOptions, Cached, Token};
    /// use std::time::Duration;
    ///
    /// let source = authn::from_fn(|_| async { Token::new("abc") });
    /// let options = CacheOptions::default().with_expires_in_fallback(Duration::from_secs(60));
    /// let cached = Cached::with_options(source, options)
    ///     .on_update_sync(|update| {
    ///         println!("until {:?}", update.tokens().token().expires_at());
    ///         Ok(())
    ///     });
    /// ```
    pub fn with_options(source: S, options: CacheOptions) -> Self {
        let source = Arc::new(source);
        let core = Core::new(Arc::new(Plain(Arc::clone(&source))), options);
        Self { source, core }
    }

    /// Calls a function with each new token set, and waits for it before the token is used. It is for programs that
    /// store tokens themselves; [`Update`] has the rules.
    ///
    /// ```
    /// # use authn::{Cached, Token};
    /// let cached = Cached::new(authn::from_fn(|_| async { Token::new("abc") })).on_update(|update| async move {
    ///     println!("until {:?}", update.tokens().token().expires_at());
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn on_update<F, Done>(mut self, function: F) -> Self
    where
        F: Fn(Update) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<()>> + Send + 'static,
    {
        self.core.set_on_update(OnUpdate::new(function));
        self
    }

    /// Does what [`on_update`](Self::on_update) does with a function that may block, because it runs on a thread of its
    /// own.
    #[must_use]
    pub fn on_update_sync(
        mut self,
        function: impl Fn(&Update) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.core.set_on_update(OnUpdate::sync(function));
        self
    }

    /// Adds the token to a request, and records it if the caller wants to know it.
    #[inline]
    fn put(&self, request: &mut Request<'_>, issued: &Issued, context: &Context) -> Result<()> {
        // Of most sources it is known at compile time that they discover none.
        if context.origins().is_empty() && self.source.discovers_origins() {
            check_origin(request, issued)?;
        }
        if request.is_recorded() {
            return self.put_recorded(request, issued, context);
        }
        self.source.authorize(request, issued, context)
    }

    #[cold]
    #[inline(never)]
    fn put_recorded(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        let is_callers = self.source.is_authorized(request);
        self.source.authorize(request, issued, context)?;
        if !is_callers {
            request.record(issued.clone());
        }
        Ok(())
    }
}

/// Fails if the server has not named the origin of a request for the token.
fn check_origin(request: &Request<'_>, issued: &Issued) -> Result<()> {
    match issued.origins() {
        Some(origins) if origins.allows(request.origin()) => Ok(()),
        Some(origins) => Err(origins.refuse_unnamed(request.origin())),
        None => Err(Origins::none().refuse_unnamed(request.origin())),
    }
}

impl<S: InteractiveSource> Cached<S> {
    /// Caches the tokens of a source with a session, with the default options.
    pub fn interactive(source: S) -> Self {
        Self::interactive_with_options(source, CacheOptions::default())
    }

    /// Caches the tokens of a source with a session.
    ///
    /// ```
    /// # use authn::{CacheOptions, Cached, Context, InteractiveSource, Login, Result, TokenSet, TokenSource};
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
    /// let options = CacheOptions::default().with_expected_username("alice");
    /// let cached = Cached::interactive_with_options(CorpCode, options);
    /// # let _ = (cached, Cached::interactive(CorpCode));
    /// ```
    pub fn interactive_with_options(source: S, options: CacheOptions) -> Self {
        let source = Arc::new(source);
        let core = Core::new(Arc::new(Interactive(Arc::clone(&source))), options);
        Self { source, core }
    }
}

impl<S: TokenSource> TokenProvider for Cached<S> {
    fn validate(&self, context: &Context) -> Result<()> {
        self.core.validate()?;
        if !self.source.gives_tokens()
            && let Some(option) = self.core.shared.options.about_users()
        {
            let why = "no token of this provider names its user";
            return Err(Error::configuration(format!("`{option}` has no effect, because {why}"))
                .with_help("remove it"));
        }
        self.source.validate(context)
    }

    async fn token(&self, context: &Context) -> Result<Token> {
        Ok(self.core.issued(context).await?.token().clone())
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        if self.source.is_authorized(request) {
            return Ok(());
        }
        let issued = self.core.issued(context).await?;
        self.put(request, &issued, context)
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        let ready =
            |issued: &Issued| self.source.is_current(issued).then(|| issued.token().clone());
        self.core.with_ready(context, ready).flatten()
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        let put = |issued: &Issued| {
            self.source.is_current(issued).then(|| self.put(request, issued, context))
        };
        self.core.with_ready(context, put).flatten()
    }

    fn scoped(&self, context: &Context) -> Option<Self> {
        Some(Self { source: Arc::clone(&self.source), core: self.core.scoped(context) })
    }

    fn principal(&self, context: &Context) -> Option<String> {
        self.source.principal(context)
    }

    fn is_per_request(&self) -> bool {
        self.core.shared.requests.is_some()
    }

    fn is_serving(&self, _context: &Context) -> bool {
        self.core.is_serving()
    }

    fn gives_tokens(&self) -> bool {
        self.source.gives_tokens()
    }

    fn placements(&self, context: &Context) -> Vec<Placement> {
        let inner = self.source.inner().map(Bound::placements);
        [self.source.placements(context), inner.unwrap_or_default()].concat()
    }

    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        self.source.response(head, used, context)
    }

    #[cfg(feature = "reqwest")]
    fn client_identity(&self, used: &Used, context: &Context) -> Option<ClientIdentity> {
        self.source.client_identity(used, context)
    }

    fn declared(&self) -> Option<&'static Declared> {
        Declared::find(TypeId::of::<S>())
    }

    fn managed(&self) -> Option<&dyn Managed> {
        Some(&self.core)
    }
}

impl<S: fmt::Debug> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
