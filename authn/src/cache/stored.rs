//! One exchange of a stored session: lock, read, ask, save, publish.
//!
//! The lease can be lost meanwhile, and another process may then make the same exchange. So nothing is sent once it is lost,
//! and what was sent before is saved if the record is still the one that the exchange has begun from. Otherwise the other
//! process has the session, and its token is used.

use std::time::{Instant, SystemTime};

use zeroize::Zeroizing;

use super::{
    exchange::{Exchange, Fresh, LEASE, is_over, last_id_token, logged_out},
    memory::{Memory, Unsaved},
};
use crate::{
    Error, ErrorKind, Issued, Result, SessionPolicy, TokenSet,
    store::{HeldLease, Locked, Record, StoredFailure, StoredSession, StoredToken},
};

/// How often an exchange begins anew with a record that another process has saved, and how often one is saved onto another.
pub(super) const ROUNDS: usize = 8;

/// Where the tokens of an exchange are kept.
pub(super) enum Opened {
    /// In a store, under its lease.
    Stored(Box<(Stored, Record)>),
    /// In a store, where another process has saved a token that is used.
    Saved(Issued),
    /// In memory.
    InMemory,
    /// In a store that can't be reached, and the exchange spends nothing.
    OutOfReach,
}

/// A session in a store, the lease of it, and the name of the tokens of this exchange.
pub(super) struct Stored {
    session: StoredSession,
    lease: HeldLease,
    scope: String,
}

/// How a round of an exchange ends.
enum Round {
    Done(Issued),
    /// Another process has saved this record since the one of the round was read.
    Again(Box<Record>),
}

/// What has become of a save.
pub(super) enum Saved {
    Done,
    /// Another process has saved this record, which is of another exchange or login.
    Superseded(Box<Record>),
}

impl Exchange {
    /// Locks and reads the session.
    pub(super) async fn open(&self, memory: &mut Memory) -> Result<Opened> {
        let found = async {
            let Some(session) = self.session().await? else { return Ok(Opened::InMemory) };
            let mut lease = None;
            let mut end = self.context.clock().sleep(LEASE);
            // What is left of earlier exchanges is saved under the lease.
            if session.is_remote() && !self.forced && !memory.is_ahead(self.generation) {
                let (mut seen, mut replaced) = (memory.seen, None::<Box<Record>>);
                for _ in 0..ROUNDS {
                    let revision = if let Some(revision) = seen.take() {
                        revision
                    } else {
                        let record = match replaced.take() {
                            Some(record) => *record,
                            None => self.read_logged(&session).await?,
                        };
                        memory.seen = Some(record.revision);
                        if let Some(issued) = self.adopt(&session, &record)
                            && self.shared.is_current(&issued).await
                        {
                            return Ok(Opened::Saved(issued));
                        }
                        record.revision
                    };
                    match self.lease_unless_replaced(&session, revision, &mut end).await? {
                        Locked::Acquired(acquired) => {
                            lease = Some(HeldLease::new(acquired, session.place()));
                            break;
                        }
                        Locked::Replaced(record) => replaced = record,
                    }
                }
            }
            let lease = match lease {
                Some(lease) => lease,
                None => self.lease_until(&session, &mut end).await?,
            };
            let record = self.read_logged(&session).await?;
            let scope = self.entry(&session);
            Ok(Opened::Stored(Box::new((Stored { session, lease, scope }, record))))
        };
        match found.await {
            Err(error) if self.needs_no_store(&error) => Ok(Opened::InMemory),
            Err(error) if self.spends_nothing_without(&error) => Ok(Opened::OutOfReach),
            Err(error) if error.is_unreachable() => Err(out_of_reach(error)),
            found => found,
        }
    }

    /// Reads the record.
    async fn read_logged(&self, session: &StoredSession) -> Result<Record> {
        let started = Instant::now();
        let record = self.limited(self.read(session)).await??;
        tracing::info!(
            authn.key = self.context.key(),
            authn.store.name = session.name(),
            authn.session = record.state(),
            authn.duration = started.elapsed().as_secs_f64(),
            "session read"
        );
        Ok(record)
    }

    /// Returns whether an exchange goes on although the store has failed, with a warning: the store was not configured, and
    /// the token that it does not take is good for this program.
    fn needs_no_store(&self, error: &Error) -> bool {
        let goes_on =
            error.kind() == ErrorKind::Store && self.shared.stores_for_the_next(&self.context);
        if goes_on {
            let help = error.help().map(|help| format!("{help}, or ")).unwrap_or_default();
            // The warnings of stores are shown without a log: otherwise each program would ask the server, unnoticed.
            tracing::warn!(
                target: "authn::store",
                { authn.key = self.context.key() },
                "{}, so the token is not stored for the next program; {help}set `store` to `memory` to do without",
                error.message()
            );
        }
        goes_on
    }

    /// Returns whether an exchange goes on without a store that can't be reached, with a warning: it sends nothing that a
    /// server accepts once, so that another process may make the same one.
    fn spends_nothing_without(&self, error: &Error) -> bool {
        let goes_on =
            error.is_unreachable() && matches!(self.shared.source.session(), SessionPolicy::None);
        if goes_on {
            tracing::warn!(
                authn.key = self.context.key(),
                "the exchange does without the store, which can't be reached: {}",
                error.message()
            );
        }
        goes_on
    }

    /// Makes an exchange that spends nothing while the store can't be reached. The lock of the memory is its lease. Then the
    /// store is tried again.
    pub(super) async fn without_store(&self, memory: &mut Memory) -> Result<Issued> {
        if let Some(issued) = self.report_left(memory).await? {
            return Ok(issued);
        }
        let fresh = self.request(None, None, None).await;
        let fresh =
            fresh.map_err(|error| self.as_absence_of_login(error, None, memory.has_ended))?;
        self.check()?;
        let issued = self.hand_out(memory, fresh.clone()).await?;
        // An earlier exchange can have left a session, which is saved as soon as the store can be reached.
        let left = memory.unsaved.take();
        if let Err(error) = self.save_afterwards(memory, fresh).await {
            self.warn_of_unstored(&error);
        }
        memory.unsaved = left;
        Ok(issued)
    }

    fn warn_of_unstored(&self, error: &Error) {
        tracing::warn!(
            authn.key = self.context.key(),
            error.type = error.kind().name(),
            error.message = error.message(),
            "the token is not stored"
        );
    }

    /// Saves the token of an exchange that was made without the lease. A session that is stored, or that has begun, is left to
    /// an exchange that holds it.
    async fn save_afterwards(&self, memory: &mut Memory, mut fresh: Fresh) -> Result<()> {
        let Some(session) = self.session().await? else { return Ok(()) };
        let begun = self.limited(self.read(&session)).await??;
        // A logout may have ended meanwhile.
        self.check()?;
        if begun.has_session() || fresh.tokens.has_session() {
            return Ok(());
        }
        let scope = self.entry(&session);
        let mut record = begun.clone();
        self.take(&mut record, &mut fresh, &scope);
        self.save(&session, memory, &begun, &mut record, &scope).await.map(drop)
    }

    /// Makes an exchange under the lease of its session.
    pub(super) async fn with_store(
        &self,
        stored: &Stored,
        mut record: Record,
        memory: &mut Memory,
        asked: SystemTime,
    ) -> Result<Issued> {
        for _ in 0..ROUNDS {
            match self.round(stored, record, memory, asked).await? {
                Round::Done(issued) => return Ok(issued),
                Round::Again(now) => record = *now,
            }
        }
        Err(superseded(&stored.session))
    }

    async fn round(
        &self,
        stored: &Stored,
        mut record: Record,
        memory: &mut Memory,
        asked: SystemTime,
    ) -> Result<Round> {
        let Stored { session, lease, scope } = stored;
        if let Some(Unsaved { begun, record: unsaved, scope }) = memory.unsaved.take()
            && let Some(mut unsaved) = unsaved.onto(&begun, &record, &scope)
        {
            match self.save(session, memory, &record, &mut unsaved, &scope).await? {
                Saved::Done => record = unsaved,
                Saved::Superseded(now) => return Ok(Round::Again(now)),
            }
            self.keep_session(session, &mut record);
        }
        memory.pending.retain(|pending| pending.is_of(&record));
        if let Some(issued) = self.report_left(memory).await? {
            return Ok(Round::Done(issued));
        }
        if !self.forced
            && let Some(issued) = self.adopt(session, &record)
            && self.shared.is_current(&issued).await
        {
            return Ok(Round::Done(issued));
        }
        self.check()?;
        let now = self.context.clock().now().wall();
        if let Some(error) = record.failure.as_ref().and_then(|failure| failure.holds(asked, now)) {
            return Err(error);
        }
        // A reservation would replace the record of another holder.
        if let Err(lost) = lease.check() {
            return self.adopted_or(session, lost).await.map(Round::Done);
        }
        let policy = self.shared.source.session();
        let spends_nothing = matches!(policy, SessionPolicy::None) && !record.has_session();
        if !spends_nothing && !self.reserve(session, &mut record).await? {
            // The holder before has saved its answer: the refresh token that was read is spent.
            return self.read_again(session).await.map(|now| Round::Again(Box::new(now)));
        }
        let last = record.tokens.get(scope).and_then(StoredToken::token);
        let mut fresh = match self.ask(stored, &mut record).await {
            Ok(fresh) => *fresh,
            Err(error) => {
                if lease.is_lost() {
                    return self.adopted_or(session, error).await.map(Round::Done);
                }
                self.leave(session, &mut record, &error).await;
                let (sent, has_ended) = (record.token_set(scope), record.has_ended());
                return Err(self.as_absence_of_login(error, sent.as_ref(), has_ended));
            }
        };
        fresh.previous.1 = fresh.previous.1.or(last);
        let begun = record.clone();
        self.take(&mut record, &mut fresh, scope);
        // It is saved even if a logout has started meanwhile. Until that has reached the store, another process can read
        // the record, and must not find the spent refresh token there.
        match self.save(session, memory, &begun, &mut record, scope).await {
            Err(error) if self.needs_no_store(&error) => memory.unsaved = None,
            // Nothing is lost: the next exchange needs the configuration alone.
            Err(error) if spends_nothing && !record.has_session() => {
                memory.unsaved = None;
                self.warn_of_unstored(&error);
            }
            Err(error) => {
                if memory.unsaved.is_some() {
                    self.note(memory, fresh);
                }
                return Err(error);
            }
            Ok(Saved::Done) => memory.seen = Some(record.revision),
            Ok(Saved::Superseded(now)) => {
                tracing::warn!(
                    authn.key = self.context.key(),
                    authn.store.name = session.name(),
                    "the lease was lost during the exchange, and another process has changed the session: the answer is not used"
                );
                let adopted = self.adopt_of_other(session, &now).await?;
                return adopted.map(Round::Done).ok_or_else(|| superseded(session));
            }
        }
        self.check()?;
        self.hand_out(memory, fresh).await.map(Round::Done)
    }

    /// Adds an answer to the record.
    fn take(&self, record: &mut Record, fresh: &mut Fresh, scope: &str) {
        if let Some(error) = &fresh.unverified {
            record.take_session(&fresh.tokens);
            record.failure = StoredFailure::of(error, self.context.clock().now().wall());
        } else {
            let mut tokens = fresh.tokens.clone();
            if matches!(self.shared.source.session(), SessionPolicy::None)
                && tokens.is_new_session()
            {
                // No session has begun: the access tokens of other scopes are used until their own ends.
                let of_all_scopes = std::mem::take(&mut record.tokens);
                record.forget();
                record.tokens = of_all_scopes;
                tokens = tokens.without_new_session();
            }
            record.take(&tokens, scope, fresh.issued.token(), fresh.asked_at);
        }
        if fresh.issued.id_token().is_none() {
            fresh.issued = fresh.issued.clone().with_id_token(last_id_token(record));
        }
    }

    /// Leaves a failure for the processes that wait for the lease: each would wait as long for the same one.
    async fn leave(&self, session: &StoredSession, record: &mut Record, error: &Error) {
        record.failure = StoredFailure::of(error, self.context.clock().now().wall());
        if record.failure.is_some() {
            // If it can't be saved, each process asks by itself.
            let _ = self.limited(session.save(record)).await;
        }
    }

    /// Exchanges the tokens of a record. If the server has ended that session, the store is read once more: if another one
    /// is stored, that one is tried, or else the record loses its refresh token.
    ///
    /// With a lost lease, nothing is sent and no record is changed: its refresh token may be spent by the new holder, who has
    /// the next one. The result of an exchange that was sent is still returned: the server may no longer accept the old
    /// refresh token.
    async fn ask(&self, stored: &Stored, record: &mut Record) -> Result<Box<Fresh>> {
        let Stored { session, lease, scope } = stored;
        let mut sent = record.token_set(scope);
        let mut tried = false;
        loop {
            lease.check()?;
            let last = record.token(scope);
            let error = match self.request(sent.as_ref(), last.as_ref(), Some(lease)).await {
                Err(error) if is_over(&error, sent.as_ref()) => error,
                result => return result.map(Box::new),
            };
            let wall = self.context.clock().now().wall();
            let mut now = self.limited(self.read(session)).await??;
            let is_same = same_refresh_token(&now, sent.as_ref());
            if lease.is_lost() {
                return Err(superseded(session));
            }
            if !tried && now.refresh_token.is_some() && !is_same {
                *record = now;
                sent = record.token_set(scope);
                tried = true;
                continue;
            }
            if is_same {
                now.refresh_token = None;
                // Until a user logs in, the end itself tells the others. Without logins, they would each ask.
                let holds = if now.has_ended() { None } else { StoredFailure::of(&error, wall) };
                now.failure = holds;
                self.limited(session.save(&mut now)).await??;
            }
            return Err(error);
        }
    }

    /// Returns the token that the new holder of a lost lease has saved, or else the error.
    async fn adopted_or(&self, session: &StoredSession, error: Error) -> Result<Issued> {
        let now = self.limited(self.read(session)).await.flatten();
        let adopted = match &now {
            Ok(now) => self.adopt_of_other(session, now).await?,
            Err(_) => None,
        };
        adopted.ok_or(error)
    }

    /// Publishes a token that another process has saved since this exchange began, and returns it unless it has expired.
    async fn adopt_of_other(
        &self,
        session: &StoredSession,
        record: &Record,
    ) -> Result<Option<Issued>> {
        self.check()?;
        let Some(issued) = self.adopt_usable(session, record) else { return Ok(None) };
        Ok(self.shared.is_current(&issued).await.then_some(issued))
    }

    /// Makes sure that the result of an exchange can be saved; `false` if the record is no longer the one that was read.
    async fn reserve(&self, session: &StoredSession, record: &mut Record) -> Result<bool> {
        self.limited(session.reserve(record)).await.flatten().map_err(unreserved)
    }

    /// Reads what another process has saved; an error if it has ended the session.
    async fn read_again(&self, session: &StoredSession) -> Result<Record> {
        let now = self.limited(self.read(session)).await??;
        if now.is_cleared() { Err(logged_out()) } else { Ok(now) }
    }

    /// Saves a record that was made from `begun`. If the stored one is another, but of the same session and with the same
    /// token of these scopes, it is saved onto that one: the new holder of the lease has reserved, and nothing else.
    ///
    /// If the store fails, the record is kept in memory until it works again, because the server may accept its refresh token
    /// only. A session that no store takes is not kept: saving it again would not help.
    pub(super) async fn save(
        &self,
        session: &StoredSession,
        memory: &mut Memory,
        begun: &Record,
        record: &mut Record,
        scope: &str,
    ) -> Result<Saved> {
        record.check_length()?;
        let mut begun = begun.clone();
        let saved = async {
            for _ in 0..ROUNDS {
                if self.replace(session, record).await? {
                    return Ok(Saved::Done);
                }
                let now = self.limited(self.read(session)).await??;
                if now.has_taken(record, scope) {
                    // A save before this one has succeeded, although it has returned an error.
                    record.revision = now.revision;
                    return Ok(Saved::Done);
                }
                if now.is_cleared() {
                    return Ok(Saved::Superseded(Box::new(now)));
                }
                let Some(onto) = record.onto(&begun, &now, scope) else {
                    return Ok(Saved::Superseded(Box::new(now)));
                };
                (*record, begun) = (onto, now);
            }
            Ok(Saved::Superseded(Box::new(begun.clone())))
        };
        let saved: Result<Saved> = saved.await;
        match saved {
            Ok(Saved::Superseded(now)) if now.is_cleared() => Err(logged_out()),
            Ok(saved) => Ok(saved),
            Err(error) => {
                let (record, scope) = (record.clone(), scope.to_owned());
                let has_session = record.has_session();
                memory.unsaved = Some(Unsaved { begun, record, scope });
                Err(if has_session { unsaved(error) } else { error })
            }
        }
    }

    /// Replaces the stored record, if it is the one that was read. If the whole can't be saved, the session is saved without
    /// access tokens.
    async fn replace(&self, session: &StoredSession, record: &mut Record) -> Result<bool> {
        let now = self.context.clock().now().wall();
        let is_new = record.revision == 0;
        let started = Instant::now();
        record.set_saved_at(now);
        let saved = match self.limited(session.save(record)).await {
            // The save goes on, and may still succeed.
            Err(too_long) => Err(too_long),
            Ok(Err(error)) if record.has_session() => {
                let mut without_tokens = record.without_tokens();
                let saved = self.limited(session.save(&mut without_tokens)).await.flatten();
                if matches!(saved, Ok(true)) {
                    record.revision = without_tokens.revision;
                }
                saved.or(Err(error))
            }
            Ok(saved) => saved,
        };
        if is_new && saved.is_ok() {
            // Next time, if it fails.
            let _ = self.limited(session.remove_unused(now)).await;
        }
        if matches!(saved, Ok(true)) {
            tracing::info!(
                authn.key = self.context.key(),
                authn.store.name = session.name(),
                authn.session = record.state(),
                authn.duration = started.elapsed().as_secs_f64(),
                "session saved"
            );
        }
        saved
    }
}

fn same_refresh_token(record: &Record, sent: Option<&TokenSet>) -> bool {
    let sent = sent.and_then(TokenSet::refresh_token);
    let is_same = |stored: &Zeroizing<String>| sent.is_some_and(|sent| **stored == *sent.expose());
    record.refresh_token.as_ref().is_some_and(is_same)
}

/// Another process may have the session, or make the next exchange of it.
pub(super) fn superseded(session: &StoredSession) -> Error {
    Error::store(format!(
        "the lease of the session in {} was lost during the exchange, whose answer is not used",
        session.place()
    ))
    .with_help("try again")
}

/// Nothing was sent: the session is as it was.
fn out_of_reach(error: Error) -> Error {
    wrapped("nothing was sent, because the store of the session can't be reached", error)
}

/// Nothing was sent: the session is as it was.
fn unreserved(error: Error) -> Error {
    wrapped("the session can't be renewed, because the new one can't be saved", error)
}

fn unsaved(error: Error) -> Error {
    let error = wrapped(
        "the session was renewed but can't be saved, and is lost when this program ends",
        error,
    );
    let help = error.help().unwrap_or_default();
    let help = format!("{help}, and keep the program running until then, or log in again");
    error.with_help(help)
}

/// Returns an error of the store that says what it means for the session.
pub(super) fn wrapped(what: &str, error: Error) -> Error {
    let help = error.help().unwrap_or("check the store").to_owned();
    let wrapped = Error::store(format!("{what}: {}", error.message())).with_help(help);
    let wrapped = if error.is_unreachable() { wrapped.as_unreachable() } else { wrapped };
    wrapped.with_source(error)
}
