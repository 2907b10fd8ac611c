//! Waiting for another process, without guessing how long it takes.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take: far more than it does, for a machine that compiles meanwhile. Shorter than what the
/// test runner grants a test, so that the message says what was missed.
const LIMIT: Duration = Duration::from_secs(90);

/// The time between two polls.
const PAUSE: Duration = Duration::from_millis(10);

/// Polls until there is a value, and returns it.
///
/// # Panics
///
/// If there is nothing for too long; the message has `what`.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < LIMIT, "waited {LIMIT:?} in vain for {what}");
        thread::sleep(PAUSE);
    }
}
