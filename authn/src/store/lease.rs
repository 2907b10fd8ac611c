//! `Lease`: the right to exchange for a key, and whether it is still held.

use std::{
    fmt,
    future::{self, Future},
    mem,
    pin::Pin,
    process,
    task::{Context, Waker},
};

use super::release;
use crate::runtime::{Boxed, catch, caught};

/// The right to exchange for a key. Dropping it releases it.
///
/// A lease in a network store expires if it is not renewed, so it can be lost while its holder still works. Such a
/// store passes a future that ends when that happens:
///
/// ```
/// use authn::store::Lease;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # struct Connection;
/// # let (on_loss, loss) = tokio::sync::oneshot::channel::<()>();
/// # let connection = Connection;
/// let mut lease = Lease::new(connection).with_lost(async {
///     // A task of the store renews the lease, and sends once that fails.
///     let _ = loss.await;
/// });
/// assert!(!lease.is_lost());
///
/// on_loss.send(()).unwrap();
/// lease.lost().await;
/// assert!(lease.is_lost());
/// # }
/// ```
///
/// An exchange looks at the lease right before it sends a request, and sends nothing once it is lost.
pub struct Lease {
    _held: Held,
    loss: Loss,
    _release: Release,
}

/// The future that releases the lease, if that takes one, with the process that has the lease. It is started when this is
/// dropped, but not in a forked child: the lease is its parent's, and so is the connection.
struct Release(Option<(u32, Boxed<'static, ()>)>);

impl Drop for Release {
    fn drop(&mut self) {
        match self.0.take() {
            Some((process, release)) if process == process::id() => release::start(release),
            of_parent => mem::forget(of_parent),
        }
    }
}

/// A value that is held for its drop, which releases the lease. If that panics, an exchange goes on.
struct Held(Option<Box<dyn Send>>);

impl Drop for Held {
    fn drop(&mut self) {
        catch(|| drop(self.0.take()));
    }
}

/// What is known of the loss of a lease.
enum Loss {
    /// The store's leases don't expire.
    Never,
    /// The future ends when the lease is lost.
    Awaited(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// The lease is lost.
    Lost,
}

impl Lease {
    /// Creates a lease from a value that releases the lease when it is dropped. Such a lease is never lost.
    pub fn new(held: impl Send + 'static) -> Self {
        let held = Held(Some(Box::new(held)));
        Self { _held: held, loss: Loss::Never, _release: Release(None) }
    }

    /// Sets a future that releases the lease, such as by a request to a server. It is run in the framework's runtime when the
    /// lease is dropped, after the value that the lease holds. [`Credentials::close`](crate::Credentials::close) waits for it,
    /// at most 5 seconds, so that a program that ends leaves no lease to the next one.
    ///
    /// ```
    /// use authn::store::Lease;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let (sender, released) = tokio::sync::oneshot::channel::<()>();
    /// # let delete_at_server = async move { drop(sender.send(())) };
    /// let lease = Lease::new(()).with_release(delete_at_server);
    /// drop(lease);
    /// # released.await.expect("the lease is released");
    /// # }
    /// ```
    #[must_use]
    pub fn with_release(self, release: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { _release: Release(Some((process::id(), Box::pin(release)))), ..self }
    }

    /// Sets the future that ends when the lease is lost. It is dropped with the lease. If it panics, the lease is lost.
    ///
    /// The future is polled right before each request of an exchange, also if nothing has woken it. A process can have been
    /// stopped for longer than the lease lasts, and continues before any timer fires. So a store whose leases last for a time
    /// compares that time with a clock in each poll:
    ///
    /// ```
    /// use std::{future::poll_fn, pin::pin, task::Poll, time::{Duration, Instant}};
    ///
    /// use authn::store::Lease;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # struct Held;
    /// # let held = Held;
    /// let end = Instant::now() + Duration::from_secs(30);
    /// let mut lease = Lease::new(held).with_lost(async move {
    ///     // The timer wakes the task that waits; the clock decides.
    ///     let mut timer = pin!(tokio::time::sleep_until(end.into()));
    ///     poll_fn(|context| {
    ///         let timer = timer.as_mut().poll(context);
    ///         if Instant::now() >= end { Poll::Ready(()) } else { timer }
    ///     })
    ///     .await;
    /// });
    /// assert!(!lease.is_lost());
    /// # }
    /// ```
    ///
    /// It is polled on any thread, within the framework's runtime, and must not block.
    #[must_use]
    pub fn with_lost(self, lost: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            loss: Loss::Awaited(Box::pin(async { caught(lost).await.unwrap_or_default() })),
            ..self
        }
    }

    /// Waits until the lease is lost: for ever if the store's leases don't expire.
    ///
    /// It may be dropped before it ends, and called again.
    pub async fn lost(&mut self) {
        match &mut self.loss {
            Loss::Never => future::pending().await,
            Loss::Awaited(lost) => {
                lost.await;
                self.loss = Loss::Lost;
            }
            Loss::Lost => {}
        }
    }

    /// Returns whether the lease is lost, without waiting. Once it is lost, it stays so.
    pub fn is_lost(&mut self) -> bool {
        // The waker may do nothing: `lost` polls again and sets one that does.
        let mut context = Context::from_waker(Waker::noop());
        if let Loss::Awaited(lost) = &mut self.loss
            && lost.as_mut().poll(&mut context).is_ready()
        {
            self.loss = Loss::Lost;
        }
        matches!(self.loss, Loss::Lost)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("can_be_lost", &!matches!(self.loss, Loss::Never))
            .field("lost", &matches!(self.loss, Loss::Lost))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{sync::oneshot, time::timeout};

    use super::*;

    fn check_send(_: &impl Send) {}

    #[tokio::test(start_paused = true)]
    async fn a_lease_without_expiry_is_never_lost() {
        let mut lease = Lease::new(());
        check_send(&lease);
        check_send(&lease.lost());
        assert!(!lease.is_lost());
        assert!(timeout(Duration::from_hours(24), lease.lost()).await.is_err());
    }

    #[tokio::test]
    async fn a_loss_is_seen_with_and_without_waiting_and_remembered() {
        for waits in [true, false] {
            let (on_loss, loss) = oneshot::channel::<()>();
            let mut lease = Lease::new(()).with_lost(async { drop(loss.await) });
            assert!(!lease.is_lost());
            on_loss.send(()).unwrap();
            if waits {
                lease.lost().await;
            }
            // A future that has ended must not be polled again.
            assert!(lease.is_lost() && lease.is_lost());
            lease.lost().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_waits_is_woken_after_a_look_that_did_not_wait() {
        let (on_loss, loss) = oneshot::channel::<()>();
        let mut lease = Lease::new(()).with_lost(async { drop(loss.await) });
        assert!(timeout(Duration::from_millis(1), lease.lost()).await.is_err());
        assert!(!lease.is_lost());
        let waiting = tokio::spawn(async move { lease.lost().await });
        tokio::task::yield_now().await;
        on_loss.send(()).unwrap();
        waiting.await.unwrap();
    }

    #[test]
    fn what_a_lease_holds_is_dropped_with_it() {
        let (held, released) = oneshot::channel::<()>();
        let (watched, ended) = oneshot::channel::<()>();
        let lease = Lease::new(held).with_lost(async move {
            let _watched = watched;
            future::pending::<()>().await;
        });
        drop(lease);
        for mut dropped in [released, ended] {
            assert_eq!(dropped.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        }
    }

    #[tokio::test]
    async fn a_release_is_made_in_the_background_and_can_be_waited_for() {
        let (held, dropped) = oneshot::channel::<()>();
        let (answer, answered) = oneshot::channel::<()>();
        let (sender, mut released) = oneshot::channel();
        let lease = Lease::new(held).with_release(async move {
            let _ = answered.await;
            sender.send(()).unwrap();
        });
        drop(lease);
        assert!(dropped.await.is_err(), "the value is dropped at once");
        // One that panics ends, too.
        drop(Lease::new(()).with_release(async { panic!("of a store") }));
        let mut waiting = Box::pin(release::released());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(released.try_recv().is_err());
        answer.send(()).unwrap();
        waiting.await;
        released.try_recv().unwrap();
        release::released().await;
    }
}
