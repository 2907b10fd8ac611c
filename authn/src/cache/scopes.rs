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
use crate::{Context, Issued, Reason, Status, Token, store::ConfiguredScope, time::Moment};

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
    /// The configured scopes alone, of the last configuration.
    configured: SlotKey,
    /// The most recently used is last. After a reload, several slots can have one key: their tokens are the same, and the
    /// last one is of the last configuration.
    slots: VecDeque<(SlotKey, Arc<ScopeSlot>)>,
    /// The state of a session in memory, readable during an exchange.
    status: Status,
}

/// What an access token is for. After a reload, a token of other configured scopes is another one.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct SlotKey {
    configured: ConfiguredScope,
    scopes: Vec<String>,
    parameters: BTreeMap<String, String>,
}

impl SlotKey {
    pub(super) fn of(context: &Context) -> Self {
        let scopes = context.scopes().to_vec();
        let configured = context.configured_scope().for_call(&scopes);
        Self { configured, scopes, parameters: context.parameters().clone() }
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
#[derive(Clone, Default)]
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

    /// Publishes a token for a slot and for those that have become its successors, if its generation is the current one.
    /// Returns whether it is. A token that was asked for before all were invalidated is not published, and is for those who
    /// waited for it.
    pub(super) fn publish(
        &self,
        generation: u64,
        invalidations: u64,
        slot: &Arc<ScopeSlot>,
        rotation: Rotation,
    ) -> bool {
        let publish = |state: &mut State| {
            if state.invalidations != invalidations {
                return;
            }
            let rotation = Arc::new(rotation);
            for slot in state.same(slot) {
                slot.publish(Arc::clone(&rotation));
            }
        };
        self.during(generation, publish).is_some()
    }

    /// Returns whether two slots are for the same scopes and parameters.
    pub(super) fn are_same(&self, one: &Arc<ScopeSlot>, other: &Arc<ScopeSlot>) -> bool {
        self.lock().same(one).any(|slot| Arc::ptr_eq(slot, other))
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

    /// Drops a token that a server has refused, of whatever scopes it is.
    pub(super) fn refuse(&self, token: &Token, now: Moment, options: &CacheOptions) {
        let slots: Vec<_> = self.lock().slots.iter().map(|(_, slot)| Arc::clone(slot)).collect();
        let is_its = |slot: &&Arc<ScopeSlot>| slot.current().is_some_and(|own| own.is_same(token));
        slots.iter().filter(is_its).for_each(|slot| slot.refuse(token, now, options));
    }

    /// Returns whether no token is valid, and nothing is known that holds the next exchange back.
    pub(super) fn have_ended(&self, now: Moment) -> bool {
        let has_ended = |slot: &ScopeSlot| {
            let valid = slot.before(|schedule| schedule.expiry, now, |_| ());
            valid.is_none() && slot.single_flight.is_over(now)
        };
        self.lock().slots.iter().all(|(_, slot)| has_ended(slot))
    }

    /// Drops a token, for whatever scopes it is.
    pub(super) fn drop_token(&self, token: &Token) {
        for (_, slot) in &self.lock().slots {
            if slot.current().is_some_and(|current| current.secret() == token.secret()) {
                slot.drop_current();
            }
        }
    }

    /// Returns whether a stored token that was asked for at a time may be used.
    pub(super) fn accepts_stored(&self, asked_at: SystemTime) -> bool {
        self.lock().invalidated_at.is_none_or(|at| asked_at > at)
    }

    /// Adds the slot of the configured scopes of a new configuration, with the token that an earlier one has for them.
    pub(super) fn join(&self, key: SlotKey, slot: &Arc<ScopeSlot>) {
        let mut state = self.lock();
        state.make_room();
        if state.is_closed {
            slot.single_flight.close();
        }
        if let Some((_, last)) = state.slots.iter().rfind(|(known, _)| *known == key) {
            slot.take_over(last);
        }
        // One with a handle stays, because a logout must reach it.
        state.slots.retain(|(known, slot)| *known != key || Arc::strong_count(slot) > 1);
        state.configured = key.clone();
        state.slots.push_back((key, Arc::clone(slot)));
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
        let known = state.slots.iter().rposition(|(known, _)| *known == key);
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
            *key != self.configured && Arc::strong_count(slot) == 1
        };
        if self.slots.len() >= MOST_SCOPES
            && let Some(oldest) = self.slots.iter().position(unused)
        {
            self.slots.remove(oldest);
        }
    }

    /// Returns a slot and the others for the same scopes and parameters.
    fn same(&self, slot: &Arc<ScopeSlot>) -> impl Iterator<Item = &Arc<ScopeSlot>> {
        let key = self.slots.iter().find(|(_, known)| Arc::ptr_eq(known, slot)).map(|(key, _)| key);
        self.slots.iter().filter(move |(known, _)| Some(known) == key).map(|(_, slot)| slot)
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

    fn publish(&self, rotation: Arc<Rotation>) {
        self.slot.publish(Some(rotation));
        self.dropped().is_replaced_next = false;
    }

    /// Takes over the token of the same scopes from an earlier configuration.
    fn take_over(&self, earlier: &Self) {
        self.slot.publish(earlier.slot.load().clone());
        *self.dropped() = earlier.dropped().clone();
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
            slots.join(SlotKey::default(), &current);
        }
        let left = |slots: &ScopeSlots, one: &Arc<ScopeSlot>| {
            slots.lock().slots.iter().any(|(_, slot)| Arc::ptr_eq(slot, one))
        };
        assert!(slots.lock().slots.len() <= MOST_SCOPES);
        assert!(left(&slots, &current) && left(&slots, &oldest), "a logout must reach them");
    }
}
