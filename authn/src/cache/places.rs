//! `Places`: the access tokens by scopes, and the generation that they are of.
//!
//! A logout and a login begin a new generation. What was obtained in an older one is never published: the
//! generation is compared and the token published under the one lock that a new generation begins under.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    flight::{Landing, Tower},
    schedule::Schedule,
    slot::Slot,
};
use crate::{Grant, Result, Token};

/// Most sets of scopes that one cache remembers; the one longest unused is forgotten first.
const MOST_SCOPES: usize = 64;

/// What all handles of one source give.
#[derive(Default)]
pub(super) struct Places(Mutex<State>);

#[derive(Default)]
struct State {
    generation: u64,
    /// By scopes, the one last used at the back.
    places: VecDeque<(Vec<String>, Arc<Place>)>,
    noted: Noted,
}

/// What may be known of a session that is in memory alone, without waiting for an exchange.
#[derive(Clone, Default)]
pub(super) struct Noted {
    pub(super) has_refresh_token: bool,
    pub(super) has_session: bool,
    pub(super) username: Option<String>,
    pub(super) server_clock_ahead: Option<i64>,
}

/// The access token of one set of scopes.
#[derive(Default)]
pub(super) struct Place {
    pub(super) slot: Slot,
    pub(super) tower: Tower,
    /// The token that a server has refused last: a store may still hold it.
    refused: Mutex<Option<Token>>,
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the generation, to be read before anything is obtained.
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Begins a new generation: no handle gives what was obtained before, and nothing of it is published.
    pub(super) fn turn(&self) -> u64 {
        self.lock().turn()
    }

    /// Begins a new generation if the given one still counts; `None` if somebody was faster.
    pub(super) fn succeed(&self, generation: u64) -> Option<u64> {
        let mut state = self.lock();
        (state.generation == generation).then(|| state.turn())
    }

    /// Publishes a token, and tells whether its generation still counts.
    pub(super) fn publish(
        &self,
        place: &Place,
        generation: u64,
        token: &Token,
        schedule: Schedule,
        prefix: &str,
    ) -> Result<bool> {
        let state = self.lock();
        if state.generation != generation {
            return Ok(false);
        }
        place.slot.publish(token, schedule, prefix)?;
        Ok(true)
    }

    /// Notes what is in memory, if its generation still counts.
    pub(super) fn note(&self, generation: u64, noted: Noted) {
        let mut state = self.lock();
        if state.generation == generation {
            state.noted = noted;
        }
    }

    pub(super) fn noted(&self) -> Noted {
        self.lock().noted.clone()
    }

    /// Gives the place of a set of scopes.
    pub(super) fn of(&self, scopes: &[String]) -> Arc<Place> {
        let places = &mut self.lock().places;
        let known = places.iter().position(|(known, _)| known == scopes);
        let entry = known.and_then(|at| places.remove(at)).unwrap_or_else(|| {
            // Only what no handle holds is forgotten, or a logout could not reach it.
            let unused = |(scopes, place): &(Vec<String>, Arc<Place>)| {
                !scopes.is_empty() && Arc::strong_count(place) == 1
            };
            if places.len() >= MOST_SCOPES
                && let Some(oldest) = places.iter().position(unused)
            {
                places.remove(oldest);
            }
            (scopes.to_vec(), Arc::default())
        });
        let place = Arc::clone(&entry.1);
        places.push_back(entry);
        place
    }

    /// Gives the flights that are under way.
    pub(super) fn landings(&self) -> Vec<Landing> {
        self.lock().places.iter().filter_map(|(_, place)| place.tower.landing()).collect()
    }
}

impl State {
    fn turn(&mut self) -> u64 {
        self.generation += 1;
        self.noted = Noted::default();
        for (_, place) in &self.places {
            place.slot.clear();
            // It may be that nobody was logged in.
            place.tower.forget_failure();
        }
        self.generation
    }
}

impl Noted {
    pub(super) fn of(last: Option<&Grant>) -> Self {
        last.map_or_else(Self::default, |grant| Self {
            has_refresh_token: grant.refresh_token().is_some(),
            has_session: grant.has_session(),
            username: grant.username().map(str::to_owned),
            server_clock_ahead: grant.server_clock_ahead(),
        })
    }
}

impl Place {
    /// Tells whether a stored token is no news: it is at hand, or it was refused.
    pub(super) fn knows(&self, stored: &Token) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self.slot.load();
        let at_hand = guard.as_deref().map(|rotation| rotation.token().secret());
        at_hand == Some(stored.secret())
            || refused.as_ref().is_some_and(|refused| refused.secret() == stored.secret())
    }

    pub(super) fn refuse(&self, token: &Token) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        self.slot.clear_if(token);
    }
}
