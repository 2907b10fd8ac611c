//! `Exchange`: one exchange, with a store or without, and its limits.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use super::{
    core::Shared, memory::Memory, schedule::Schedule, scopes::ScopeSlot, slot::Rotation,
    state::SessionState, stored::Opened,
};
use crate::{
    Context, Error, ErrorKind, Issued, Result, SecretString, SessionPolicy, Token, TokenSet,
    store::{HeldLease, Locked, Record, StoredSession},
    telemetry::{Operation, note_reason},
    time::{Clock, Moment, Sleep, before, chance},
    token::BEARER,
};

/// Longest time for one exchange. The HTTP client's deadlines are shorter. This one is for sources without a deadline,
/// so that one that hangs does not block its callers for ever.
const EXCHANGE: Duration = Duration::from_mins(2);
/// Longest time for reading or writing a store, and for the function of `on_update`.
const STORE: Duration = Duration::from_secs(30);
/// Longest time to wait for the lease. Each exchange has a deadline, and several processes may queue.
pub(super) const LEASE: Duration = Duration::from_mins(5);
/// A lease acquired within this time was not contended: some stores need this long.
pub(super) const MOMENT: Duration = Duration::from_millis(200);
/// Longest time that closing waits for running exchanges.
pub(super) const CLOSE: Duration = Duration::from_secs(30);

/// One exchange for the scopes of a context. Its result is dropped if a logout or a login happens meanwhile, which
/// starts a new generation.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) state: Arc<SessionState>,
    pub(super) scope: Arc<ScopeSlot>,
    pub(super) context: Context,
    pub(super) generation: u64,
    /// How often all tokens had been invalidated when it started.
    pub(super) invalidations: u64,
    /// Whether a caller wants a new token, so that neither a stored nor a cached one will do.
    pub(super) forced: bool,
    /// Whether the source was asked, so that a token is not one that another process has stored.
    pub(super) has_asked: AtomicBool,
}

/// A token set and when it was asked for.
#[derive(Clone)]
pub(super) struct Fresh {
    pub(super) tokens: TokenSet,
    pub(super) issued: Issued,
    pub(super) schedule: Schedule,
    pub(super) asked_at: SystemTime,
    /// Why its access token is not used: the exchange failed, or its user could not be verified. The rest is stored.
    pub(super) unverified: Option<Error>,
    /// The refresh token and the access token that it replaces.
    pub(super) previous: (Option<SecretString>, Option<Token>),
}

impl Exchange {
    /// Makes one exchange and publishes its token.
    pub(super) async fn run(&mut self) -> Result<Issued> {
        let asked = self.context.clock().now().wall();
        self.resolve_references().await?;
        // Locked throughout if there is a session: its one refresh token is for all scopes, and a server that rotates
        // it accepts each only once. Otherwise scopes don't wait for each other.
        let state = Arc::clone(&self.state);
        let mut memory = state.memory().await;
        self.generation = memory.generation;
        let result = match self.open(&mut memory).await? {
            Opened::Saved(issued) => Ok(issued),
            Opened::Stored(opened) => {
                let (stored, record) = *opened;
                self.with_store(&stored, record, &mut memory, asked).await
            }
            Opened::OutOfReach => self.without_store(&mut memory).await,
            Opened::InMemory => match self.report_left(&mut memory).await? {
                Some(issued) => Ok(issued),
                None if memory.has_session(self.shared.source.session()) => {
                    self.in_memory(&mut memory).await
                }
                None => {
                    let sent = self.last(&memory);
                    let has_ended = memory.has_ended;
                    drop(memory);
                    let fresh = self.request(sent.as_ref(), None, None).await;
                    let fresh = fresh.map_err(|error| {
                        self.as_absence_of_login(error, sent.as_ref(), has_ended)
                    })?;
                    memory = state.memory().await;
                    self.keep(&mut memory, fresh).await
                }
            },
        };
        state.put_back(memory);
        result
    }

    async fn in_memory(&self, memory: &mut Memory) -> Result<Issued> {
        let sent = self.last(memory);
        match self.request(sent.as_ref(), None, None).await {
            Ok(fresh) => self.keep(memory, fresh).await,
            Err(error) => {
                let error = self.as_absence_of_login(error, sent.as_ref(), memory.has_ended);
                if is_over(&error, sent.as_ref()) {
                    memory.last = None;
                    memory.has_ended = true;
                }
                Err(error)
            }
        }
    }

    /// Marks the error of a source at which no user has ever logged in: a chain then asks its next provider.
    pub(super) fn as_absence_of_login(
        &self,
        error: Error,
        sent: Option<&TokenSet>,
        has_ended: bool,
    ) -> Error {
        let is_marked = error.kind() == ErrorKind::LoginRequired
            && sent.is_none()
            && !has_ended
            && self.shared.source.needs_login();
        if is_marked { error.as_absence() } else { error }
    }

    /// Keeps the result of an exchange in memory, and publishes its token.
    async fn keep(&self, memory: &mut Memory, fresh: Fresh) -> Result<Issued> {
        self.check()?;
        self.keep_in(memory, &fresh);
        self.warn_of_rotation(&fresh.tokens);
        self.hand_out(memory, fresh).await
    }

    pub(super) fn keep_in(&self, memory: &mut Memory, fresh: &Fresh) {
        memory.last = Some(fresh.tokens.clone());
        memory.has_ended = false;
        memory.last_of = Arc::downgrade(&self.scope);
    }

    /// Returns the last tokens in memory. If they are of other scopes or parameters, they get the last access token of
    /// these, if there is one: a source that renews an access token by itself must not renew another one.
    fn last(&self, memory: &Memory) -> Option<TokenSet> {
        let last = memory.last.clone()?;
        let is_own = memory.last_of.as_ptr() == Arc::as_ptr(&self.scope);
        let own = self.scope.last_token().filter(|_| !is_own);
        Some(match own {
            Some(token) => last.with_token(token),
            None => last,
        })
    }

    /// Fails if a logout or a login has happened since the generation was read.
    pub(super) fn check(&self) -> Result<()> {
        let is_active = self.state.slots.generation() == self.generation;
        is_active.then_some(()).ok_or_else(logged_out)
    }

    /// Resolves the references to secrets again, and looks for what the source finds by itself.
    pub(super) async fn resolve_references(&self) -> Result<()> {
        self.context.resolve_references().await?;
        match self.shared.source.found_secret() {
            Some(found) => found.resolve().await,
            None => Ok(()),
        }
    }

    /// Returns the session that the configured secrets start; `None` if it is only in memory.
    pub(super) async fn session(&self) -> Result<Option<StoredSession>> {
        match self.context.session_spec() {
            Some(spec) => {
                self.limited(spec.open(self.shared.source.session())).await.flatten().map(Some)
            }
            None => Ok(None),
        }
    }

    /// Takes the lease of the session, at most [`LEASE`] from now.
    pub(super) async fn lease(&self, session: &StoredSession) -> Result<HeldLease> {
        self.lease_until(session, &mut self.context.clock().sleep(LEASE)).await
    }

    /// Takes the lease of the session.
    pub(super) async fn lease_until(
        &self,
        session: &StoredSession,
        end: &mut Sleep,
    ) -> Result<HeldLease> {
        let lease = self.leased(session, session.lock(), end).await?;
        Ok(HeldLease::new(lease, session.place()))
    }

    /// Takes the lease of the session, unless its record has another revision or gets one meanwhile.
    pub(super) async fn lease_unless_replaced(
        &self,
        session: &StoredSession,
        revision: u64,
        end: &mut Sleep,
    ) -> Result<Locked<Box<Record>>> {
        let mut locked = self.leased(session, session.lock_unless_replaced(revision), end).await?;
        if let Locked::Replaced(Some(record)) = &mut locked {
            self.keep_session(session, record);
        }
        Ok(locked)
    }

    /// Waits for a lease until a time.
    async fn leased<T>(
        &self,
        session: &StoredSession,
        lock: impl Future<Output = Result<T>>,
        end: &mut Sleep,
    ) -> Result<T> {
        // On the heap: the futures of all exchanges have it in them.
        let lock = Box::pin(self.noting_wait(lock));
        let leased = async {
            before(lock, end).await.unwrap_or_else(|| {
                Err(Error::store(format!(
                    "another process has held the session in {} for {} minutes",
                    session.place(),
                    LEASE.as_secs() / 60
                ))
                .with_help("end it, or try again"))
            })
        };
        Operation::lease_wait(self.context.labels()).run(leased).await
    }

    /// Logs that another process has the lease, if it is waited for.
    async fn noting_wait<T>(&self, lock: impl Future<Output = T>) -> T {
        let mut lock = pin!(lock);
        // Real time, like the wait itself: the other process does not follow the context's clock.
        if let Some(locked) = Clock::system().within(MOMENT, lock.as_mut()).await {
            return locked;
        }
        tracing::info!(authn.key = self.context.key(), "waiting for another process");
        let started = Instant::now();
        let locked = lock.await;
        tracing::info!(
            authn.key = self.context.key(),
            authn.duration = started.elapsed().as_secs_f64(),
            "waited for another process"
        );
        locked
    }

    /// Waits for a store, at most as long as [`STORE`].
    pub(super) async fn limited<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        before(work, self.context.clock().sleep(STORE)).await.ok_or_else(|| {
            unended("the token store")
                .with_help("check the store's server or disk")
                .as_unreachable()
        })
    }

    /// Waits for the function of `on_update`, at most as long as [`STORE`].
    pub(super) async fn notified<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        before(work, self.context.clock().sleep(STORE)).await.ok_or_else(|| {
            unended("the function of `on_update`").with_help("check what it waits for")
        })
    }

    /// Waits for the source, at most as long as [`EXCHANGE`].
    pub(super) async fn answered<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        before(work, self.context.clock().sleep(EXCHANGE)).await.unwrap_or_else(|| {
            Err(Error::network(format!(
                "the exchange did not end within {} minutes and was cancelled",
                EXCHANGE.as_secs() / 60
            ))
            .with_help("try again later"))
        })
    }

    /// Asks the source, which sends only as long as the lease is held, if there is one. `token` is the last token for the
    /// same scopes, if that is known.
    pub(super) async fn request(
        &self,
        last: Option<&TokenSet>,
        token: Option<&Token>,
        lease: Option<&HeldLease>,
    ) -> Result<Fresh> {
        if self.forced {
            self.prepare().await?;
        }
        let asked = self.context.clock().now();
        let reason = self.scope.reason(token, asked);
        let key = self.context.key();
        self.has_asked.store(true, Ordering::Relaxed);
        note_reason(reason);
        tracing::info!(authn.key = key, authn.reason = ?reason, "exchange started");
        let started = Instant::now();
        let context = self.context.clone().change(|parts| {
            parts.reason = reason;
            parts.right = lease.map(HeldLease::right);
        });
        let tokens = self.answered(self.shared.source.request_token(&context, last)).await?;
        // A failure is logged where the exchange ends.
        let elapsed = started.elapsed();
        let (tokens, unverified) = self.check_user(tokens, last).await?;
        let configured = match self.shared.source.session() {
            SessionPolicy::From(secret) => Some(secret),
            SessionPolicy::None | SessionPolicy::Begun | SessionPolicy::Of(_) => None,
        };
        let sent = last.and_then(TokenSet::refresh_token).or(configured).cloned();
        let previous = (sent, self.scope.last_token());
        let fresh = Fresh { unverified, previous, ..self.fresh(tokens, asked, false) };
        self.log(&fresh, elapsed);
        Ok(fresh)
    }

    /// Logs that an exchange has ended, when its token ends, and when that is renewed.
    fn log(&self, fresh: &Fresh, elapsed: Duration) {
        let now = self.context.clock().now();
        let lifetime = fresh.issued.token().expires_at();
        let lifetime = lifetime.and_then(|end| end.duration_since(now.wall()).ok());
        let sent = fresh.previous.0.as_ref();
        let is_new = |new: &SecretString| sent.is_none_or(|sent| *sent.expose() != *new.expose());
        let refresh_token = fresh.tokens.refresh_token();
        tracing::info!(
            authn.key = self.context.key(),
            authn.token.lifetime = lifetime.map(|left| left.as_secs_f64()),
            authn.token.refresh_in =
                lifetime.map(|_| fresh.schedule.refresh.after(now).as_secs_f64()),
            authn.refresh_token = refresh_token.map(|new| if is_new(new) { "new" } else { "same" }),
            authn.duration = elapsed.as_secs_f64(),
            "exchange ended"
        );
    }

    /// Returns whether the source was asked.
    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// Makes sure that the next answer of the source is a new token.
    async fn prepare(&self) -> Result<()> {
        if let Some(inner) = self.inner() {
            inner.refresh().await?;
        }
        if self.shared.source.initial(&self.context).is_some() {
            // The first token, which the source returns once.
            let first = self.shared.source.request_token(&self.context, None);
            let _ = self.answered(first).await?;
        }
        Ok(())
    }

    /// Plans when to refresh a token that was asked for at a time. `is_lasting` is whether it is of a login that nothing
    /// can renew.
    pub(super) fn fresh(&self, tokens: TokenSet, asked: Moment, is_lasting: bool) -> Fresh {
        let now = self.context.clock().now();
        let tokens = tokens.with_clock_compared(asked.wall(), now.wall());
        let options = &self.shared.options;
        let fallback =
            || options.fallback(is_lasting).map_or(Moment::NEVER, |life| asked.plus(life));
        let expiry = tokens.token().expiry(asked, now).unwrap_or_else(fallback);
        let token = tokens.token().clone().settled(expiry);
        let issued = Issued::new(token, tokens.all_kept())
            .with_id_token(tokens.id_token().cloned())
            .with_server_clock_ahead(tokens.server_clock_ahead())
            .with_origins(tokens.origins().cloned());
        let schedule = Schedule::plan(asked, expiry, options, chance());
        Fresh {
            tokens,
            issued,
            schedule,
            asked_at: asked.wall(),
            unverified: None,
            previous: (None, None),
        }
    }

    /// Publishes a token for some scopes; `false` if a logout or a login has happened since the generation was read.
    pub(super) fn publish_in(
        &self,
        scope: &Arc<ScopeSlot>,
        invalidations: u64,
        issued: &Issued,
        schedule: Schedule,
    ) -> Result<bool> {
        let prefix = self.context.placement().map_or(BEARER, |placement| placement.prefix());
        let new = if self.shared.is_of_request { Rotation::of_request } else { Rotation::new };
        let rotation = new(issued, schedule, prefix)?;
        Ok(self.state.slots.publish(self.generation, invalidations, scope, rotation))
    }

    /// Returns the name of the tokens of this call in a record.
    pub(super) fn entry(&self, session: &StoredSession) -> String {
        session.entry(self.context.scopes(), self.context.parameters())
    }
}

/// Returns whether the server has ended the session of the refresh token that was sent.
pub(super) fn is_over(error: &Error, sent: Option<&TokenSet>) -> bool {
    error.kind() == ErrorKind::LoginRequired
        && !error.keeps_session()
        && sent.is_some_and(|tokens| tokens.refresh_token().is_some())
}

/// Returns the last ID token of a stored session.
pub(super) fn last_id_token(record: &Record) -> Option<SecretString> {
    record.any_token_set()?.id_token().cloned()
}

fn unended(what: &str) -> Error {
    Error::store(format!("{what} did not end within {} seconds", STORE.as_secs()))
}

pub(super) fn expired_on_arrival() -> Error {
    Error::expired("the server's token had expired on arrival")
        .with_help("compare this machine's clock with the server's")
}

pub(super) fn logged_out() -> Error {
    Error::login_required("the session was logged out, or replaced by another login, meanwhile")
        .with_help("try again")
}
