//! `ServerClock`: the time at the server. A request whose timestamp is off is refused (RFC 5849, 3.3).

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use authn::time::Clock;

/// Smallest difference of the clocks in seconds that is corrected. The `Date` of an answer is whole seconds, and the
/// answer takes time. Servers accept some minutes.
const TOLERANCE: i64 = 30;

/// By how many seconds the server's clock is ahead of this machine's, as far as its answers have told.
#[derive(Default)]
pub(super) struct ServerClock(AtomicI64);

impl ServerClock {
    /// Returns the server's time in seconds since the Unix epoch.
    pub(super) fn now(&self, clock: &Clock) -> i64 {
        seconds(clock.now().wall()).saturating_add(self.0.load(Ordering::Relaxed))
    }

    /// Learns from the `Date` of an answer. Returns whether it differs from what was known, so that a request which was
    /// refused may now be accepted.
    pub(super) fn learn(&self, date: SystemTime, clock: &Clock) -> bool {
        let differs = seconds(date).saturating_sub(self.now(clock)).abs() > TOLERANCE;
        if differs {
            let ahead = seconds(date).saturating_sub(seconds(clock.now().wall()));
            let is_ours = ahead.abs() <= TOLERANCE;
            self.0.store(if is_ours { 0 } else { ahead }, Ordering::Relaxed);
        }
        differs
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_difference_is_learned_and_forgotten() {
        let (ours, server) = (Clock::system(), ServerClock::default());
        let now = ours.now().wall();
        let is_near = |seconds: i64| {
            let time = server.now(&ours) - super::seconds(now);
            (seconds - 2..=seconds + 2).contains(&time)
        };
        assert!(!server.learn(now + Duration::from_secs(20), &ours) && is_near(0));
        assert!(server.learn(now + Duration::from_hours(1), &ours) && is_near(3600));
        assert!(!server.learn(now + Duration::from_secs(3610), &ours) && is_near(3600));
        assert!(server.learn(now - Duration::from_mins(10), &ours) && is_near(-600));
        assert!(server.learn(now + Duration::from_secs(5), &ours) && is_near(0));
    }
}
