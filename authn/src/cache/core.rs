//! `Core`: the cache of one source, whatever the source's type.

use std::sync::{Arc, atomic::AtomicBool};

use arc_swap::ArcSwap;
use tracing::Span;

use super::{
    CacheOptions,
    exchange::Exchange,
    flight::Flight,
    per_request::{self, PerRequest},
    schedule::Schedule,
    scopes::{ScopeSlot, SlotKey},
    single_flight::{Admission, Wish, wait},
    slot::Rotation,
    state::SessionState,
};
use crate::{
    Bound, Context, Error, Issued, Origins, Result, SessionPolicy, Token,
    provider::ErasedSource,
    runtime::{self, aside},
    telemetry::{self, Labels, Metric, Operation},
    time::Moment,
    token::OnUpdate,
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
    pub(super) on_update: Option<OnUpdate>,
    /// The caches that are used in its place, if the tokens belong to the request being served.
    pub(super) requests: Option<PerRequest>,
    /// Whether it is one of these caches.
    pub(super) is_of_request: bool,
    state: ArcSwap<SessionState>,
}

impl Shared {
    /// Returns the state of the session.
    pub(super) fn state(&self) -> Arc<SessionState> {
        self.state.load_full()
    }

    /// Returns the state of the session, and those of the requests being served.
    pub(super) fn states(&self) -> Vec<Arc<SessionState>> {
        let mut states = self.requests.as_ref().map_or_else(Vec::new, PerRequest::states);
        states.push(self.state());
        states
    }

    /// Returns whether a token is still the source's, besides its expiry. That can be asked of a disk that does not answer, so
    /// that the background thread does not ask itself.
    pub(super) async fn is_current(&self, issued: &Issued) -> bool {
        if !runtime::is_here() {
            return self.source.is_current(issued);
        }
        let (source, issued) = (Arc::clone(&self.source), issued.clone());
        // Without a thread to ask on, the token is used.
        aside(move || Ok(source.is_current(&issued))).await.unwrap_or(true)
    }

    /// Returns the provider whose tokens are passed on, and those whose tokens are sent.
    pub(super) fn nested(&self) -> impl Iterator<Item = &Bound> {
        self.source.inner().into_iter().chain(self.source.subjects())
    }

    /// Returns the nested providers whose sessions end with that of this cache. A user who is being served has none.
    pub(super) fn sessions_below(&self) -> impl Iterator<Item = &Bound> {
        let has_session = |nested: &&Bound| !nested.per_request && nested.managed().has_session();
        let is_of_request = self.is_of_request;
        self.nested().filter(move |nested| !is_of_request && has_session(nested))
    }

    /// Returns whether its tokens are stored by default although they are of no session: the next program of a user needs no
    /// exchange then, and without the store this one goes on.
    pub(super) fn stores_for_the_next(&self, context: &Context) -> bool {
        self.options.store.is_none()
            && context.stores_tokens()
            && matches!(self.source.session(), SessionPolicy::None)
            && self.source.is_shareable()
            // Another user may log in at a nested provider.
            && self.nested().all(|nested| nested.is_shareable() && !nested.managed().has_session())
    }

    /// Returns the provider at which users log in and out in place of this one: the one whose tokens are passed on, or a
    /// subject that needs a login.
    pub(super) fn below(&self) -> Option<&Bound> {
        let subjects = || self.source.subjects();
        let needs_login = |subject: &&Bound| subject.managed().needs_login();
        self.source.inner().or_else(|| subjects().into_iter().find(needs_login))
    }
}

impl Core {
    pub(super) fn new(source: Arc<dyn ErasedSource>, options: CacheOptions) -> Self {
        let is_per_request = source.subjects().iter().any(|subject| subject.per_request);
        let requests = is_per_request.then(PerRequest::default);
        Self::with(source, options, requests, false)
    }

    /// Returns an empty cache for one request.
    pub(super) fn for_one_request(&self) -> Self {
        let Shared { source, options, .. } = &*self.shared;
        Self::with(Arc::clone(source), options.clone(), None, true)
    }

    fn with(
        source: Arc<dyn ErasedSource>,
        options: CacheOptions,
        requests: Option<PerRequest>,
        is_of_request: bool,
    ) -> Self {
        let state = Arc::<SessionState>::default();
        let scope = state.slots.of(SlotKey::default());
        let state = ArcSwap::new(state);
        let shared = Shared { source, options, on_update: None, requests, is_of_request, state };
        Self { shared: Arc::new(shared), scope }
    }

    /// Continues a session in memory, which may be that of an older cache. It is called before the first use of this one.
    pub(super) fn join(&self, state: Arc<SessionState>, context: &Context) {
        state.slots.join(SlotKey::of(context), &self.scope);
        self.shared.state.store(state);
    }

    pub(super) fn set_on_update(&mut self, on_update: OnUpdate) {
        // A cache that has just been made has no other handle; a clone of one in use keeps its own function.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.on_update = Some(on_update);
        }
    }

    /// Returns the same cache for the scopes of a context.
    pub(super) fn scoped(&self, context: &Context) -> Self {
        let scope = self.shared.state.load().slots.of(SlotKey::of(context));
        Self { shared: Arc::clone(&self.shared), scope }
    }

    /// Fails if an option has no effect, or if the inner provider's credential can't be cached.
    pub(super) fn validate(&self) -> Result<()> {
        let store = self.shared.options.store.as_deref();
        if self.shared.requests.is_some() && store.is_some_and(|store| store != "memory") {
            return Err(per_request::stored());
        }
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
        if let Some(requests) = &self.shared.requests {
            return self.with_ready_of_request(requests, context, use_token);
        }
        let guard = self.scope.slot.load();
        let rotation = guard.as_deref()?;
        let now = context.clock().now();
        if rotation.schedule.refresh.reached(now) && !self.still_usable(rotation, context, now) {
            return None;
        }
        Some(use_token(rotation.issued()))
    }

    #[cold]
    #[inline(never)]
    fn with_ready_of_request<R>(
        &self,
        requests: &PerRequest,
        context: &Context,
        use_token: impl FnOnce(&Issued) -> R,
    ) -> Option<R> {
        let (cache, context) = self.of_request_now(requests, context)?;
        cache.with_ready(&context, use_token)
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
        let _ = self.admit(context, now, Wish::Token, None, telemetry::refresh);
        true
    }

    /// Returns a valid token, exchanging for one if there is none.
    pub(super) async fn issued(&self, context: &Context) -> Result<Issued> {
        match &self.shared.requests {
            Some(requests) => {
                let (cache, context) = self.of_request(requests, context).await?;
                cache.issued_here(&context).await
            }
            None => self.issued_here(context).await,
        }
    }

    async fn issued_here(&self, context: &Context) -> Result<Issued> {
        let mut outdated = None;
        // A stored token that is no longer fresh may be usable while it is refreshed in the background.
        let ready = self.stored(context).or_else(|| self.with_ready(context, Clone::clone));
        if let Some(issued) = ready {
            if self.shared.is_current(&issued).await {
                return Ok(issued);
            }
            outdated = Some(issued);
        }
        let exchanged = async {
            let mut result = self.exchanged(context, Wish::Token, outdated.as_ref()).await;
            if let Ok(issued) = &result
                && !self.shared.is_current(issued).await
            {
                // An exchange that was under way before this call may have the token before.
                let issued = issued.clone();
                result = self.exchanged(context, Wish::Token, Some(&issued)).await;
            }
            result.or_else(|error| {
                // A token that has not expired is used.
                let unexpired: fn(&Schedule) -> Moment = |schedule| schedule.expiry;
                let now = context.clock().now();
                let stale = self.scope.before(unexpired, now, Clone::clone).ok_or(error)?;
                Metric::StaleUse.count(context.labels());
                Ok(stale)
            })
        };
        Operation::wait(context.labels()).run(exchanged).await
    }

    /// Returns the token of an exchange that starts after this call, or that others have asked for in the same way.
    pub(super) async fn refreshed(&self, context: &Context) -> Result<Issued> {
        match &self.shared.requests {
            Some(requests) => {
                let (cache, context) = self.of_request(requests, context).await?;
                cache.exchanged(&context, Wish::NewToken, None).await
            }
            None => self.exchanged(context, Wish::NewToken, None).await,
        }
    }

    /// Joins or starts an exchange that fulfils a wish, and waits for it. An outdated token fulfils none.
    async fn exchanged(
        &self,
        context: &Context,
        wish: Wish,
        outdated: Option<&Issued>,
    ) -> Result<Issued> {
        loop {
            let now = context.clock().now();
            return match self.admit(context, now, wish, outdated, telemetry::exchange) {
                Admission::Ready(issued) => Ok(issued),
                Admission::Wait(waiter) | Admission::Lead(waiter, ..) => wait(waiter).await,
                Admission::After(waiter) => {
                    // Its result is for those who joined it.
                    let _ = wait(waiter).await;
                    continue;
                }
                Admission::HeldBack(error) => Err(error),
            };
        }
    }

    /// Returns the origins that the server has named for the token in memory, which may have expired, or else for the stored one.
    pub(super) fn discovered_origins(&self, context: &Context) -> Option<Arc<Origins>> {
        if let Some(rotation) = self.scope.slot.load().as_deref() {
            return rotation.issued().origins().cloned();
        }
        let session = context.session_spec()?.find_now(self.shared.source.session());
        let mut record = session.load_now()?;
        session.keep_session(&mut record);
        let of_session = Issued::new(Token::placeholder(), record.kept());
        record.origins().filter(|_| self.shared.source.is_own(&of_session))
    }

    /// Adopts a stored token that is fresh, so that a short-lived program starts no thread.
    fn stored(&self, context: &Context) -> Option<Issued> {
        let state = self.shared.state();
        if self.scope.slot.load().is_some() || state.slots.is_closed() {
            return None;
        }
        let session = context.session_spec()?.find_now(self.shared.source.session());
        // If an exchange has it locked, it may hold more than the store does.
        let memory = state.memory_lock();
        let memory = memory.try_lock().ok()?;
        let exchange = self.exchange(context, Wish::Token);
        if memory.is_ahead(exchange.generation) {
            return None;
        }
        let mut record = session.load_now()?;
        exchange.keep_session(&session, &mut record);
        exchange.adopt(&session, &record)
    }

    pub(super) fn exchange(&self, context: &Context, wish: Wish) -> Exchange {
        let state = self.shared.state();
        let (generation, invalidations) = state.slots.counts();
        Exchange {
            shared: Arc::clone(&self.shared),
            state,
            scope: Arc::clone(&self.scope),
            context: context.clone(),
            generation,
            invalidations,
            forced: wish == Wish::NewToken,
            has_asked: AtomicBool::new(false),
        }
    }

    /// Joins the exchange that is under way, or starts one in the background, within the span that `span` makes.
    fn admit(
        &self,
        context: &Context,
        now: Moment,
        wish: Wish,
        outdated: Option<&Issued>,
        span: fn(&Labels) -> Span,
    ) -> Admission {
        let scope = &self.scope;
        let unexpired = scope.before(|schedule| schedule.expiry, now, Clone::clone);
        let is_outdated =
            |issued: &Issued| outdated.is_some_and(|of| of.token().is_same(issued.token()));
        // Whether it is current is not asked here: nothing that waits may hold the lock of all callers.
        let fresh = || {
            let fresh = scope.before(|schedule| schedule.refresh, now, Clone::clone);
            fresh.filter(|issued| !is_outdated(issued))
        };
        match scope.single_flight.admit(wish, now, unexpired, &self.shared.options, fresh) {
            Admission::Lead(waiter, leader) => {
                Flight::start(self.exchange(context, wish), leader, span(context.labels()));
                Admission::Wait(waiter)
            }
            other => other,
        }
    }
}
