//! Logins: one process at a time, and the new session replaces the last one.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use tokio::{runtime::Handle, sync::OwnedMutexGuard};
use tracing::Instrument as _;

use super::{
    exchange::{Exchange, Fresh, MOMENT, logged_out},
    memory::Memory,
    single_flight::closed,
    stored::{ROUNDS, Saved, superseded, wrapped},
};
use crate::{
    Error, ErrorKind, Login, LoginOutcome, Result, TokenSet,
    prompt::Progress,
    runtime,
    store::{Lease, Record, StoredSession},
    telemetry::Operation,
    time::{Clock, before},
};

/// How a session starts.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// A login, which found the record with this revision.
    Login { revision: u64 },
    /// Tokens that the program has.
    Held,
}

impl Start {
    fn not_saved(self, error: Error) -> Error {
        let (what, help) = match self {
            Self::Login { .. } => (
                "the login was not saved",
                "this program keeps it in memory and saves it once the store works again; for other programs, log \
                 in again",
            ),
            Self::Held => (
                "the tokens were not saved",
                "this program keeps them in memory and saves them once the store works again",
            ),
        };
        Error::new(error.kind(), what).with_help(help).with_source(error)
    }
}

impl Exchange {
    /// Logs a user in. If the caller stops waiting, a request to the server goes on in the background, and the user is
    /// no longer waited for.
    pub(super) async fn login(mut self, login: &Login) -> Result<LoginOutcome> {
        if let Some(below) = self.below() {
            let outcome = below.managed().login(&below.context, login).await;
            if matches!(outcome, Ok(LoginOutcome::NotNeeded)) {
                return outcome;
            }
            // The cached token may be another user's now, even if the login failed: its session may still become active.
            let forgotten = self.forget().await;
            return outcome.and_then(|outcome| forgotten.map(|()| outcome));
        }
        let (_caller, login) = login.clone().for_caller();
        let runtime = runtime::handle()?;
        let background = runtime.clone();
        let key = self.context.key().to_owned();
        let operation = Operation::login(self.context.labels());
        let work = async move {
            tracing::info!(authn.key = key, "login started");
            let started = Instant::now();
            let runtime = &background;
            let done = on_own_thread(runtime, {
                let login = login.clone();
                async move {
                    let mut here = None;
                    (self.log_in(&login, &mut here).await, here)
                }
            });
            // The next login starts when this one has told its prompt of its end.
            let (outcome, _here) = done.await.unwrap_or_else(|| (Err(login.crashed()), None));
            match &outcome {
                Ok(outcome) => tracing::info!(
                    authn.key = key,
                    authn.login.outcome = ?outcome,
                    authn.duration = started.elapsed().as_secs_f64(),
                    "login ended"
                ),
                Err(error) => tracing::info!(
                    authn.key = key,
                    error.type = error.kind().name(),
                    error.message = error.message(),
                    authn.duration = started.elapsed().as_secs_f64(),
                    "login failed"
                ),
            }
            let is_logged_in = outcome.is_ok();
            // Each in a task of its own, so that it runs even if the one before panics.
            on_own_thread(runtime, {
                let login = login.clone();
                async move { login.run_at_end(is_logged_in).await }
            })
            .await;
            on_own_thread(runtime, async move { login.progress(&Progress::Ended) }).await;
            outcome
        };
        let logged_in = operation.run(work);
        runtime.spawn(logged_in).await.unwrap_or_else(|_| Err(panicked()))
    }

    /// Logs in after any other login has ended, unless that one has started a session. `here` gets the lock of logins.
    async fn log_in(
        &mut self,
        login: &Login,
        here: &mut Option<OwnedMutexGuard<()>>,
    ) -> Result<LoginOutcome> {
        let session = self.session().await?;
        let seen = self.read_if_stored(session.as_ref()).await?;
        let shared = Arc::clone(&self.shared);
        let state = Arc::clone(&self.state);
        let logins = state.logins.load(Ordering::Acquire);
        *here = Some(self.wait(state.login_lock().lock_owned(), login).await?);
        // With the lock, so that a close that has ended is seen, and one that starts now waits for this login.
        if state.slots.is_closed() {
            return Err(closed());
        }
        if state.logins.load(Ordering::Acquire) != logins {
            return Ok(LoginOutcome::ByAnother);
        }
        let _lease: Option<Lease> = match &session {
            Some(session) => Some(self.wait(session.lock_login(), login).await??),
            None => None,
        };
        (self.generation, self.invalidations) = state.slots.counts();
        let mut begun = self.read_if_stored(session.as_ref()).await?;
        // A refresh of the same session is not a login.
        if let Some(session) = &session
            && begun.session != seen.session
            && !begun.is_empty()
        {
            self.generation =
                state.slots.start_generation_after(self.generation).ok_or_else(logged_out)?;
            // A token past its refresh point is renewed by the next caller.
            let _ = self.adopt(session, &begun);
            return Ok(LoginOutcome::ByAnother);
        }
        self.resolve_references().await?;
        if let Some(session) = &session
            && shared.source.needs_login()
        {
            self.check_store(session, &mut begun).await?;
        }
        let Some(tokens) = shared.source.login(&self.context, login).await? else {
            if shared.source.needs_login() {
                return Err(Error::internal(
                    "the login returned no tokens, but the provider needs a login",
                )
                .with_help("report this to the provider's authors"));
            }
            return Ok(LoginOutcome::NotNeeded);
        };
        if let Some(error) = tokens.failure() {
            return Err(error.clone());
        }
        // The user of a new session is always verified, or the session is refused.
        let (tokens, _) = self.check_user(tokens.with_new_session(), None).await?;
        let start = Start::Login { revision: begun.revision };
        self.replace_session(session.as_ref(), tokens, start).await?;
        Ok(LoginOutcome::LoggedIn)
    }

    /// Fails if the store can't be written to, so that no user logs in for a session that is lost.
    async fn check_store(&self, session: &StoredSession, begun: &mut Record) -> Result<()> {
        // A process that has the lease has checked it, too. A store that takes longer is checked by the save.
        let Some(lease) = before(session.lock(), Clock::system().sleep(MOMENT)).await else {
            return Ok(());
        };
        let _lease = lease?;
        let mut record = self.limited(session.load()).await??;
        match self.limited(session.reserve(&mut record)).await.flatten() {
            Ok(_) => {
                begun.revision = record.revision;
                Ok(())
            }
            Err(error) => Err(wrapped("the login could not be stored", error)),
        }
    }

    /// Replaces the last session by another one, unless a logout has happened since the login started.
    pub(super) async fn replace_session(
        &mut self,
        session: Option<&StoredSession>,
        tokens: TokenSet,
        start: Start,
    ) -> Result<()> {
        let state = Arc::clone(&self.state);
        let mut memory = state.memory().await;
        if memory.generation != self.generation {
            return Err(logged_out());
        }
        let has_session = tokens.has_session();
        let mut fresh = self.fresh(tokens, self.context.clock().now(), !has_session);
        fresh.previous.1 = self.scope.last_token();
        let saved = if let Some(session) = session {
            let _lease = self.lease(session).await?;
            let mut known = match start {
                Start::Login { revision } => Some(revision),
                Start::Held => None,
            };
            let scope = self.entry(session);
            let mut saved = Err(superseded(session));
            for _ in 0..ROUNDS {
                let mut record = self.limited(session.load()).await??;
                // A logout takes precedence; any other change is replaced.
                if known.is_some_and(|known| record.revision != known) && record.is_cleared() {
                    return Err(logged_out());
                }
                known = Some(record.revision);
                session.keep_session(&mut record);
                let begun = record.clone();
                record.take(&fresh.tokens, &scope, fresh.issued.token(), fresh.asked_at);
                memory.unsaved = None;
                match self.save(session, &mut memory, &begun, &mut record, &scope).await {
                    // Another process that has lost its lease, or took this one, has saved its exchange.
                    Ok(Saved::Superseded(_)) => {}
                    done => {
                        saved = done.map(drop);
                        break;
                    }
                }
            }
            saved
        } else {
            self.keep_in(&mut memory, &fresh);
            Ok(())
        };
        if saved.is_err() && memory.unsaved.is_none() {
            return saved;
        }
        // If the store failed, the next exchange saves the session. Until then no caller gets the last user's token.
        let counts = self.start_generation(&mut memory);
        let result = match saved {
            Err(error) => {
                if let Start::Login { .. } = start {
                    self.note(&mut memory, fresh);
                }
                Err(start.not_saved(error))
            }
            Ok(()) if counts => {
                state.logins.fetch_add(1, Ordering::AcqRel);
                match self.use_new(&mut memory, fresh, start).await {
                    // The user is logged in: the next caller gets a new token by the session.
                    Err(error) if error.kind() == ErrorKind::Expired && has_session => Ok(()),
                    result => result,
                }
            }
            Ok(()) => Err(logged_out()),
        };
        state.put_back(memory);
        result
    }

    /// Publishes the first token of a session. The program is told of that of a login.
    async fn use_new(&self, memory: &mut Memory, fresh: Fresh, start: Start) -> Result<()> {
        if let Start::Login { .. } = start {
            return self.hand_out(memory, fresh).await.map(drop);
        }
        if fresh.schedule.expiry.reached(self.context.clock().now()) {
            self.scope.note_dropped(fresh.issued.token().clone());
            return Ok(());
        }
        let is_published =
            self.publish_in(&self.scope, self.invalidations, &fresh.issued, fresh.schedule)?;
        is_published.then_some(()).ok_or_else(logged_out)
    }

    /// Starts a new generation; `false` if another one has started meanwhile.
    fn start_generation(&mut self, memory: &mut Memory) -> bool {
        let Some(generation) = self.state.slots.start_generation_after(self.generation) else {
            return false;
        };
        (memory.generation, self.generation) = (generation, generation);
        memory.pending.clear();
        self.invalidations = self.state.slots.counts().1;
        true
    }

    /// Waits for a lock that another login may hold, and reports it if it does.
    async fn wait<T>(&self, work: impl Future<Output = T>, login: &Login) -> Result<T> {
        let mut work = pin!(work);
        if let Some(done) = self.context.clock().within(MOMENT, work.as_mut()).await {
            return Ok(done);
        }
        login.progress(&Progress::OtherLogin);
        login.unless_cancelled(work).await
    }

    async fn read_if_stored(&self, session: Option<&StoredSession>) -> Result<Record> {
        match session {
            Some(session) => self.limited(self.read(session)).await?,
            None => Ok(Record::default()),
        }
    }
}

/// Runs code of a source or a prompt on a thread of its own, which it may block; `None` if it panicked. Its timers and
/// connections run on the background thread.
pub(super) async fn on_own_thread<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let here = runtime.clone();
    let work = work.in_current_span();
    runtime.spawn_blocking(move || here.block_on(work)).await.ok()
}

fn panicked() -> Error {
    Error::internal("the login ended by a fault in its code").with_help("report it")
}
