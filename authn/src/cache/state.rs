//! `SessionState`: what a source has in memory besides its options.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{memory::Memory, scopes::ScopeSlots};
use crate::per_process::PerProcess;

/// The session of one source in memory. After a reload, the old source and the new one share it if they have the same
/// session, so that an exchange of either sends each refresh token once.
#[derive(Default)]
pub(super) struct SessionState {
    pub(super) slots: ScopeSlots,
    /// An exchange of the parent can have it locked when the process forks.
    memory: PerProcess<Arc<Mutex<Memory>>>,
    /// Locked while a user logs in.
    login: PerProcess<Arc<Mutex<()>>>,
    /// Counts logins, so that a caller that waited for one sees that it succeeded.
    pub(super) logins: AtomicU64,
    has_warned: AtomicBool,
}

impl SessionState {
    /// Locks the memory and empties it if a logout or a login has happened since it was filled.
    pub(super) async fn memory(&self) -> OwnedMutexGuard<Memory> {
        let mut memory = self.memory_lock().lock_owned().await;
        memory.keep_if_of(self.slots.generation());
        memory
    }

    /// Returns the lock of the memory. A child takes over what its parent kept, unless an exchange was under way: that
    /// one's result is the parent's.
    pub(super) fn memory_lock(&self) -> Arc<Mutex<Memory>> {
        let of_child = |of_parent: Option<&Arc<Mutex<Memory>>>| {
            let kept = of_parent.and_then(|memory| Some(memory.try_lock().ok()?.clone()));
            Arc::new(Mutex::new(kept.unwrap_or_default()))
        };
        Arc::clone(&self.memory.get(of_child).value)
    }

    /// Returns the lock of logins.
    pub(super) fn login_lock(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.login.get(|_| Arc::default()).value)
    }

    /// Unlocks the memory and publishes the session's state, unless a logout or a login has happened.
    pub(super) fn put_back(&self, mut memory: OwnedMutexGuard<Memory>) {
        memory.keep_if_of(self.slots.generation());
        self.slots.set_status(memory.generation, memory.status());
    }

    /// Drops all tokens that were obtained before.
    pub(super) fn forget(&self) {
        let generation = self.slots.start_generation();
        // If it is locked, its holder finds the generation changed.
        if let Ok(mut memory) = self.memory_lock().try_lock() {
            memory.keep_if_of(generation);
        }
    }

    /// Returns whether to warn that a refresh token was replaced: the first time.
    pub(super) fn warns_of_rotation(&self) -> bool {
        !self.has_warned.swap(true, Ordering::Relaxed)
    }
}
