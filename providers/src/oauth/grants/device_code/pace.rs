//! `Pace`: how long to wait before each request for the tokens (RFC 8628, 3.5).

use std::time::Duration;

use authn::time::BackOff;

/// The interval if the server names none (RFC 8628, 3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// Longest interval that a server can start with, because the user waits for it.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// The time that `slow_down` adds to the interval.
const SLOWER_BY: Duration = Duration::from_secs(5);
/// Longest wait after a failure, unless the interval is longer or the server asks for more.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);

/// The interval, and the state that decides the next wait.
pub(super) struct Pace {
    interval: Duration,
    /// Failures since the last answer.
    failures: u32,
    /// The wait that the server's last answer asked for.
    retry_after: Option<Duration>,
}

impl Pace {
    /// Creates a pace with the server's interval, which is at least a second if there is one.
    pub(super) fn new(interval: Option<Duration>) -> Self {
        let interval = interval.map_or(USUAL_INTERVAL, |interval| interval.min(LONGEST_INTERVAL));
        Self { interval, failures: 0, retry_after: None }
    }

    /// Returns the wait before the next request.
    pub(super) fn wait(&self) -> Duration {
        let wait = match self.retry_after {
            Some(asked) => BackOff::asked(asked),
            // Without a failure it is the interval, and it doubles with each.
            None => {
                BackOff::new(self.interval, LONGEST_BACK_OFF).after(self.failures.saturating_add(1))
            }
        };
        wait.max(self.interval)
    }

    /// Returns whether the wait is the interval: the server has neither failed nor asked for a wait.
    pub(super) fn is_undelayed(&self) -> bool {
        self.failures == 0 && self.retry_after.is_none()
    }

    /// Records that the user has not approved the login yet.
    pub(super) fn pending(&mut self, retry_after: Option<Duration>) {
        self.failures = 0;
        self.retry_after = retry_after;
    }

    /// Records that the requests were too frequent.
    pub(super) fn slow_down(&mut self, retry_after: Option<Duration>) {
        self.interval = self.interval.saturating_add(SLOWER_BY);
        self.pending(retry_after);
    }

    /// Records that the server could not answer.
    pub(super) fn failed(&mut self, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        self.retry_after = retry_after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn wait_after(begun: Option<u64>, events: &[fn(&mut Pace)]) -> u64 {
        let mut pace = Pace::new(begun.map(seconds));
        for event in events {
            event(&mut pace);
        }
        pace.wait().as_secs()
    }

    const PENDING: fn(&mut Pace) = |pace| pace.pending(None);
    const SLOW_DOWN: fn(&mut Pace) = |pace| pace.slow_down(None);
    const FAILED: fn(&mut Pace) = |pace| pace.failed(None);

    #[test]
    fn the_interval_is_the_servers_within_limits() {
        assert_eq!(wait_after(None, &[]), 5);
        assert_eq!(wait_after(Some(1), &[PENDING]), 1);
        assert_eq!(wait_after(Some(7), &[PENDING, PENDING]), 7);
        assert_eq!(wait_after(Some(u64::MAX), &[]), 60);
    }

    #[test]
    fn slow_down_is_permanent() {
        assert_eq!(wait_after(None, &[SLOW_DOWN]), 10);
        assert_eq!(wait_after(None, &[SLOW_DOWN, PENDING, PENDING]), 10);
        assert_eq!(wait_after(None, &[SLOW_DOWN, PENDING, SLOW_DOWN]), 15);
        assert_eq!(wait_after(Some(60), &[SLOW_DOWN]), 65, "also beyond the longest back-off");
    }

    #[test]
    fn failures_double_the_wait_until_there_is_an_answer() {
        assert_eq!(wait_after(None, &[FAILED]), 10);
        assert_eq!(wait_after(None, &[FAILED, FAILED]), 20);
        assert_eq!(wait_after(None, &[FAILED; 4]), 60);
        assert_eq!(wait_after(None, &[FAILED; 100]), 60);
        assert_eq!(wait_after(None, &[FAILED, FAILED, PENDING]), 5);
        assert_eq!(wait_after(None, &[FAILED, SLOW_DOWN, FAILED]), 20);
    }

    #[test]
    fn the_server_may_ask_for_a_longer_wait_within_limits() {
        assert_eq!(wait_after(None, &[|pace| pace.failed(Some(seconds(30)))]), 30);
        assert_eq!(wait_after(None, &[|pace| pace.failed(Some(seconds(1)))]), 5);
        assert_eq!(wait_after(None, &[|pace| pace.failed(Some(seconds(86_400)))]), 300);
        assert_eq!(wait_after(None, &[|pace| pace.pending(Some(seconds(30))), PENDING]), 5);
        assert_eq!(wait_after(None, &[|pace| pace.slow_down(Some(seconds(8)))]), 10);
    }
}
