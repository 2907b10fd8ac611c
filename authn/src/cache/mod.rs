//! `Cached`: makes a provider of a source, and keeps its token fresh.
//!
//! The warm path is one wait-free read of a striped slot and two coarse clock reads, without a lock or an
//! allocation. A refresh starts before the token ends, in the background, and if it fails the old token
//! serves until it really expires.

mod adopt;
mod exchange;
mod expected_user;
mod login;
mod memory;
mod options;
mod provider;
mod schedule;
mod scopes;
mod session;
mod single_flight;
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
    Context, Error, ErrorKind, Grant, Result, SessionPolicy, Token, TokenSource, runtime,
    time::Moment,
};
use exchange::{Exchange, OnUpdate};
use memory::Memory;
use scopes::{ScopeSlot, ScopeSlots};
use single_flight::{Leader, Waiter, crashed};
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
    scope: Arc<ScopeSlot>,
}

/// What all scopes of one source share.
struct Shared<S> {
    source: S,
    options: CacheOptions,
    slots: ScopeSlots,
    memory: tokio::sync::Mutex<Memory>,
    on_update: Option<OnUpdate>,
    /// Held while a user logs in.
    login: tokio::sync::Mutex<()>,
    /// Counts logins, so that a caller who waited for one sees that it succeeded.
    logins: AtomicU64,
    closed: AtomicBool,
}

impl<S> Shared<S> {
    /// Takes the memory, without what is of before the last logout or login.
    async fn remember(&self) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().await;
        memory.keep_if_of(self.slots.generation());
        memory
    }

    /// Returns the memory back: notes what it holds, unless that counts no longer.
    fn put_back(&self, mut memory: MutexGuard<'_, Memory>) {
        memory.keep_if_of(self.slots.generation());
        self.slots.note(memory.generation, memory.status());
    }

    /// Forgets the tokens that were obtained before.
    fn forget(&self) {
        let generation = self.slots.turn();
        // The holder of the memory finds the generation changed.
        if let Ok(mut memory) = self.memory.try_lock() {
            memory.keep_if_of(generation);
        }
    }
}

impl<S: TokenSource> Cached<S> {
    /// Caches the tokens of a source, with the default options.
    pub fn new(source: S) -> Self {
        Self::with_options(source, CacheOptions::default())
    }

    /// Caches the tokens of a source.
    pub fn with_options(source: S, options: CacheOptions) -> Self {
        let slots = ScopeSlots::default();
        let scope = slots.of(&[]);
        let shared = Shared {
            source,
            options,
            slots,
            memory: tokio::sync::Mutex::default(),
            on_update: None,
            login: tokio::sync::Mutex::default(),
            logins: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), scope }
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
        // There is no other handle to a cache that has just been made; a clone of one that runs keeps its own.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.on_update = Some(on_update);
        }
        self
    }

    /// Hands the token that is at hand to `use_token`, and sees to it that it stays fresh.
    #[inline]
    fn with_ready<R>(&self, context: &Context, use_token: impl FnOnce(&Token) -> R) -> Option<R> {
        let guard = self.scope.slot.load();
        let rotation = guard.as_deref()?;
        let now = context.clock().now();
        if rotation.schedule.refresh.reached(now) && !self.still_usable(rotation, context, now) {
            return None;
        }
        Some(use_token(rotation.token()))
    }

    /// Past the refresh point: starts a refresh that is not waited for, unless the token's use has ended.
    #[cold]
    #[inline(never)]
    fn still_usable(&self, rotation: &Rotation, context: &Context, now: Moment) -> bool {
        if rotation.schedule.end_of_use.reached(now) || context.awaits_refresh() {
            return false;
        }
        if self.scope.single_flight.is_busy() {
            return true;
        }
        // Whatever comes of it, this token serves; its failure is held back from the next.
        let _ = self.start(context, now);
        true
    }

    /// A stored token that is fresh is taken without an exchange: a short-lived program starts no thread.
    fn stored(&self, context: &Context) -> Option<Token> {
        if self.scope.slot.load().is_some() || self.shared.closed.load(Ordering::Acquire) {
            return None;
        }
        let session = context.stored_session()?;
        // Held by an exchange, it may know more than the store does.
        let memory = self.shared.memory.try_lock().ok()?;
        let exchange = self.exchange(context);
        if memory.has_unsaved(exchange.generation) {
            return None;
        }
        let mut record = session.load_now()?;
        exchange.keep_session(session, &mut record);
        exchange.adopt(&record)
    }

    fn exchange(&self, context: &Context) -> Exchange<S> {
        Exchange {
            shared: Arc::clone(&self.shared),
            scope: Arc::clone(&self.scope),
            context: context.clone(),
            generation: self.shared.slots.generation(),
        }
    }

    /// Joins the exchange that is under way, or starts one, which no caller's going can end.
    fn start(&self, context: &Context, now: Moment) -> Result<Waiter> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let scope = &self.scope;
        let usable = scope.before(|schedule| schedule.expiry, now, |_| ()).is_some();
        let fresh = || scope.before(|schedule| schedule.refresh, now, Clone::clone);
        let (waiter, leader) =
            scope.single_flight.admit(now, usable, &self.shared.options, fresh)?;
        if leader.is_some() {
            let mut flight = Flight { exchange: self.exchange(context), leader };
            match runtime::handle() {
                Ok(runtime) => drop(runtime.spawn(async move { flight.run().await })),
                Err(error) => flight.end(Err(error)),
            }
        }
        Ok(waiter)
    }
}

/// An exchange that others wait for. Dropped before its end, by a panic, it ends with an error.
struct Flight<S: TokenSource> {
    exchange: Exchange<S>,
    leader: Option<Leader>,
}

impl<S: TokenSource> Flight<S> {
    async fn run(&mut self) {
        let result = self.exchange.run().await;
        self.end(result);
    }

    fn end(&mut self, result: Result<Token>) {
        let Some(leader) = self.leader.take() else { return };
        let Exchange { shared, scope, context, generation } = &self.exchange;
        let now = context.clock().now();
        let usable = scope.before(|schedule| schedule.end_of_use, now, |_| ()).is_some();
        // Without a session, another process's login is found by reading the store again.
        let lacks_login = |error: &Error| error.kind() == ErrorKind::LoginRequired;
        let cheap = result.as_ref().is_err_and(lacks_login)
            && context.stored_session().is_some()
            && matches!(shared.source.session(), SessionPolicy::Begun);
        if let Err(error) = &result {
            tracing::warn!(key = context.key(), kind = ?error.kind(), usable, "exchange failed");
        }
        scope.single_flight.end(&leader, result, now, usable, cheap);
        if shared.slots.generation() != *generation {
            scope.single_flight.forget_failure();
        }
    }
}

impl<S: TokenSource> Drop for Flight<S> {
    fn drop(&mut self) {
        self.end(Err(crashed()));
    }
}

impl<S: fmt::Debug> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.source.fmt(f)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "these credentials were closed").with_help("load new ones")
}
