//! `before`: waits for work until another future ends first.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// Waits for `work`, and returns `None` if `end` ends first.
pub(crate) async fn before<T>(
    work: impl Future<Output = T>,
    mut end: impl Future<Output = ()> + Unpin,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        Pin::new(&mut end).poll(context).map(|()| None)
    })
    .await
}
