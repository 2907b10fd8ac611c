//! Single flight: one exchange at a time, joined by everybody who needs its token.
//!
//! A flight runs on the background runtime. Its callers may vanish; what it brings is received all the
//! same. If the source panics, the drop guard lands the flight with an error, so that nobody waits for
//! ever and the next caller can start anew.

#[cfg(all(test, shuttle))]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
use std::sync::{Mutex, MutexGuard};
use std::sync::{
    PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

use super::{options::CacheOptions, schedule::back_off};
use crate::{
    Error, ErrorKind, Result, Token,
    time::{Moment, chance},
};

/// What callers wait on.
pub(super) type Landing = watch::Receiver<Option<Result<Token>>>;

/// Where a flight stands, and how the last ones went.
#[derive(Default)]
pub(super) struct Tower {
    state: Mutex<State>,
    /// What `state` says of flights, for callers who have a token and would only look: reading it costs
    /// them no lock.
    busy: AtomicBool,
}

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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a flight is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
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
        self.busy.store(true, Ordering::Release);
        state.started = Some(now);
        Err(Clearance::Start(landing, Takeoff(sender)))
    }

    /// Gives the flight that is under way.
    pub(super) fn landing(&self) -> Option<Landing> {
        self.lock().landing.clone()
    }

    /// Forgets how the last flights went.
    pub(super) fn forget_failure(&self) {
        self.lock().failure = None;
    }

    /// Ends the flight: forgets it, then tells everybody who waits. `usable` tells that the old token still
    /// serves; `cheap` that another try costs no server anything, so that it need not wait longer each time.
    pub(super) fn land(
        &self,
        takeoff: &Takeoff,
        result: Result<Token>,
        now: Moment,
        usable: bool,
        cheap: bool,
    ) {
        let mut state = self.lock();
        state.landing = None;
        self.busy.store(false, Ordering::Release);
        state.failure = result.as_ref().err().map(|error| {
            let before = state.failure.as_ref().filter(|_| !cheap);
            let count = before.map_or(0, |failure| failure.count).saturating_add(1);
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

/// The order in which threads meet the tower must not matter: shuttle tries many thousands of them.
#[cfg(all(test, shuttle))]
mod model {
    use shuttle::{
        sync::{Arc, Mutex, atomic::AtomicUsize},
        thread,
    };

    use super::*;
    use crate::time::Clock;

    const CALLERS: usize = 4;
    const ORDERS: usize = 20_000;

    #[derive(Default)]
    struct Airport {
        tower: Tower,
        slot: Mutex<Option<Token>>,
        in_the_air: AtomicBool,
        flights: AtomicUsize,
    }

    impl Airport {
        /// One caller: takes what is there, joins, or flies. `fails` says whether its flight would fail.
        fn call(&self, now: Moment, fails: bool) -> Option<Landing> {
            let current = || self.slot.lock().ok()?.clone();
            match self.tower.clear(now, false, &CacheOptions::default(), current) {
                Ok(_) | Err(Clearance::HeldBack(_)) => None,
                Err(Clearance::Join(landing)) => Some(landing),
                Err(Clearance::Start(landing, takeoff)) => {
                    assert!(!self.in_the_air.swap(true, Ordering::SeqCst), "two flights at once");
                    self.flights.fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    let result = if fails { Err(crashed()) } else { Token::new("t") };
                    if let (Ok(token), Ok(mut slot)) = (&result, self.slot.lock()) {
                        *slot = Some(token.clone());
                    }
                    self.in_the_air.store(false, Ordering::SeqCst);
                    self.tower.land(&takeoff, result, now, false, false);
                    Some(landing)
                }
            }
        }
    }

    fn check(fails: bool, expected_flights: usize) {
        shuttle::check_random(
            move || {
                let airport = Arc::new(Airport::default());
                // Time stands still, so a failure is held back from whoever comes after it.
                let now = Clock::system().now();
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let airport = Arc::clone(&airport);
                        thread::spawn(move || airport.call(now, fails))
                    })
                    .collect();
                let landings: Vec<_> = callers.into_iter().map(thread::JoinHandle::join).collect();
                for landing in landings {
                    let Ok(landing) = landing else { panic!("a caller panicked") };
                    let landed = landing.is_none_or(|landing| landing.borrow().is_some());
                    assert!(landed, "nobody waits for ever");
                }
                assert_eq!(airport.flights.load(Ordering::SeqCst), expected_flights);
                assert!(airport.tower.landing().is_none(), "the runway is free again");
            },
            ORDERS,
        );
    }

    #[test]
    fn one_flight_serves_all_in_every_order() {
        check(false, 1);
    }

    #[test]
    fn one_failure_is_told_to_all_in_every_order() {
        check(true, 1);
    }
}
