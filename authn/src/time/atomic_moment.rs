//! `AtomicMoment`: a moment that is read without a lock.

use std::sync::atomic::{AtomicI64, Ordering};

use super::Moment;

/// A [`Moment`] that is read without a lock; at first one that has been reached.
///
/// Its two halves are read one after the other, so a reader can see them of two different moments. It is for hints
/// whose loss costs a lock or a little time.
#[derive(Debug, Default)]
pub(crate) struct AtomicMoment {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl AtomicMoment {
    pub(crate) fn get(&self) -> Moment {
        Moment {
            wall: self.wall.load(Ordering::Relaxed),
            monotonic: self.monotonic.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn set(&self, moment: Moment) {
        self.wall.store(moment.wall, Ordering::Relaxed);
        self.monotonic.store(moment.monotonic, Ordering::Relaxed);
    }
}
