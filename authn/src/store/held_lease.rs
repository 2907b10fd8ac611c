//! `HeldLease`: the lease of an exchange; and `SendRight`, which each of its requests checks before it is sent.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::runtime::Handle;

use super::Lease;
use crate::{Error, Result, runtime};

/// The lease that an exchange holds. Dropping it releases the lease, whatever still has its [`SendRight`].
pub(crate) struct HeldLease(Arc<Shared>);

/// The right to send in an exchange, which ends when its lease is lost.
///
/// After the exchange it refuses nothing, because such a request belongs to no session.
#[derive(Clone)]
pub(crate) struct SendRight(Arc<Shared>);

struct Shared {
    /// `None` after the exchange.
    lease: Mutex<Option<Lease>>,
    /// Where the session is, for messages.
    place: String,
    /// Whether a server has accepted what was sent.
    is_accepted: AtomicBool,
}

impl HeldLease {
    pub(crate) fn new(lease: Lease, place: String) -> Self {
        let lease = Mutex::new(Some(lease));
        Self(Arc::new(Shared { lease, place, is_accepted: AtomicBool::new(false) }))
    }

    /// Returns whether the lease is lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.0.is_lost()
    }

    /// Fails if the lease is lost.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// Returns the right to send, for another request of this exchange.
    pub(crate) fn right(&self) -> SendRight {
        self.0.is_accepted.store(false, Ordering::Release);
        SendRight(Arc::clone(&self.0))
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        let lease = self.0.lock().take();
        drop(lease);
    }
}

impl SendRight {
    /// Fails if the lease is lost, unless a server has already accepted a request of the exchange. What completes that is
    /// still sent, because the answer would be lost otherwise.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.is_accepted.load(Ordering::Acquire) { Ok(()) } else { self.0.check() }
    }

    /// Notes that a server has accepted what the exchange has sent.
    #[cfg(feature = "reqwest")]
    pub(crate) fn accepted(&self) {
        self.0.is_accepted.store(true, Ordering::Release);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Lease>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_lost(&self) -> bool {
        // The future of a store may use timers, and a source may send from a thread of its own.
        let background = runtime::handle();
        let _background = background.as_ref().ok().map(Handle::enter);
        self.lock().as_mut().is_some_and(Lease::is_lost)
    }

    fn check(&self) -> Result<()> {
        if !self.is_lost() {
            return Ok(());
        }
        let place = &self.place;
        Err(Error::store(format!(
            "the lease of the session in {place} was lost, so the exchange was not sent"
        ))
        .with_help("try again"))
    }
}

impl fmt::Debug for SendRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendRight").finish_non_exhaustive()
    }
}
