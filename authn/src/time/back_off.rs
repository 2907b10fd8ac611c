//! `BackOff`: the one rule for waits after failures; and random numbers, which spread clients in time.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Longest wait that a server can ask for by `Retry-After`.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);

/// A wait that doubles with each failure in a row, up to a limit, with full jitter if the caller wants it.
///
/// ```
/// use authn::time::BackOff;
/// use std::time::Duration;
///
/// let back_off = BackOff::new(Duration::from_secs(1), Duration::from_secs(60));
/// assert_eq!(back_off.after(3), Duration::from_secs(4));
/// assert_eq!(back_off.after(100), Duration::from_secs(60));
///
/// // With full jitter, many clients don't try again at the same time.
/// let chance = 0.25; // a random number
/// assert_eq!(back_off.jittered(3, chance), Duration::from_secs(1));
///
/// // A server may ask for more, but at most for 5 minutes.
/// assert_eq!(BackOff::asked(Duration::from_secs(3_600)), Duration::from_secs(300));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
}

impl BackOff {
    /// Creates a back-off from the wait after the first failure and the longest wait.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// Returns the wait after this many failures in a row, counted from 1; 0 is treated as 1.
    #[must_use]
    pub fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest)
    }

    /// Returns the wait after this many failures in a row, with full jitter: a share of [`after`](Self::after) that
    /// `chance` decides, a random number from 0 to 1.
    #[must_use]
    pub fn jittered(self, failures: u32, chance: f64) -> Duration {
        let wait = self.after(failures);
        // A product of the longest durations can be rounded up to more than a duration can be.
        Duration::try_from_secs_f64(wait.as_secs_f64() * chance.clamp(0.0, 1.0)).unwrap_or(wait)
    }

    /// Returns the wait that a server asks for by `Retry-After` (RFC 9110, 10.2.3), at most 5 minutes.
    #[must_use]
    pub fn asked(retry_after: Duration) -> Duration {
        retry_after.min(LONGEST_RETRY_AFTER)
    }
}

/// Returns a random number from 0 up to 1. It only spreads clients in time and protects no secret, so the hash seed of
/// the standard library is random enough.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub(crate) fn chance() -> f64 {
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_up_to_the_longest() {
        let back_off = BackOff::new(Duration::from_millis(200), Duration::from_secs(1));
        let waits = [0, 1, 2, 3, 4, u32::MAX].map(|failures| back_off.after(failures).as_millis());
        assert_eq!(waits, [200, 200, 400, 800, 1000, 1000]);
        assert_eq!(BackOff::asked(Duration::MAX), LONGEST_RETRY_AFTER);
    }

    #[test]
    fn full_jitter_is_a_share_of_the_wait() {
        let back_off = BackOff::new(Duration::from_millis(200), Duration::from_secs(1));
        let waits = [0.0, 0.5, 1.0, 7.0].map(|chance| back_off.jittered(2, chance).as_millis());
        assert_eq!(waits, [0, 200, 400, 400]);
        let longest = BackOff::new(Duration::MAX, Duration::MAX);
        assert_eq!(longest.jittered(u32::MAX, 1.0), Duration::MAX);
    }

    #[test]
    fn chance_varies_between_0_and_1() {
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5));
        assert!(chances.iter().any(|chance| *chance > 0.5));
    }
}
