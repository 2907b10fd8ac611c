//! `ScopeSlots`: the access tokens by scopes, and their generation.
//!
//! A logout or a login starts a new generation. A token of an older one is never published: one lock protects the
//! generation, and it is held while a token is published.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::{
    options::CacheOptions,
    schedule::Schedule,
    single_flight::{SingleFlight, Waiter},
    slot::{Rotation, Slot},
};
use crate::{Context, Issued, Reason, Result, Status, Token, time::Moment};

/// Most sets of scopes in one cache. The least recently used is removed first.
const MOST_SCOPES: usize = 64;

/// The access tokens of one source, shared by all its handles.
#[derive(Default)]
pub(super) struct ScopeSlots(Mutex<State>);

#[derive(Default)]
struct State {
    generation: u64,
    is_closed: bool,
    /// How often all tokens were invalidated, and when last: a stored token that is older is not used.
    invalidations: u64,
    invalidated_at: Option<SystemTime>,
    /// How often the configuration was reloaded.
    reloads: u64,
    /// The most recently used is last.
    slots: VecDeque<(SlotKey, Arc<ScopeSlot>)>,
    /// The state of a session in memory, readable during an exchange.
    status: Status,
}

/// What an access token is for. A token of another reload may be of other configured scopes.
#[derive(Default, PartialEq, Eq)]
pub(super) struct SlotKey {
    reload: u64,
    scopes: Vec<String>,
    parameters: BTreeMap<String, String>,
}

impl SlotKey {
    pub(super) fn of(reload: u64, context: &Context) -> Self {
        Self { reload, scopes: context.scopes().to_vec(), parameters: context.parameters().clone() }
    }

    /// Returns whether it is of the configured scopes alone.
    fn is_configured(&self, reload: u64) -> bool {
        self.reload == reload && self.scopes.is_empty() && self.parameters.is_empty()
    }
}

/// The access token of one set of scopes and parameters.
#[derive(Default)]
pub(super) struct ScopeSlot {
    pub(super) slot: Slot,
    pub(super) single_flight: SingleFlight,
    dropped: Mutex<Dropped>,
}

/// The token that was dropped last. It may still be in a store.
#[derive(Default)]
struct Dropped {
    last: Option<Token>,
    /// Whether a server has refused it.
    is_refused: bool,
    /// Whether the cached token was dropped because a server has refused it, and no other has been published since.
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

    /// Returns the generation, and how often all tokens were invalidated.
    pub(super) fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.generation, state.invalidations)
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

    /// Runs `work`, which publishes a token, if its generation is the current one. Returns whether it is. A token that was
    /// asked for before all were invalidated is not published, and is for those who waited for it.
    pub(super) fn publish(
        &self,
        generation: u64,
        invalidations: u64,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<bool> {
        let publish = |state: &mut State| {
            if state.invalidations == invalidations { work() } else { Ok(()) }
        };
        Ok(self.during(generation, publish).transpose()?.is_some())
    }

    /// Drops the access tokens of all scopes, also those of exchanges under way and those that are stored.
    pub(super) fn invalidate_all(&self, now: Moment) {
        let mut state = self.lock();
        state.invalidations += 1;
        state.invalidated_at = Some(now.wall());
        for (_, slot) in &state.slots {
            slot.single_flight.outdate();
            slot.drop_current();
        }
    }

    /// Returns whether a stored token that was asked for at a time may be used.
    pub(super) fn accepts_stored(&self, asked_at: SystemTime) -> bool {
        self.lock().invalidated_at.is_none_or(|at| asked_at > at)
    }

    /// Adds the slot of the configured scopes of a new configuration. Returns the number of its reload.
    pub(super) fn join(&self, slot: Arc<ScopeSlot>) -> u64 {
        let mut state = self.lock();
        state.reloads += 1;
        state.make_room();
        if state.is_closed {
            slot.single_flight.close();
        }
        let reload = state.reloads;
        state.slots.push_back((SlotKey { reload, ..SlotKey::default() }, slot));
        reload
    }

    /// Sets the state of the session in memory, if its generation is the current one.
    pub(super) fn set_status(&self, generation: u64, status: Status) {
        self.during(generation, |state| state.status = status);
    }

    pub(super) fn status(&self) -> Status {
        self.lock().status.clone()
    }

    /// Returns the slot of a key, which may be new.
    pub(super) fn of(&self, key: SlotKey) -> Arc<ScopeSlot> {
        let state = &mut *self.lock();
        let known = state.slots.iter().position(|(known, _)| *known == key);
        let entry = known.and_then(|at| state.slots.remove(at)).unwrap_or_else(|| {
            state.make_room();
            let new = Arc::<ScopeSlot>::default();
            if state.is_closed {
                new.single_flight.close();
            }
            (key, new)
        });
        let slot = Arc::clone(&entry.1);
        state.slots.push_back(entry);
        slot
    }

    /// Returns the access tokens that have not expired.
    pub(super) fn unexpired(&self, now: Moment) -> Vec<Token> {
        let unexpired = |(_, slot): &(SlotKey, Arc<ScopeSlot>)| {
            slot.before(|schedule| schedule.expiry, now, |issued| issued.token().clone())
        };
        self.lock().slots.iter().filter_map(unexpired).collect()
    }

    /// Returns what to wait on for the end of the running exchanges.
    #[cfg(feature = "testing")]
    pub(super) fn under_way(&self) -> Vec<Waiter> {
        self.lock().slots.iter().filter_map(|(_, slot)| slot.single_flight.under_way()).collect()
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
    /// Removes the slot that was used last the longest ago, if there are many. A slot with a handle is not removed, because
    /// a logout must reach it.
    fn make_room(&mut self) {
        let unused = |(key, slot): &(SlotKey, Arc<ScopeSlot>)| {
            !key.is_configured(self.reloads) && Arc::strong_count(slot) == 1
        };
        if self.slots.len() >= MOST_SCOPES
            && let Some(oldest) = self.slots.iter().position(unused)
        {
            self.slots.remove(oldest);
        }
    }

    fn start_generation(&mut self) -> u64 {
        self.generation += 1;
        self.invalidated_at = None;
        self.status = Status::default();
        for (_, slot) in &self.slots {
            slot.slot.clear();
            // The last failure may be that no user was logged in.
            slot.single_flight.forget_failure();
            // It was of another session, whose user may be another one.
            *slot.dropped() = Dropped::default();
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

    /// Returns whether a stored token is the cached one, or was dropped.
    pub(super) fn knows(&self, stored: &Token) -> bool {
        self.current().is_some_and(|current| current.secret() == stored.secret())
            || self.dropped().has(stored)
    }

    fn current(&self) -> Option<Token> {
        self.slot.load().as_deref().map(|rotation| rotation.issued().token().clone())
    }

    fn dropped(&self) -> MutexGuard<'_, Dropped> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cached token, also if it has expired, or else the one that was dropped last.
    pub(super) fn last_token(&self) -> Option<Token> {
        self.current().or_else(|| self.dropped().last.clone())
    }

    /// Notes a token that the program had before, and that can't be used.
    pub(super) fn note_dropped(&self, token: Token) {
        let mut dropped = self.dropped();
        (dropped.last, dropped.is_refused) = (Some(token), false);
    }

    fn drop_current(&self) {
        if let Some(current) = self.current() {
            self.note_dropped(current);
        }
        self.slot.clear();
    }

    /// Returns why an exchange is made. `last` is the last token for these scopes that is not in the slot.
    pub(super) fn reason(&self, last: Option<&Token>, now: Moment) -> Reason {
        let has_expired = |issued: &Rotation| issued.schedule.expiry.reached(now);
        match self.slot.load().as_deref().map(has_expired) {
            Some(true) => Reason::Expired,
            Some(false) => Reason::Expiring,
            None => {
                let dropped = self.dropped();
                let is_refused = dropped.is_refused && last.is_some_and(|last| dropped.has(last));
                if dropped.is_replaced_next || is_refused {
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
        self.dropped().is_replaced_next = false;
        Ok(())
    }

    /// Drops a token that a server has refused, unless that is held back.
    pub(super) fn refuse(&self, token: &Token, now: Moment, options: &CacheOptions) {
        self.single_flight.refuse(now, options, || {
            let mut dropped = self.dropped();
            (dropped.last, dropped.is_refused) = (Some(token.clone()), true);
            let is_dropped = self.slot.clear_if(token);
            dropped.is_replaced_next |= is_dropped;
            is_dropped
        });
    }
}

impl Dropped {
    fn has(&self, token: &Token) -> bool {
        self.last.as_ref().is_some_and(|last| last.secret() == token.secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reloads_do_not_pile_up_slots() {
        let slots = ScopeSlots::default();
        let mut current = slots.of(SlotKey::default());
        let oldest = Arc::clone(&current);
        for _ in 0..MOST_SCOPES * 3 {
            current = Arc::default();
            slots.join(Arc::clone(&current));
        }
        let left = |slots: &ScopeSlots, one: &Arc<ScopeSlot>| {
            slots.lock().slots.iter().any(|(_, slot)| Arc::ptr_eq(slot, one))
        };
        assert!(slots.lock().slots.len() <= MOST_SCOPES);
        assert!(left(&slots, &current) && left(&slots, &oldest), "a logout must reach them");
    }
}
