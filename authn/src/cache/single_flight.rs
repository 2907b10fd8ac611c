//! `SingleFlight`: one exchange at a time, joined by all callers that need its token.
//!
//! The exchange runs on the background runtime, so its result is received even if all callers have stopped waiting.
//! If the source panics, a drop guard ends the exchange with an error, so that no caller waits for ever and the next
//! one can start anew.

#[cfg(all(test, shuttle))]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
use std::sync::{Mutex, MutexGuard};
use std::{
    process,
    sync::{
        PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::watch;

use super::{
    options::CacheOptions,
    schedule::{END_OF_ROW, back_off, floor},
};
use crate::{
    Error, ErrorKind, Issued, LastFailure, Result,
    time::{AtomicMoment, Moment, chance},
};

/// What callers wait on.
pub(super) type Waiter = watch::Receiver<Option<Result<Issued>>>;

/// What the exchange is ended by.
pub(super) type Leader = watch::Sender<Option<Result<Issued>>>;

/// Whether an exchange is under way, and how the last ones ended.
#[derive(Default)]
pub(super) struct SingleFlight {
    state: Mutex<State>,
    /// The process whose exchange `state` has, else 0, for callers that have a token: they take no lock.
    busy: AtomicU32,
    /// When the next exchange may start, likewise.
    next: AtomicMoment,
}

/// What one caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A valid token, from wherever.
    Token,
    /// A token of an exchange that is not older than the wish.
    NewToken,
}

/// What one caller does.
pub(super) enum Admission {
    /// It uses this token.
    Ready(Issued),
    /// It waits for the running exchange.
    Wait(Waiter),
    /// It waits for the running exchange, whose result it can't use, and asks again.
    After(Waiter),
    /// It makes the exchange, and waits for it as the others do.
    Lead(Waiter, Leader),
    /// It gets the error of the last exchange, which has failed just now, or that of closed credentials.
    HeldBack(Error),
}

#[derive(Default)]
struct State {
    waiter: Option<Waiter>,
    /// What the running exchange was started for.
    wish: Option<Wish>,
    /// Whether all tokens were invalidated since it started.
    is_outdated: bool,
    failure: Option<Failure>,
    started: Option<Moment>,
    refusals: Option<Refusals>,
    is_closed: bool,
}

/// The refusals in a row that have caused an exchange.
struct Refusals {
    count: u32,
    last: Moment,
}

struct Failure {
    error: Error,
    at: Moment,
    count: u32,
    until: Moment,
}

impl SingleFlight {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a refresh may start: none is under way, and none is held back. It takes no lock.
    ///
    /// Which process the exchange is in is not asked, which would cost more than all the rest. A forked child of a parent
    /// that was refreshing refreshes at the token's end of use.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.busy.load(Ordering::Acquire) == 0 && self.next.get().reached(now)
    }

    /// Returns whether an exchange is under way in this process. That of a parent never ends in its child.
    fn is_busy(&self) -> bool {
        let busy = self.busy.load(Ordering::Acquire);
        busy != 0 && busy == process::id()
    }

    /// Returns what to wait on for the end of the exchange that is under way.
    fn running(&self, state: &State) -> Option<Waiter> {
        if self.is_busy() { state.waiter.clone() } else { None }
    }

    /// Decides what one caller does. `fresh` looks at the slot once more, now that no other caller can start an
    /// exchange; `unexpired` is the old token if it has not expired.
    ///
    /// A wish for a new token waits for its own exchange, or joins one with the same wish: another one may have been
    /// answered already, or may end with a stored token. The wait after a failure applies to it, too, because a server that
    /// is down or asks for time must be left alone. The waits after refusals and the option `minimal_refresh_period` don't:
    /// they limit what a server's answers cause.
    pub(super) fn admit(
        &self,
        wish: Wish,
        now: Moment,
        unexpired: Option<Issued>,
        options: &CacheOptions,
        fresh: impl FnOnce() -> Option<Issued>,
    ) -> Admission {
        let mut state = self.lock();
        if wish == Wish::Token
            && let Some(issued) = fresh()
        {
            return Admission::Ready(issued);
        }
        if state.is_closed {
            return Admission::HeldBack(closed());
        }
        if let Some(waiter) = self.running(&state) {
            let fulfils = wish == Wish::Token || state.wish == Some(wish);
            return if fulfils && !state.is_outdated {
                Admission::Wait(waiter)
            } else {
                Admission::After(waiter)
            };
        }
        if let Some(failure) = &state.failure
            && !failure.until.reached(now)
        {
            return Admission::HeldBack(failure.error.clone());
        }
        if wish == Wish::Token
            && let (Some(issued), Some(started), Some(period)) =
                (unexpired, state.started, options.minimal_refresh_period)
            && !started.plus(period).reached(now)
        {
            self.next.set(started.plus(period));
            return Admission::Ready(issued);
        }
        let (leader, waiter) = watch::channel(None);
        state.waiter = Some(waiter.clone());
        state.wish = Some(wish);
        state.is_outdated = false;
        self.busy.store(process::id(), Ordering::Release);
        state.started = Some(now);
        Admission::Lead(waiter, leader)
    }

    /// Drops a token that a server has refused, so that the next caller exchanges for another one: `drop_token` does it,
    /// and returns whether the token was the current one.
    ///
    /// A refusal that comes too soon changes nothing. The token is kept, because a server that refuses a new token can
    /// refuse it for one request alone, and the others need it.
    pub(super) fn refuse(
        &self,
        now: Moment,
        options: &CacheOptions,
        drop_token: impl FnOnce() -> bool,
    ) {
        let mut state = self.lock();
        let row = state.refusals.as_ref().filter(|row| !row.last.plus(END_OF_ROW).reached(now));
        let count = row.map_or(0, |row| row.count);
        let period = state.started.zip(options.minimal_refresh_period);
        let is_due = row.is_none_or(|row| row.last.plus(floor(count)).reached(now))
            && period.is_none_or(|(started, period)| started.plus(period).reached(now));
        if is_due && drop_token() {
            state.refusals = Some(Refusals { count: count.saturating_add(1), last: now });
        }
    }

    /// Returns what to wait on for the end of the running exchange.
    #[cfg(feature = "testing")]
    pub(super) fn under_way(&self) -> Option<Waiter> {
        self.running(&self.lock())
    }

    /// Notes that all tokens were invalidated: the result of the running exchange is for those who have joined it.
    pub(super) fn outdate(&self) {
        self.lock().is_outdated = true;
    }

    /// Starts no more exchanges. Returns what to wait on for the end of the running one.
    pub(super) fn close(&self) -> Option<Waiter> {
        let mut state = self.lock();
        state.is_closed = true;
        self.running(&state)
    }

    /// Returns the failure of the last exchange.
    pub(super) fn last_failure(&self) -> Option<LastFailure> {
        let state = self.lock();
        let failure = state.failure.as_ref();
        failure.map(|failure| LastFailure { error: failure.error.clone(), at: failure.at.wall() })
    }

    /// Returns whether it has nothing to remember: no exchange is under way, and no failure and no refusal holds the next
    /// one back.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        let state = self.lock();
        let failure = state.failure.as_ref().is_none_or(|failure| failure.until.reached(now));
        let row = state.refusals.as_ref();
        let row = row.is_none_or(|row| row.last.plus(END_OF_ROW).reached(now));
        self.running(&state).is_none() && failure && row
    }

    /// Forgets the last failure and the refusals, so that the next caller can start an exchange.
    pub(super) fn forget_failure(&self) {
        let mut state = self.lock();
        state.failure = None;
        state.refusals = None;
        self.next.set(Moment::PAST);
    }

    /// Ends the exchange and wakes the callers that wait. `usable` is whether the old token is usable.
    /// `is_local` is whether another attempt reaches no server, so that the back-off need not grow.
    pub(super) fn end(
        &self,
        leader: &Leader,
        result: Result<Issued>,
        now: Moment,
        usable: bool,
        is_local: bool,
    ) {
        let mut state = self.lock();
        state.waiter = None;
        self.busy.store(0, Ordering::Release);
        state.failure = result.as_ref().err().map(|error| {
            let before = state.failure.as_ref().filter(|_| !is_local);
            let count = before.map_or(0, |failure| failure.count).saturating_add(1);
            let wait = back_off(count, usable, error.retry_after(), chance());
            Failure { error: error.clone(), at: now, count, until: now.plus(wait) }
        });
        self.next.set(state.failure.as_ref().map_or(Moment::PAST, |failure| failure.until));
        drop(state);
        leader.send_replace(Some(result));
    }
}

/// Waits for an exchange's end.
pub(super) async fn wait(mut waiter: Waiter) -> Result<Issued> {
    let ended = waiter.wait_for(Option::is_some).await;
    match ended.as_deref() {
        Ok(Some(result)) => result.clone(),
        // The leader is not dropped before it has sent; see `Flight`.
        Ok(None) | Err(_) => Err(crashed()),
    }
}

/// The error of a call after the credentials were closed.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "these credentials are closed").with_help("load new ones")
}

/// The error of an exchange whose source panicked.
pub(crate) fn crashed() -> Error {
    Error::internal("the provider panicked during the exchange")
        .with_help("report this to the provider's authors")
}

/// The order of the threads must not matter: shuttle tries many thousands of orders.
#[cfg(all(test, shuttle))]
mod model {
    use std::sync::atomic::AtomicBool;

    use shuttle::{
        sync::{Arc, Mutex, atomic::AtomicUsize},
        thread,
    };

    use super::*;
    use crate::{Token, time::Clock};

    const CALLERS: usize = 4;
    const ORDERS: usize = 20_000;

    #[derive(Default)]
    struct Cache {
        single_flight: SingleFlight,
        slot: Mutex<Option<Issued>>,
        busy: AtomicBool,
        flights: AtomicUsize,
        /// Whether closing has ended.
        closed: AtomicBool,
    }

    impl Cache {
        /// One caller that wants a new token: it makes its exchange if it leads.
        fn wish(&self, now: Moment) -> Admission {
            let current = || self.slot.lock().ok()?.clone();
            let admission = self.single_flight.admit(
                Wish::NewToken,
                now,
                None,
                &CacheOptions::default(),
                current,
            );
            if let Admission::Lead(_, leader) = &admission {
                assert!(!self.busy.swap(true, Ordering::SeqCst), "two exchanges at once");
                self.flights.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                self.busy.store(false, Ordering::SeqCst);
                let token = Token::new("new").map(Issued::from);
                self.single_flight.end(leader, token, now, false, false);
            }
            admission
        }

        /// One caller: it uses the token, waits, or leads. `fails` is whether its exchange fails.
        fn call(&self, now: Moment, fails: bool) -> Option<Waiter> {
            let current = || self.slot.lock().ok()?.clone();
            match self.single_flight.admit(
                Wish::Token,
                now,
                None,
                &CacheOptions::default(),
                current,
            ) {
                Admission::Ready(_) | Admission::HeldBack(_) => None,
                Admission::Wait(waiter) | Admission::After(waiter) => Some(waiter),
                Admission::Lead(waiter, leader) => {
                    assert!(!self.busy.swap(true, Ordering::SeqCst), "two exchanges at once");
                    assert!(!self.closed.load(Ordering::SeqCst), "an exchange after the close");
                    self.flights.fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    let result =
                        if fails { Err(crashed()) } else { Token::new("t").map(Issued::from) };
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
                // The clock stands still, so a later caller gets the held-back failure.
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
                    assert!(ended, "no caller waits for ever");
                }
                assert_eq!(cache.flights.load(Ordering::SeqCst), expected_flights);
                assert!(cache.single_flight.lock().waiter.is_none(), "the next can start");
            },
            ORDERS,
        );
    }

    #[test]
    fn refusals_of_one_token_drop_it_once_in_every_order() {
        shuttle::check_random(
            || {
                let cache = Arc::new(Cache::default());
                let now = Clock::system().now();
                cache.call(now, false);
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let cache = Arc::clone(&cache);
                        thread::spawn(move || {
                            let drop_token =
                                || cache.slot.lock().is_ok_and(|mut slot| slot.take().is_some());
                            cache.single_flight.refuse(now, &CacheOptions::default(), drop_token);
                            cache.call(now, false);
                        })
                    })
                    .collect();
                for caller in callers {
                    assert!(caller.join().is_ok(), "a caller panicked");
                }
                assert_eq!(cache.flights.load(Ordering::SeqCst), 2, "the clock stands still");
            },
            ORDERS,
        );
    }

    #[test]
    fn one_flight_serves_all_in_every_order() {
        check(false, 1);
    }

    /// Its own, or that of another caller with the same wish.
    #[test]
    fn a_wish_for_a_new_token_gets_one_in_every_order() {
        shuttle::check_random(
            || {
                let cache = Arc::new(Cache::default());
                let now = Clock::system().now();
                let callers: Vec<_> = (0..CALLERS)
                    .map(|number| {
                        let cache = Arc::clone(&cache);
                        thread::spawn(move || {
                            if number.is_multiple_of(2) {
                                drop(cache.call(now, false));
                                return;
                            }
                            loop {
                                let (waiter, is_own) = match cache.wish(now) {
                                    Admission::Lead(..) => break,
                                    Admission::Wait(waiter) => (waiter, true),
                                    Admission::After(waiter) => (waiter, false),
                                    Admission::Ready(_) => panic!("it is a cached token"),
                                    Admission::HeldBack(error) => panic!("{error}"),
                                };
                                while waiter.borrow().is_none() {
                                    thread::yield_now();
                                }
                                if is_own {
                                    let ended = waiter.borrow();
                                    let Some(Ok(issued)) = &*ended else { panic!("it failed") };
                                    assert_eq!(issued.token().secret(), "new");
                                    break;
                                }
                            }
                        })
                    })
                    .collect();
                for caller in callers {
                    assert!(caller.join().is_ok(), "a caller panicked");
                }
            },
            ORDERS,
        );
    }

    #[test]
    fn no_flight_starts_after_the_close_in_any_order() {
        shuttle::check_random(
            || {
                let cache = Arc::new(Cache::default());
                let now = Clock::system().now();
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let cache = Arc::clone(&cache);
                        thread::spawn(move || drop(cache.call(now, true)))
                    })
                    .collect();
                if let Some(waiter) = cache.single_flight.close() {
                    while waiter.borrow().is_none() {
                        thread::yield_now();
                    }
                }
                cache.closed.store(true, Ordering::SeqCst);
                for caller in callers {
                    assert!(caller.join().is_ok());
                }
                let after = cache.single_flight.admit(
                    Wish::Token,
                    now,
                    None,
                    &CacheOptions::default(),
                    || None,
                );
                assert!(
                    matches!(after, Admission::HeldBack(error) if error.kind() == ErrorKind::Closed)
                );
            },
            ORDERS,
        );
    }

    #[test]
    fn one_failure_is_told_to_all_in_every_order() {
        check(true, 1);
    }
}
