//! Deadlines for what others wrote: a source that hangs must not block every caller that needs its token.

use std::time::Duration;

use crate::Error;

/// Longest time for one exchange. The HTTP client's own deadlines are shorter; this one is for sources that
/// have none.
pub(super) const EXCHANGE: Duration = Duration::from_mins(2);

/// Longest time for reading or writing a store, and for telling the program of a new token.
pub(super) const STORE: Duration = Duration::from_secs(30);

/// Longest time to wait for whoever else exchanges. An exchange has deadlines of its own, and several processes
/// may stand in line.
pub(super) const LEASE: Duration = Duration::from_mins(5);

/// Longest time that closing waits for the exchanges under way.
pub(super) const CLOSE: Duration = Duration::from_secs(30);

/// The error of an exchange that had to be given up.
pub(super) fn hanging() -> Error {
    Error::network(format!(
        "the exchange was not over after {} minutes and was given up; try again later",
        EXCHANGE.as_secs() / 60
    ))
}
