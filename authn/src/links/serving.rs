//! `Serving`: which provider of a chain has served.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The index of the provider that has served; none at first, and after it has failed.
#[derive(Debug)]
pub(super) struct Serving(AtomicUsize);

const NONE: usize = usize::MAX;

impl Serving {
    pub(super) fn get(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|index| *index != NONE)
    }

    pub(super) fn set(&self, index: usize) {
        // Threads share it, so it is written only if it changes.
        if self.get() != Some(index) {
            self.0.store(index, Ordering::Relaxed);
        }
    }

    pub(super) fn forget(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }

    /// Forgets a provider that has failed, unless another one has served meanwhile.
    pub(super) fn forget_if(&self, index: usize) {
        let _ = self.0.compare_exchange(index, NONE, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Default for Serving {
    fn default() -> Self {
        Self(AtomicUsize::new(NONE))
    }
}
