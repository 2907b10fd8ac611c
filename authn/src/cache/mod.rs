//! `Cached`: makes a provider of a source, and keeps its token fresh.
//!
//! The warm path is one wait-free read of a striped slot and two coarse clock reads, without a lock or an
//! allocation. A refresh starts before the token ends, in the background, and if it fails the old token
//! serves until it really expires.

mod adopt;
mod deadline;
mod exchange;
mod flight;
mod identity;
mod login;
mod memory;
mod options;
mod places;
mod schedule;
mod session;
mod slot;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub use options::CacheOptions;

use crate::{
    Bound, Context, Environment, Error, ErrorKind, Grant, Login, LoginOutcome, LoginPlan, Managed,
    Probe, Request, Result, SessionPolicy, Status, Token, TokenProvider, TokenSource,
    runtime::{self, Boxed},
    time::{Moment, before},
};
use exchange::{Exchange, OnUpdate};
use flight::{Clearance, Takeoff, arrival, crashed};
use memory::Memory;
use places::{Noted, Place, Places};
use slot::Rotation;
use tokio::sync::MutexGuard;

/// Caches a source's token: one exchange for all who need it, early refresh, failures shared.
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
pub struct Cached<S> {
    shared: Arc<Shared<S>>,
    place: Arc<Place>,
}

/// What all scopes of one source share.
struct Shared<S> {
    source: S,
    options: CacheOptions,
    places: Places,
    memory: tokio::sync::Mutex<Memory>,
    on_update: Option<OnUpdate>,
    /// Held while somebody logs in.
    login: tokio::sync::Mutex<()>,
    /// Counts logins, so that whoever waited for one sees that it came to something.
    logins: AtomicU64,
    closed: AtomicBool,
}

impl<S> Shared<S> {
    /// Takes the memory, without what is of before the last logout or login.
    async fn remember(&self) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().await;
        memory.keep_if_of(self.places.generation());
        memory
    }

    /// Gives the memory back: notes what it holds, unless that counts no longer.
    fn put_back(&self, mut memory: MutexGuard<'_, Memory>) {
        memory.keep_if_of(self.places.generation());
        self.places.note(memory.generation, Noted::of(memory.last.as_ref()));
    }

    /// Lets nothing be given that was obtained before.
    fn forget(&self) {
        let generation = self.places.turn();
        // Whoever holds the memory finds the generation changed.
        if let Ok(mut memory) = self.memory.try_lock() {
            memory.keep_if_of(generation);
        }
    }

    /// Tells the program of a new grant, and waits until it has taken note.
    async fn tell(&self, grant: &Grant) {
        if let Some(on_update) = &self.on_update {
            on_update(grant.clone()).await;
        }
    }
}

impl<S: TokenSource> Shared<S> {
    /// Returns the inner provider for the scopes that are asked for.
    fn inner(&self, context: &Context) -> Option<Bound> {
        let inner = self.source.inner()?;
        Some(match context.scopes() {
            [] => inner.clone(),
            scopes => inner.with_scopes(scopes.to_vec()),
        })
    }
}

impl<S: TokenSource> Cached<S> {
    /// Caches the tokens of a source, with the default options.
    pub fn new(source: S) -> Self {
        Self::with_options(source, CacheOptions::default())
    }

    /// Caches the tokens of a source.
    pub fn with_options(source: S, options: CacheOptions) -> Self {
        let places = Places::default();
        let place = places.of(&[]);
        let shared = Shared {
            source,
            options,
            places,
            memory: tokio::sync::Mutex::default(),
            on_update: None,
            login: tokio::sync::Mutex::default(),
            logins: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), place }
    }

    /// Calls a function with each new grant, and waits for it to end before the token is handed out. It
    /// is for programs that keep tokens themselves.
    ///
    /// ```
    /// # use authn::{Cached, Token};
    /// let cached = Cached::new(authn::from_fn(|_| async { Token::new("abc") }))
    ///     .on_update(|grant| async move { println!("until {:?}", grant.token().expires_at()) });
    /// ```
    #[must_use]
    pub fn on_update<F, Done>(self, function: F) -> Self
    where
        F: Fn(Grant) -> Done + Send + Sync + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let function = Arc::new(function);
        self.set_on_update(Arc::new(move |grant| Box::pin(function(grant))))
    }

    /// Does what [`on_update`](Self::on_update) does with a function that does not wait.
    #[must_use]
    pub fn on_update_sync(self, function: impl Fn(&Grant) + Send + Sync + 'static) -> Self {
        self.set_on_update(Arc::new(move |grant| {
            function(&grant);
            Box::pin(std::future::ready(()))
        }))
    }

    fn set_on_update(mut self, on_update: OnUpdate) -> Self {
        // Nobody else holds a cache that has just been made; a clone of one that runs keeps its own.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.on_update = Some(on_update);
        }
        self
    }

    /// Hands the token that is at hand to `use_token`, and sees to it that it stays fresh.
    #[inline]
    fn with_ready<R>(&self, context: &Context, use_token: impl FnOnce(&Token) -> R) -> Option<R> {
        let guard = self.place.slot.load();
        let rotation = guard.as_deref()?;
        let now = context.clock().now();
        if rotation.schedule.refresh.reached(now) && !self.still_usable(rotation, context, now) {
            return None;
        }
        Some(use_token(rotation.token()))
    }

    /// Past the refresh point: starts a refresh that nobody waits for, unless the token's use has ended.
    #[cold]
    #[inline(never)]
    fn still_usable(&self, rotation: &Rotation, context: &Context, now: Moment) -> bool {
        if rotation.schedule.end_of_use.reached(now) || context.awaits_refresh() {
            return false;
        }
        if self.place.tower.is_busy() {
            return true;
        }
        // Whatever comes of it, this token serves; its failure is held back by the tower.
        let _ = self.depart(context, now);
        true
    }

    /// Gives a token: the one at hand, or the one that a flight brings.
    async fn fly(&self, context: &Context) -> Result<Token> {
        if let Some(token) = self.stored(context) {
            return Ok(token);
        }
        // A stored token that is no longer fresh may still serve while it is renewed behind the back.
        if let Some(token) = self.with_ready(context, Clone::clone) {
            return Ok(token);
        }
        let now = context.clock().now();
        let result = match self.depart(context, now) {
            Ok(token) => return Ok(token),
            Err(Clearance::HeldBack(error)) => Err(error),
            Err(Clearance::Join(landing) | Clearance::Start(landing, _)) => arrival(landing).await,
        };
        // The exchange failed: what has not expired serves.
        result.or_else(|error| self.until_expiry(context).ok_or(error))
    }

    /// A stored token that is fresh is taken without a flight: a short-lived program starts no thread.
    fn stored(&self, context: &Context) -> Option<Token> {
        if self.place.slot.load().is_some() || self.shared.closed.load(Ordering::Acquire) {
            return None;
        }
        let drawer = context.drawer()?;
        // Held by an exchange, it may know more than the store does.
        let memory = self.shared.memory.try_lock().ok()?;
        let exchange = Exchange::new(&self.shared, &self.place, context);
        if memory.has_unsaved(exchange.generation) {
            return None;
        }
        let mut record = drawer.load_now()?;
        identity::keep_session(&self.shared, drawer, &mut record);
        exchange.adopt(&record)
    }

    fn until_expiry(&self, context: &Context) -> Option<Token> {
        let guard = self.place.slot.load();
        let rotation = guard.as_deref()?;
        let expired = rotation.schedule.expiry.reached(context.clock().now());
        (!expired).then(|| rotation.token().clone())
    }

    /// Joins the flight that is under way, or starts one that nobody's going can end.
    fn depart(&self, context: &Context, now: Moment) -> Result<Token, Clearance> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(Clearance::HeldBack(closed()));
        }
        let usable = self.is_usable(now);
        let fresh = || {
            let guard = self.place.slot.load();
            let rotation = guard.as_deref()?;
            (!rotation.schedule.refresh.reached(now)).then(|| rotation.token().clone())
        };
        let clearance = match self.place.tower.clear(now, usable, &self.shared.options, fresh) {
            Err(Clearance::Start(landing, takeoff)) => {
                self.start(context, takeoff);
                Clearance::Join(landing)
            }
            Err(clearance) => clearance,
            Ok(token) => return Ok(token),
        };
        Err(clearance)
    }

    fn is_usable(&self, now: Moment) -> bool {
        self.place
            .slot
            .load()
            .as_deref()
            .is_some_and(|rotation| !rotation.schedule.expiry.reached(now))
    }

    fn start(&self, context: &Context, takeoff: Takeoff) {
        let flight = Flight {
            shared: Arc::clone(&self.shared),
            place: Arc::clone(&self.place),
            context: context.clone(),
            generation: self.shared.places.generation(),
            takeoff: Some(takeoff),
        };
        match runtime::handle() {
            Ok(runtime) => drop(runtime.spawn(flight.run())),
            Err(error) => flight.land(Err(error)),
        }
    }
}

/// One exchange. Dropped before its end, by a panic, it lands with an error.
struct Flight<S: TokenSource> {
    shared: Arc<Shared<S>>,
    place: Arc<Place>,
    context: Context,
    generation: u64,
    takeoff: Option<Takeoff>,
}

impl<S: TokenSource> Flight<S> {
    async fn run(self) {
        let result = Exchange::new(&self.shared, &self.place, &self.context).run().await;
        self.land(result);
    }

    fn land(mut self, result: Result<Token>) {
        if let Some(takeoff) = self.takeoff.take() {
            self.tell(&takeoff, result);
        }
    }

    fn tell(&self, takeoff: &Takeoff, result: Result<Token>) {
        let now = self.context.clock().now();
        let usable = self
            .place
            .slot
            .load()
            .as_deref()
            .is_some_and(|rotation| !rotation.schedule.end_of_use.reached(now));
        // Nobody is logged in: another process's login is found by reading the store again.
        let nobody = |error: &Error| error.kind() == ErrorKind::LoginRequired;
        let cheap = result.as_ref().is_err_and(nobody)
            && self.context.drawer().is_some()
            && matches!(self.shared.source.session(), SessionPolicy::Begun);
        if let Err(error) = &result {
            tracing::warn!(key = self.context.key(), kind = ?error.kind(), usable, "exchange failed");
        }
        self.place.tower.land(takeoff, result, now, usable, cheap);
        if self.shared.places.generation() != self.generation {
            self.place.tower.forget_failure();
        }
    }
}

impl<S: TokenSource> Drop for Flight<S> {
    fn drop(&mut self) {
        if let Some(takeoff) = self.takeoff.take() {
            self.tell(&takeoff, Err(crashed()));
        }
    }
}

impl<S: TokenSource> TokenProvider for Cached<S> {
    fn validate(&self, context: &Context) -> Result<()> {
        let options = &self.shared.options;
        if self.shared.source.inner().is_some()
            && let Some(option) = options.about_users()
        {
            return Err(Error::configuration(format!(
                "`{option}` has no effect here, where a token is passed on; \
                 move it to the table of the provider within"
            )));
        }
        self.shared.source.validate(context)
    }

    async fn token(&self, context: &Context) -> Result<Token> {
        self.fly(context).await
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        if request.is_authorized() {
            return Ok(());
        }
        let token = self.fly(context).await?;
        self.shared.source.authorize(request, &token, context)
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        self.with_ready(context, Clone::clone)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        self.with_ready(context, |token| self.shared.source.authorize(request, token, context))
    }

    fn scoped(&self, context: &Context) -> Option<Self> {
        let place = self.shared.places.of(context.scopes());
        Some(Self { shared: Arc::clone(&self.shared), place })
    }

    fn identity(&self, context: &Context) -> Option<String> {
        self.shared.source.identity(context)
    }

    fn managed(&self) -> Option<&dyn Managed> {
        Some(self)
    }
}

impl<S: TokenSource> Managed for Cached<S> {
    fn invalidate(&self, token: &Token, context: &Context) {
        if let Some(inner) = self.shared.inner(context) {
            inner.managed().invalidate(token, &inner.context);
        }
        self.place.refuse(token);
    }

    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(session::status(&self.shared, &self.place, context))
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(login::login(&self.shared, &self.place, context, login))
    }

    fn needs_login(&self) -> bool {
        let inner = self.shared.source.inner();
        inner
            .map_or_else(|| self.shared.source.needs_login(), |inner| inner.managed().needs_login())
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        match self.shared.source.inner() {
            Some(inner) => inner.managed().login_plan(environment),
            None => self.shared.source.login_plan(environment),
        }
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        match self.shared.source.inner() {
            Some(inner) => inner.managed().probe(&inner.context),
            None => Box::pin(self.shared.source.probe(context)),
        }
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(session::logout(&self.shared, context))
    }

    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(session::revoke(&self.shared, context))
    }

    fn store(&self) -> Option<String> {
        let by_default = match self.shared.source.session() {
            SessionPolicy::None => "memory",
            SessionPolicy::Begun | SessionPolicy::From(_) => "file",
        };
        Some(self.shared.options.store.clone().unwrap_or_else(|| by_default.to_owned()))
    }

    fn login_options(&self) -> &'static [&'static str] {
        self.shared.source.login_options()
    }

    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(self.end(context))
    }
}

impl<S: TokenSource> Cached<S> {
    async fn end(&self, context: &Context) {
        self.shared.closed.store(true, Ordering::Release);
        if let Some(inner) = self.shared.source.inner() {
            inner.managed().close(&inner.context).await;
        }
        let flights = self.shared.places.landings();
        if flights.is_empty() && self.shared.login.try_lock().is_ok() {
            return;
        }
        let landed = async {
            drop(self.shared.login.lock().await);
            for flight in flights {
                // Its failure has been told to those who asked for the token.
                let _ = arrival(flight).await;
            }
        };
        // A flight needs the background runtime, so it is there; its timers need no runtime of the caller's.
        if let Ok(runtime) = runtime::handle() {
            let end = {
                let _timers = runtime.enter();
                context.clock().sleep(deadline::CLOSE)
            };
            // What is not over by then goes on, and nobody waits for it.
            let _ = before(landed, end).await;
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.source.fmt(f)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "these credentials were closed; load new ones")
}
