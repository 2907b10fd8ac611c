//! `ScopeSlots`: the access tokens by scopes, and the generation that they are of.
//!
//! A logout and a login begin a new generation. What was obtained in an older one is never published: the
//! generation is compared and the token published under the one lock that a new generation begins under.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    schedule::Schedule,
    single_flight::{SingleFlight, Waiter},
    slot::Slot,
};
use crate::{Issued, Result, Status, Token, time::Moment};

/// Most sets of scopes that one cache remembers; the one longest unused is forgotten first.
const MOST_SCOPES: usize = 64;

/// What all handles of one source give.
#[derive(Default)]
pub(super) struct ScopeSlots(Mutex<State>);

#[derive(Default)]
struct State {
    generation: u64,
    /// By scopes, the one last used at the back.
    slots: VecDeque<(Vec<String>, Arc<ScopeSlot>)>,
    /// What is kept in memory alone, to be told without waiting for an exchange.
    noted: Status,
}

/// The access token of one set of scopes.
#[derive(Default)]
pub(super) struct ScopeSlot {
    pub(super) slot: Slot,
    pub(super) single_flight: SingleFlight,
    /// The token that a server has refused last: a store may still hold it.
    refused: Mutex<Option<Token>>,
}

impl ScopeSlots {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the generation, to be read before anything is obtained.
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Begins a new generation: no handle gives what was obtained before, and nothing of it is published.
    pub(super) fn turn(&self) -> u64 {
        self.lock().turn()
    }

    /// Does something if the given generation still counts; none begins meanwhile.
    fn during<T>(&self, generation: u64, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = self.lock();
        (state.generation == generation).then(|| work(&mut state))
    }

    /// Begins a new generation if the given one still counts; `None` if another one has begun.
    pub(super) fn succeed(&self, generation: u64) -> Option<u64> {
        self.during(generation, State::turn)
    }

    /// Does what publishes a token; returns whether its generation still counts.
    pub(super) fn publish(
        &self,
        generation: u64,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<bool> {
        Ok(self.during(generation, |_| work()).transpose()?.is_some())
    }

    /// Notes what is in memory, if its generation still counts.
    pub(super) fn note(&self, generation: u64, noted: Status) {
        self.during(generation, |state| state.noted = noted);
    }

    pub(super) fn noted(&self) -> Status {
        self.lock().noted.clone()
    }

    /// Returns the slot of a set of scopes.
    pub(super) fn of(&self, scopes: &[String]) -> Arc<ScopeSlot> {
        let slots = &mut self.lock().slots;
        let known = slots.iter().position(|(known, _)| known == scopes);
        let entry = known.and_then(|at| slots.remove(at)).unwrap_or_else(|| {
            // Only what no handle holds is forgotten, or a logout could not reach it.
            let unused = |(scopes, slot): &(Vec<String>, Arc<ScopeSlot>)| {
                !scopes.is_empty() && Arc::strong_count(slot) == 1
            };
            if slots.len() >= MOST_SCOPES
                && let Some(oldest) = slots.iter().position(unused)
            {
                slots.remove(oldest);
            }
            (scopes.to_vec(), Arc::default())
        });
        let slot = Arc::clone(&entry.1);
        slots.push_back(entry);
        slot
    }

    /// Returns what to wait on for the end of all exchanges under way.
    pub(super) fn waiters(&self) -> Vec<Waiter> {
        self.lock().slots.iter().filter_map(|(_, slot)| slot.single_flight.waiter()).collect()
    }
}

impl State {
    fn turn(&mut self) -> u64 {
        self.generation += 1;
        self.noted = Status::default();
        for (_, slot) in &self.slots {
            slot.slot.clear();
            // The failure may be that no user was logged in.
            slot.single_flight.forget_failure();
        }
        self.generation
    }
}

impl ScopeSlot {
    /// Hands the token at hand to `use_token`, unless a point of its life has been reached.
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

    /// Returns whether a stored token is no news: it is at hand, or it was refused.
    pub(super) fn knows(&self, stored: &Token) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self.slot.load();
        let at_hand = guard.as_deref().map(|rotation| rotation.issued().token().secret());
        at_hand == Some(stored.secret())
            || refused.as_ref().is_some_and(|refused| refused.secret() == stored.secret())
    }

    pub(super) fn refuse(&self, token: &Token) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        self.slot.clear_if(token);
    }
}
