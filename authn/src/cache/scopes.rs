//! `ScopeSlots`: the access tokens by scopes, and their generation.
//!
//! A logout or a login starts a new generation. A token of an older one is never published: one lock protects the
//! generation, and it is held while a token is published.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    options::CacheOptions,
    schedule::Schedule,
    single_flight::{SingleFlight, Waiter},
    slot::{Rotation, Slot},
};
use crate::{Issued, Reason, Result, Status, Token, time::Moment};

/// Most sets of scopes in one cache. The least recently used is removed first.
const MOST_SCOPES: usize = 64;

/// The access tokens of one source, shared by all its handles.
#[derive(Default)]
pub(super) struct ScopeSlots(Mutex<State>);

#[derive(Default)]
struct State {
    generation: u64,
    is_closed: bool,
    /// By scopes; the most recently used is last.
    slots: VecDeque<(Vec<String>, Arc<ScopeSlot>)>,
    /// The state of a session in memory, readable during an exchange.
    status: Status,
}

/// The access token of one set of scopes.
#[derive(Default)]
pub(super) struct ScopeSlot {
    pub(super) slot: Slot,
    pub(super) single_flight: SingleFlight,
    refused: Mutex<Refused>,
}

/// What servers have refused.
#[derive(Default)]
struct Refused {
    /// The token that was refused last. It may still be in a store.
    last: Option<Token>,
    /// Whether the cached token was dropped for it, and no other has been published since.
    is_replaced_next: bool,
}

impl ScopeSlots {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the generation. It is read before an exchange starts.
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Starts a new generation: older tokens are dropped, and never published.
    pub(super) fn start_generation(&self) -> u64 {
        self.lock().start_generation()
    }

    /// Runs `work` if the generation is the current one; no other starts meanwhile.
    fn during<T>(&self, generation: u64, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = self.lock();
        (state.generation == generation).then(|| work(&mut state))
    }

    /// Starts a new generation if the given one is the current one; else `None`.
    pub(super) fn start_generation_after(&self, generation: u64) -> Option<u64> {
        self.during(generation, State::start_generation)
    }

    /// Runs `work`, which publishes a token, if its generation is the current one. Returns whether it is.
    pub(super) fn publish(
        &self,
        generation: u64,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<bool> {
        Ok(self.during(generation, |_| work()).transpose()?.is_some())
    }

    /// Sets the state of the session in memory, if its generation is the current one.
    pub(super) fn set_status(&self, generation: u64, status: Status) {
        self.during(generation, |state| state.status = status);
    }

    pub(super) fn status(&self) -> Status {
        self.lock().status.clone()
    }

    /// Returns the slot of a set of scopes, which may be new.
    pub(super) fn of(&self, scopes: &[String]) -> Arc<ScopeSlot> {
        let State { slots, is_closed, .. } = &mut *self.lock();
        let known = slots.iter().position(|(known, _)| known == scopes);
        let entry = known.and_then(|at| slots.remove(at)).unwrap_or_else(|| {
            // A slot with a handle is not removed, because a logout must reach it.
            let unused = |(scopes, slot): &(Vec<String>, Arc<ScopeSlot>)| {
                !scopes.is_empty() && Arc::strong_count(slot) == 1
            };
            if slots.len() >= MOST_SCOPES
                && let Some(oldest) = slots.iter().position(unused)
            {
                slots.remove(oldest);
            }
            let new = Arc::<ScopeSlot>::default();
            if *is_closed {
                new.single_flight.close();
            }
            (scopes.to_vec(), new)
        });
        let slot = Arc::clone(&entry.1);
        slots.push_back(entry);
        slot
    }

    /// Returns the access tokens that have not expired.
    pub(super) fn unexpired(&self, now: Moment) -> Vec<Token> {
        let unexpired = |(_, slot): &(Vec<String>, Arc<ScopeSlot>)| {
            slot.before(|schedule| schedule.expiry, now, |issued| issued.token().clone())
        };
        self.lock().slots.iter().filter_map(unexpired).collect()
    }

    /// Starts no more exchanges. Returns what to wait on for the end of the running ones.
    pub(super) fn close(&self) -> Vec<Waiter> {
        let mut state = self.lock();
        state.is_closed = true;
        state.slots.iter().filter_map(|(_, slot)| slot.single_flight.close()).collect()
    }

    /// Returns whether no more exchanges are started.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }
}

impl State {
    fn start_generation(&mut self) -> u64 {
        self.generation += 1;
        self.status = Status::default();
        for (_, slot) in &self.slots {
            slot.slot.clear();
            // The last failure may be that no user was logged in.
            slot.single_flight.forget_failure();
            slot.refused().is_replaced_next = false;
        }
        self.generation
    }
}

impl ScopeSlot {
    /// Passes the cached token to `use_token`, unless the point of its schedule has been reached.
    pub(super) fn before<R>(
        &self,
        point: fn(&Schedule) -> Moment,
        now: Moment,
        use_token: impl FnOnce(&Issued) -> R,
    ) -> Option<R> {
        let guard = self.slot.load();
        let rotation = guard.as_deref()?;
        (!point(&rotation.schedule).reached(now)).then(|| use_token(rotation.issued()))
    }

    /// Returns whether a stored token is the cached one, or was refused.
    pub(super) fn knows(&self, stored: &Token) -> bool {
        let guard = self.slot.load();
        let at_hand = guard.as_deref().map(|rotation| rotation.issued().token().secret());
        at_hand == Some(stored.secret()) || self.refused().has(stored)
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns why an exchange is made. `last` is the last token for these scopes that is not in the slot.
    pub(super) fn reason(&self, last: Option<&Token>, now: Moment) -> Reason {
        let has_expired = |issued: &Rotation| issued.schedule.expiry.reached(now);
        match self.slot.load().as_deref().map(has_expired) {
            Some(true) => Reason::Expired,
            Some(false) => Reason::Expiring,
            None => {
                let refused = self.refused();
                if refused.is_replaced_next || last.is_some_and(|last| refused.has(last)) {
                    Reason::Refused
                } else if last.is_some() {
                    Reason::Expired
                } else {
                    Reason::First
                }
            }
        }
    }

    /// Publishes a token for these scopes.
    pub(super) fn publish(&self, issued: &Issued, schedule: Schedule, prefix: &str) -> Result<()> {
        self.slot.publish(issued, schedule, prefix)?;
        self.refused().is_replaced_next = false;
        Ok(())
    }

    /// Drops a token that a server has refused, unless that is held back.
    pub(super) fn refuse(&self, token: &Token, now: Moment, options: &CacheOptions) {
        self.single_flight.refuse(now, options, || {
            let mut refused = self.refused();
            refused.last = Some(token.clone());
            let is_dropped = self.slot.clear_if(token);
            refused.is_replaced_next |= is_dropped;
            is_dropped
        });
    }
}

impl Refused {
    fn has(&self, token: &Token) -> bool {
        self.last.as_ref().is_some_and(|last| last.secret() == token.secret())
    }
}
