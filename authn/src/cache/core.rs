//! `Core`: the cache of one source, whatever the source's type.

use std::sync::{Arc, atomic::AtomicU64};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    CacheOptions,
    exchange::{Exchange, OnUpdate},
    flight::Flight,
    memory::Memory,
    scopes::{ScopeSlot, ScopeSlots},
    single_flight::{Admission, wait},
    slot::Rotation,
};
use crate::{
    Context, Error, Issued, Result, per_process::PerProcess, provider::ErasedSource, time::Moment,
};

/// The cache of one source for one set of scopes. A clone shares everything.
#[derive(Clone)]
pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) scope: Arc<ScopeSlot>,
}

/// What all scopes of one source share.
pub(super) struct Shared {
    pub(super) source: Arc<dyn ErasedSource>,
    pub(super) options: CacheOptions,
    pub(super) slots: ScopeSlots,
    /// An exchange of the parent can have it locked when the process forks.
    memory: PerProcess<Arc<Mutex<Memory>>>,
    pub(super) on_update: Option<OnUpdate>,
    /// Locked while a user logs in.
    login: PerProcess<Arc<Mutex<()>>>,
    /// Counts logins, so that a caller that waited for one sees that it succeeded.
    pub(super) logins: AtomicU64,
}

impl Shared {
    /// Locks the memory and empties it if a logout or a login has happened since it was filled.
    pub(super) async fn memory(&self) -> OwnedMutexGuard<Memory> {
        let mut memory = self.memory_lock().lock_owned().await;
        memory.keep_if_of(self.slots.generation());
        memory
    }

    /// Returns the lock of the memory. A child takes over what its parent kept, unless an exchange was under way: that
    /// one's result is the parent's.
    fn memory_lock(&self) -> Arc<Mutex<Memory>> {
        let of_child = |of_parent: Option<&Arc<Mutex<Memory>>>| {
            let kept = of_parent.and_then(|memory| Some(memory.try_lock().ok()?.clone()));
            Arc::new(Mutex::new(kept.unwrap_or_default()))
        };
        Arc::clone(&self.memory.get(of_child).value)
    }

    /// Returns the lock of logins.
    pub(super) fn login_lock(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.login.get(|_| Arc::default()).value)
    }

    /// Unlocks the memory and publishes the session's state, unless a logout or a login has happened.
    pub(super) fn put_back(&self, mut memory: OwnedMutexGuard<Memory>) {
        memory.keep_if_of(self.slots.generation());
        self.slots.set_status(memory.generation, memory.status());
    }

    /// Drops all tokens that were obtained before.
    pub(super) fn forget(&self) {
        let generation = self.slots.start_generation();
        // If it is locked, its holder finds the generation changed.
        if let Ok(mut memory) = self.memory_lock().try_lock() {
            memory.keep_if_of(generation);
        }
    }
}

impl Core {
    pub(super) fn new(source: Arc<dyn ErasedSource>, options: CacheOptions) -> Self {
        let slots = ScopeSlots::default();
        let scope = slots.of(&[]);
        let shared = Shared {
            source,
            options,
            slots,
            memory: PerProcess::default(),
            on_update: None,
            login: PerProcess::default(),
            logins: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), scope }
    }

    pub(super) fn set_on_update(&mut self, on_update: OnUpdate) {
        // A cache that has just been made has no other handle; a clone of one in use keeps its own function.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.on_update = Some(on_update);
        }
    }

    /// Returns the same cache for the scopes of a context.
    pub(super) fn scoped(&self, context: &Context) -> Self {
        let scope = self.shared.slots.of(context.scopes());
        Self { shared: Arc::clone(&self.shared), scope }
    }

    /// Fails if an option has no effect, or if the inner provider's credential can't be cached.
    pub(super) fn validate(&self) -> Result<()> {
        let Some(inner) = self.shared.source.inner() else { return Ok(()) };
        if let Some(option) = self.shared.options.about_users() {
            return Err(Error::configuration(format!(
                "`{option}` has no effect here, where a token is passed on"
            ))
            .with_help("move it to the table of the inner provider"));
        }
        inner.check_is_cacheable()
    }

    /// Passes the cached token to `use_token`, and starts a refresh if it is due.
    #[inline]
    pub(super) fn with_ready<R>(
        &self,
        context: &Context,
        use_token: impl FnOnce(&Issued) -> R,
    ) -> Option<R> {
        let guard = self.scope.slot.load();
        let rotation = guard.as_deref()?;
        let now = context.clock().now();
        if rotation.schedule.refresh.reached(now) && !self.still_usable(rotation, context, now) {
            return None;
        }
        Some(use_token(rotation.issued()))
    }

    /// After the refresh point: starts a refresh in the background, and returns whether the token may be used until
    /// it ends.
    #[cold]
    #[inline(never)]
    fn still_usable(&self, rotation: &Rotation, context: &Context, now: Moment) -> bool {
        if rotation.schedule.end_of_use.reached(now) || context.awaits_refresh() {
            return false;
        }
        if !self.scope.single_flight.is_due(now) {
            return true;
        }
        // Whatever its result, this token is usable.
        let _ = self.admit(context, now);
        true
    }

    /// Returns a valid token, exchanging for one if there is none.
    pub(super) async fn issued(&self, context: &Context) -> Result<Issued> {
        if let Some(issued) = self.stored(context) {
            return Ok(issued);
        }
        // A stored token that is no longer fresh may be usable while it is refreshed in the background.
        if let Some(issued) = self.with_ready(context, Clone::clone) {
            return Ok(issued);
        }
        let result = match self.admit(context, context.clock().now()) {
            Admission::Ready(issued) => Ok(issued),
            Admission::Wait(waiter) | Admission::Lead(waiter, ..) => wait(waiter).await,
            Admission::HeldBack(error) => Err(error),
        };
        // The exchange failed: a token that has not expired is used.
        let unexpired =
            || self.scope.before(|schedule| schedule.expiry, context.clock().now(), Clone::clone);
        result.or_else(|error| unexpired().ok_or(error))
    }

    /// Adopts a stored token that is fresh, so that a short-lived program starts no thread.
    fn stored(&self, context: &Context) -> Option<Issued> {
        if self.scope.slot.load().is_some() || self.shared.slots.is_closed() {
            return None;
        }
        let session = context.session_spec()?.find_now(self.shared.source.session());
        // If an exchange has it locked, it may hold more than the store does.
        let memory = self.shared.memory_lock();
        let memory = memory.try_lock().ok()?;
        let exchange = self.exchange(context);
        if memory.has_unsaved(exchange.generation) {
            return None;
        }
        let mut record = session.load_now()?;
        exchange.keep_session(&session, &mut record);
        exchange.adopt(&session, &record)
    }

    pub(super) fn exchange(&self, context: &Context) -> Exchange {
        Exchange {
            shared: Arc::clone(&self.shared),
            scope: Arc::clone(&self.scope),
            context: context.clone(),
            generation: self.shared.slots.generation(),
        }
    }

    /// Joins the exchange that is under way, or starts one in the background.
    fn admit(&self, context: &Context, now: Moment) -> Admission {
        let scope = &self.scope;
        let unexpired = scope.before(|schedule| schedule.expiry, now, Clone::clone);
        let fresh = || scope.before(|schedule| schedule.refresh, now, Clone::clone);
        match scope.single_flight.admit(now, unexpired, &self.shared.options, fresh) {
            Admission::Lead(waiter, leader) => {
                Flight::start(self.exchange(context), leader);
                Admission::Wait(waiter)
            }
            other => other,
        }
    }
}
