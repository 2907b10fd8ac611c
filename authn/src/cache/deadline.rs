//! Deadlines for what others wrote: a source that hangs must not hang everybody who needs its token.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

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

/// Waits for `work` at most until `end`; `None` if that came first.
pub(crate) async fn before<T>(
    work: impl Future<Output = T>,
    mut end: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        end.as_mut().poll(context).map(|()| None)
    })
    .await
}
