//! Single flight: one exchange at a time, joined by everybody who needs its token.
//!
//! The exchange runs on the background runtime. Its callers may vanish; what it brings is received all the
//! same. If the source panics, a drop guard ends it with an error, so that no caller waits for ever and the next
//! caller can start anew.

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

/// What those who need the token wait on.
pub(super) type Waiter = watch::Receiver<Option<Result<Token>>>;

/// What the one who makes the exchange ends it by.
pub(super) type Leader = watch::Sender<Option<Result<Token>>>;

/// Whether an exchange is under way, and how the last ones went.
#[derive(Default)]
pub(super) struct SingleFlight {
    state: Mutex<State>,
    /// What `state` says of an exchange, for callers who have a token and would only look: reading it costs
    /// them no lock.
    busy: AtomicBool,
}

#[derive(Default)]
struct State {
    waiter: Option<Waiter>,
    failure: Option<Failure>,
    started: Option<Moment>,
}

struct Failure {
    error: Error,
    count: u32,
    until: Moment,
}

impl SingleFlight {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether an exchange is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Decides for one caller: what to wait on, with a leader for the one who has to make the exchange, or the
    /// error of the last exchange if it failed just now. `current` looks at the slot once more, now that no one
    /// else can start; `usable` says that the old token still serves.
    pub(super) fn admit(
        &self,
        now: Moment,
        usable: bool,
        options: &CacheOptions,
        current: impl FnOnce() -> Option<Token>,
    ) -> Result<(Waiter, Option<Leader>)> {
        let mut state = self.lock();
        if let Some(token) = current() {
            return Ok((watch::channel(Some(Ok(token))).1, None));
        }
        if let Some(waiter) = &state.waiter {
            return Ok((waiter.clone(), None));
        }
        if let Some(failure) = &state.failure
            && !failure.until.reached(now)
        {
            return Err(failure.error.clone());
        }
        if usable
            && let (Some(started), Some(period)) = (state.started, options.minimal_refresh_period)
            && !started.plus(period).reached(now)
        {
            return Err(Error::new(
                ErrorKind::NoToken,
                "the minimal refresh period has not passed",
            ));
        }
        let (leader, waiter) = watch::channel(None);
        state.waiter = Some(waiter.clone());
        self.busy.store(true, Ordering::Release);
        state.started = Some(now);
        Ok((waiter, Some(leader)))
    }

    /// Returns what to wait on for the end of the exchange under way.
    pub(super) fn waiter(&self) -> Option<Waiter> {
        self.lock().waiter.clone()
    }

    /// Forgets how the last exchanges went.
    pub(super) fn forget_failure(&self) {
        self.lock().failure = None;
    }

    /// Ends the exchange: forgets it, then tells all that wait. `usable` says that the old token still
    /// serves; `cheap` that another try costs no server anything, so that it need not wait longer each time.
    pub(super) fn end(
        &self,
        leader: &Leader,
        result: Result<Token>,
        now: Moment,
        usable: bool,
        cheap: bool,
    ) {
        let mut state = self.lock();
        state.waiter = None;
        self.busy.store(false, Ordering::Release);
        state.failure = result.as_ref().err().map(|error| {
            let before = state.failure.as_ref().filter(|_| !cheap);
            let count = before.map_or(0, |failure| failure.count).saturating_add(1);
            let wait = back_off(count, usable, error.retry_after(), chance());
            Failure { error: error.clone(), count, until: now.plus(wait) }
        });
        drop(state);
        leader.send_replace(Some(result));
    }
}

/// Waits for an exchange's end.
pub(super) async fn wait(mut waiter: Waiter) -> Result<Token> {
    let ended = waiter.wait_for(Option::is_some).await;
    match ended.as_deref() {
        Ok(Some(result)) => result.clone(),
        // The leader lives until it has sent; see `Flight`.
        Ok(None) | Err(_) => Err(crashed()),
    }
}

/// The error of an exchange whose source panicked.
pub(super) fn crashed() -> Error {
    Error::internal("the provider panicked during the exchange")
        .with_help("report this to the provider's authors")
}

/// The order in which threads ask must not matter: shuttle tries many thousands of them.
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
    struct Cache {
        single_flight: SingleFlight,
        slot: Mutex<Option<Token>>,
        busy: AtomicBool,
        flights: AtomicUsize,
    }

    impl Cache {
        /// One caller: takes what is there, waits, or leads. `fails` says whether its exchange would fail.
        fn call(&self, now: Moment, fails: bool) -> Option<Waiter> {
            let current = || self.slot.lock().ok()?.clone();
            match self.single_flight.admit(now, false, &CacheOptions::default(), current) {
                Err(_) => None,
                Ok((waiter, None)) => Some(waiter),
                Ok((waiter, Some(leader))) => {
                    assert!(!self.busy.swap(true, Ordering::SeqCst), "two exchanges at once");
                    self.flights.fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    let result = if fails { Err(crashed()) } else { Token::new("t") };
                    if let (Ok(token), Ok(mut slot)) = (&result, self.slot.lock()) {
                        *slot = Some(token.clone());
                    }
                    self.busy.store(false, Ordering::SeqCst);
                    self.single_flight.end(&leader, result, now, false, false);
                    Some(waiter)
                }
            }
        }
    }

    fn check(fails: bool, expected_flights: usize) {
        shuttle::check_random(
            move || {
                let cache = Arc::new(Cache::default());
                // Time stands still, so a failure is held back from a caller after it.
                let now = Clock::system().now();
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let cache = Arc::clone(&cache);
                        thread::spawn(move || cache.call(now, fails))
                    })
                    .collect();
                let waiters: Vec<_> = callers.into_iter().map(thread::JoinHandle::join).collect();
                for waiter in waiters {
                    let Ok(waiter) = waiter else { panic!("a caller panicked") };
                    let ended = waiter.is_none_or(|waiter| waiter.borrow().is_some());
                    assert!(ended, "nobody waits for ever");
                }
                assert_eq!(cache.flights.load(Ordering::SeqCst), expected_flights);
                assert!(cache.single_flight.waiter().is_none(), "the next can start");
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
