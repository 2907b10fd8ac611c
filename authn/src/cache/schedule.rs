//! `Schedule`: when to refresh a token, and how long to wait after a failure.
//!
//! A token is *fresh* until its refresh point, then *usable* until its end of use, then *expired*. The time between the
//! end of use and the real expiry is the skew: callers wait for an exchange there, and if it fails the token is used.

use std::time::Duration;

use super::options::{CacheOptions, Threshold};
use crate::time::{BackOff, Moment};

/// Longest automatic skew: servers' clocks differ, and a request takes time to arrive.
const LONGEST_SKEW: Duration = Duration::from_secs(10);
/// Longest time before the end of use at which an automatic refresh starts. The shortest for such a token is half of it.
const LONGEST_THRESHOLD: Duration = Duration::from_mins(5);
/// Longest wait between two attempts, unless the server asks for a longer one.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);
/// Shortest wait between two attempts, whatever the jitter and the server.
const SHORTEST_BACK_OFF: Duration = Duration::from_millis(100);
/// First wait between two exchanges that refusals cause. It doubles up to [`LONGEST_BACK_OFF`].
const FIRST_FLOOR: Duration = Duration::from_secs(1);
/// A refusal that comes so long after the last exchange of a refusal starts a new row. It is longer than every floor, so
/// that a token that is always refused does not start one.
pub(super) const END_OF_ROW: Duration = Duration::from_mins(2);
/// First back-off without a usable token: callers are waiting.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// First back-off while the old token is usable: no caller is waiting. With full jitter, the mean is half of it.
const FIRST_BACK_OFF_WHILE_USABLE: Duration = Duration::from_secs(10);

/// The three points in time of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// From here on a refresh may start.
    pub(super) refresh: Moment,
    /// From here on callers wait for an exchange.
    pub(super) end_of_use: Moment,
    /// From here on the token is not used.
    pub(super) expiry: Moment,
}

impl Schedule {
    /// Plans the schedule of a token that was asked for at `asked` and expires at `expiry`. `chance` is a random number
    /// from 0 to 1.
    pub(super) fn plan(asked: Moment, expiry: Moment, options: &CacheOptions, chance: f64) -> Self {
        let lifetime = expiry.after(asked);
        let skew = match options.clock_skew {
            Threshold::Auto => LONGEST_SKEW.min(lifetime / 10),
            Threshold::Fixed(skew) => skew,
        };
        let end_of_use = expiry.minus(skew);
        let threshold = match options.expiry_threshold {
            // The limit comes before the jitter: clients with long-lived tokens must not refresh at the same time either.
            Threshold::Auto => (lifetime / 5).min(LONGEST_THRESHOLD).mul_f64(0.5 + 0.5 * chance),
            Threshold::Fixed(threshold) => threshold,
        };
        // A threshold longer than the lifetime must not cause a refresh at every call.
        let refresh = end_of_use.minus(threshold.min(lifetime / 2));
        Self { refresh, end_of_use, expiry }
    }
}

/// Returns the wait before the next attempt after `failures` in a row: full jitter over a doubling range, or the wait
/// that the server asked for if that is longer.
pub(super) fn back_off(
    failures: u32,
    usable: bool,
    retry_after: Option<Duration>,
    chance: f64,
) -> Duration {
    let first = if usable { FIRST_BACK_OFF_WHILE_USABLE } else { FIRST_BACK_OFF };
    let own = BackOff::new(first, LONGEST_BACK_OFF).jittered(failures, chance);
    let own = own.max(SHORTEST_BACK_OFF);
    match retry_after {
        // A little later than asked: with a date, all clients would come back at once.
        Some(asked) => own.max(BackOff::asked(asked).mul_f64(1.0 + 0.1 * chance)),
        None => own,
    }
}

/// Returns the shortest time between two exchanges that refusals cause, after so many of them in a row. A server that
/// refuses each token at once must not cause an exchange for each request.
pub(super) fn floor(refusals: u32) -> Duration {
    match refusals {
        // A token that was revoked is replaced at once.
        0 => Duration::ZERO,
        _ => BackOff::new(FIRST_FLOOR, LONGEST_BACK_OFF).after(refusals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn plan(lifetime: u64, threshold: Threshold, chance: f64) -> [u64; 3] {
        let asked = Moment::new(seconds(1_000_000), seconds(1_000));
        let options = CacheOptions { expiry_threshold: threshold, ..CacheOptions::default() };
        let plan = Schedule::plan(asked, asked.plus(seconds(lifetime)), &options, chance);
        [plan.refresh, plan.end_of_use, plan.expiry].map(|moment| moment.after(asked).as_secs())
    }

    #[test]
    fn skew_and_threshold_scale_with_the_lifetime() {
        assert_eq!(plan(3600, Threshold::Auto, 0.0), [3590 - 150, 3590, 3600]);
        assert_eq!(plan(3600, Threshold::Auto, 1.0), [3590 - 300, 3590, 3600]);
        assert_eq!(plan(600, Threshold::Auto, 0.0), [590 - 60, 590, 600]);
        assert_eq!(plan(600, Threshold::Auto, 1.0), [590 - 120, 590, 600]);
        assert_eq!(plan(60, Threshold::Auto, 1.0), [54 - 12, 54, 60]);
        assert_eq!(plan(600, Threshold::Fixed(seconds(5)), 0.5), [585, 590, 600]);
        assert_eq!(plan(0, Threshold::Auto, 0.5), [0, 0, 0]);
    }

    #[test]
    fn a_clock_skew_is_taken_as_it_is() {
        let asked = Moment::new(seconds(1_000_000), seconds(1_000));
        for (skew, lifetime, expected) in [
            (0, 600, [595, 600, 600]),
            (2, 60, [53, 58, 60]),
            (30, 60, [25, 30, 60]),
            // Longer than the lifetime: no call uses the token without an exchange.
            (90, 60, [0, 0, 60]),
        ] {
            let options = CacheOptions::default()
                .with_clock_skew(seconds(skew))
                .with_expiry_threshold(seconds(5));
            let plan = Schedule::plan(asked, asked.plus(seconds(lifetime)), &options, 0.5);
            let points = [plan.refresh, plan.end_of_use, plan.expiry];
            let points = points.map(|moment| moment.after(asked).as_secs());
            assert_eq!(points, expected, "{skew} of {lifetime}");
        }
    }

    #[test]
    fn a_threshold_longer_than_the_life_leaves_half_of_it_fresh() {
        assert_eq!(plan(60, Threshold::Fixed(seconds(3600)), 0.5), [24, 54, 60]);
    }

    #[test]
    fn back_off_doubles_is_capped_and_obeys_the_server() {
        assert_eq!(back_off(1, false, None, 1.0), seconds(1));
        assert_eq!(back_off(3, false, None, 1.0), seconds(4));
        assert_eq!(back_off(3, false, None, 0.25), seconds(1));
        assert_eq!(back_off(1, true, None, 0.5), seconds(5));
        assert_eq!(back_off(u32::MAX, true, None, 1.0), seconds(60));
        assert_eq!(back_off(1, false, Some(seconds(7)), 0.0), seconds(7));
        assert_eq!(back_off(1, false, Some(seconds(70_000)), 0.0), seconds(300));
        assert_eq!(back_off(1, false, Some(seconds(100)), 1.0), seconds(110));
        assert_eq!(back_off(3, false, Some(Duration::ZERO), 0.5), seconds(2));
        assert_eq!(back_off(1, false, Some(Duration::ZERO), 0.0), SHORTEST_BACK_OFF);
    }
    #[test]
    fn the_floor_doubles_and_is_capped() {
        let floors = [0, 1, 2, 3, 6, 7, 8, u32::MAX].map(|refusals| floor(refusals).as_secs());
        assert_eq!(floors, [0, 1, 2, 4, 32, 60, 60, 60]);
    }
}
