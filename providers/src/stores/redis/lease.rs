//! `Held`: a lease that this process has, until when, and its renewal.
//!
//! The time is counted from before a command was sent, and on a clock that goes on while the machine sleeps. So a process
//! that was stopped sees at once that its lease has ended, whether any timer has told it or not.

use std::{
    future::{self, Future},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify, time::sleep};

/// Longest time between two looks at the clock. A timer does not count the time in which the machine sleeps.
const LOOK: Duration = Duration::from_secs(1);

/// A clock, as the time since a fixed start.
pub(super) type Now = fn() -> Duration;

/// What is known of one lease.
pub(super) struct Held {
    /// What is stored as its value.
    pub(super) owner: String,
    /// The number of the lease: each one of a session has a larger number than the one before.
    pub(super) fence: u64,
    status: Mutex<Status>,
    changed: Notify,
    now: Now,
}

struct Status {
    ends: Duration,
    is_lost: bool,
}

impl Held {
    /// `sent` is when the command that has acquired it was sent.
    pub(super) fn new(
        owner: String,
        fence: u64,
        sent: Duration,
        lease: Duration,
        now: Now,
    ) -> Self {
        let status = Mutex::new(Status { ends: sent + lease, is_lost: false });
        Self { owner, fence, status, changed: Notify::new(), now }
    }

    /// Notes that a command which was sent at that time has extended it. It is too late if it had ended by then.
    pub(super) fn extend(&self, sent: Duration, lease: Duration) {
        if !self.is_lost() {
            let mut status = self.status();
            status.ends = status.ends.max(sent + lease);
        }
    }

    /// Notes that it is another's, or gone.
    pub(super) fn lose(&self) {
        self.status().is_lost = true;
        self.changed.notify_waiters();
    }

    /// Returns whether it has ended, now or earlier.
    pub(super) fn is_lost(&self) -> bool {
        let now = (self.now)();
        let mut status = self.status();
        status.is_lost |= now >= status.ends;
        status.is_lost
    }

    /// Waits until it has ended. The clock is read at each poll.
    pub(super) async fn lost(self: Arc<Self>) {
        loop {
            let changed = pin!(self.changed.notified());
            let mut looks_again = pin!(async {
                // Who polls it outside a runtime looks at the clock by each poll, and has no timers.
                match Handle::try_current() {
                    Ok(_) => sleep(self.left().min(LOOK)).await,
                    Err(_) => future::pending().await,
                }
            });
            let mut changed = changed;
            let is_lost = future::poll_fn(|context| {
                if self.is_lost() {
                    return Poll::Ready(true);
                }
                let is_time = looks_again.as_mut().poll(context).is_ready();
                if is_time || changed.as_mut().poll(context).is_ready() {
                    Poll::Ready(self.is_lost())
                } else {
                    Poll::Pending
                }
            });
            if is_lost.await {
                return;
            }
        }
    }

    fn left(&self) -> Duration {
        self.status().ends.saturating_sub((self.now)())
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the time since the machine was started, with the time in which it slept.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::Boottime);
    let [seconds, nanos] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or(0));
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

/// Returns the time since the first call. On some systems it stands still while the machine sleeps.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn since_boot() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use authn::store::Lease;

    use super::*;

    thread_local! {
        static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    const LEASE: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Duration {
        let now = Duration::from_secs(seconds);
        NOW.set(now);
        now
    }

    fn held() -> (Arc<Held>, Lease) {
        let held = Arc::new(Held::new("owner".into(), 1, at(100), LEASE, || NOW.get()));
        let lease = Lease::new(()).with_lost(Arc::clone(&held).lost());
        (held, lease)
    }

    #[tokio::test]
    async fn a_lease_ends_by_the_clock_at_the_next_look_whatever_timers_say() {
        let (_held, mut lease) = held();
        at(114);
        assert!(!lease.is_lost());
        at(115);
        assert!(lease.is_lost());
        at(101);
        assert!(lease.is_lost(), "it stays lost");
    }

    #[tokio::test]
    async fn the_time_counts_from_before_the_renewal_was_sent() {
        let (held, mut lease) = held();
        let sent = at(105);
        at(109);
        held.extend(sent, LEASE);
        at(119);
        assert!(!lease.is_lost());
        at(120);
        assert!(lease.is_lost());
    }

    #[tokio::test]
    async fn a_renewal_that_comes_too_late_does_not_bring_it_back() {
        let (held, mut lease) = held();
        let sent = at(114);
        at(116);
        held.extend(sent, LEASE);
        assert!(lease.is_lost());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_of_a_loss_at_once_and_of_the_end_within_a_second() {
        let (held, mut lease) = held();
        let waiting = async { lease.lost().await };
        let loses = async { held.lose() };
        tokio::join!(waiting, loses);

        let (_held, mut lease) = self::held();
        let started = tokio::time::Instant::now();
        let ends = async {
            sleep(Duration::from_millis(1500)).await;
            at(500);
        };
        tokio::join!(lease.lost(), ends);
        assert!(started.elapsed() <= Duration::from_millis(2500));
    }

    #[test]
    fn a_lease_is_looked_at_outside_a_runtime() {
        let (_held, mut lease) = held();
        at(114);
        assert!(!lease.is_lost());
        at(115);
        assert!(lease.is_lost());
    }

    #[test]
    fn the_clock_goes_on() {
        let before = since_boot();
        assert!(before > Duration::ZERO && since_boot() >= before);
    }
}
