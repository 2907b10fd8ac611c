//! `BackOff`: the one rule for how long to wait after failures, and the chance that spreads clients in time.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Longest wait that a server can ask for by `Retry-After`.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);

/// A wait that doubles with each failure in a row.
///
/// ```
/// use authn::time::BackOff;
/// use std::time::Duration;
///
/// let back_off = BackOff::new(Duration::from_secs(1), Duration::from_secs(60));
/// assert_eq!(back_off.after(3), Duration::from_secs(4));
/// assert_eq!(back_off.after(100), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
}

impl BackOff {
    /// Makes one that begins with a wait and grows to another.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// Returns the wait after this many failures in a row, counted from 1.
    #[must_use]
    pub fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest)
    }

    /// Returns the wait that a server asks for by `Retry-After` (RFC 9110, 10.2.3), at most 5 minutes.
    #[must_use]
    pub fn asked(retry_after: Duration) -> Duration {
        retry_after.min(LONGEST_RETRY_AFTER)
    }
}

/// Returns a random number between 0 and 1. It spreads clients in time and keeps no secret, so the standard
/// library's hash seed is random enough.
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
    fn chance_varies_between_0_and_1() {
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5));
        assert!(chances.iter().any(|chance| *chance > 0.5));
    }
}
