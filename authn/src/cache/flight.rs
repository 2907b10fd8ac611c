//! Single flight: one exchange at a time, joined by everybody who needs its token.
//!
//! A flight runs on the background runtime. Its callers may vanish; what it brings is received all the
//! same. If the source panics, the drop guard lands the flight with an error, so that nobody waits for
//! ever and the next caller can start anew.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{
    options::CacheOptions,
    schedule::{back_off, chance},
};
use crate::{Error, ErrorKind, Result, Token, clock::Moment};

/// What callers wait on.
pub(super) type Landing = watch::Receiver<Option<Result<Token>>>;

/// Where a flight stands, and how the last ones went.
#[derive(Default)]
pub(super) struct Tower(Mutex<State>);

#[derive(Default)]
struct State {
    landing: Option<Landing>,
    failure: Option<Failure>,
    started: Option<Moment>,
}

struct Failure {
    error: Error,
    count: u32,
    until: Moment,
}

/// What to do for somebody who needs a token.
pub(super) enum Clearance {
    /// A flight is under way: wait for it.
    Join(Landing),
    /// The last one failed just now: this is its error.
    HeldBack(Error),
    /// Start one, and land it through this.
    Start(Landing, Takeoff),
}

/// The starter's part of a flight.
pub(super) struct Takeoff(watch::Sender<Option<Result<Token>>>);

impl Tower {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides for one caller. `current` looks at the slot once more, now that nobody else can start;
    /// `usable` tells that the old token still serves.
    pub(super) fn clear(
        &self,
        now: Moment,
        usable: bool,
        options: &CacheOptions,
        current: impl FnOnce() -> Option<Token>,
    ) -> Result<Token, Clearance> {
        let mut state = self.lock();
        if let Some(token) = current() {
            return Ok(token);
        }
        if let Some(landing) = &state.landing {
            return Err(Clearance::Join(landing.clone()));
        }
        if let Some(failure) = &state.failure
            && !failure.until.reached(now)
        {
            return Err(Clearance::HeldBack(failure.error.clone()));
        }
        if usable
            && let (Some(started), Some(period)) = (state.started, options.minimal_refresh_period)
            && !started.plus(period).reached(now)
        {
            let error = Error::new(ErrorKind::NoToken, "the minimal refresh period has not passed");
            return Err(Clearance::HeldBack(error));
        }
        let (sender, landing) = watch::channel(None);
        state.landing = Some(landing.clone());
        state.started = Some(now);
        Err(Clearance::Start(landing, Takeoff(sender)))
    }

    /// Gives the flight that is under way.
    pub(super) fn landing(&self) -> Option<Landing> {
        self.lock().landing.clone()
    }

    /// Ends the flight: forgets it, then tells everybody who waits.
    pub(super) fn land(&self, takeoff: &Takeoff, result: Result<Token>, now: Moment, usable: bool) {
        let mut state = self.lock();
        state.landing = None;
        state.failure = result.as_ref().err().map(|error| {
            let count = state.failure.as_ref().map_or(0, |failure| failure.count).saturating_add(1);
            let wait = back_off(count, usable, error.retry_after(), chance());
            Failure { error: error.clone(), count, until: now.plus(wait) }
        });
        drop(state);
        takeoff.0.send_replace(Some(result));
    }
}

/// Waits for a flight's end.
pub(super) async fn arrival(mut landing: Landing) -> Result<Token> {
    let arrived = landing.wait_for(Option::is_some).await;
    match arrived.as_deref() {
        Ok(Some(result)) => result.clone(),
        // The sender lives until it has sent; see `Takeoff`'s holder in `Cached`.
        Ok(None) | Err(_) => Err(crashed()),
    }
}

/// The error of a flight whose source panicked.
pub(super) fn crashed() -> Error {
    Error::new(
        ErrorKind::Internal,
        "the provider panicked during the exchange; report this to the provider's authors",
    )
}
