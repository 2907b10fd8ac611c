//! The wait-free read of the current token.
//!
//! What stops a cache on many threads is a shared reference count: two threads that clone one `Arc` fight
//! for its cache line. So each rotation holds one separate copy of the token per stripe, a thread always
//! reads the copy of its own stripe, and a new rotation replaces all copies at once.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::{ArcSwapOption, Guard};
use std::sync::Arc;

use super::schedule::Schedule;
use crate::{Issued, Result, Token};

/// Stripes per core: threads are numbered as they come, and more stripes than cores keep two busy ones
/// from sharing.
const PER_CORE: usize = 4;
const MOST: usize = 64;

#[derive(Default)]
pub(super) struct Slot(ArcSwapOption<Rotation>);

/// One token, as many times as there are stripes.
pub(super) struct Rotation {
    pub(super) schedule: Schedule,
    stripes: Box<[Issued]>,
}

impl Rotation {
    /// Returns the copy of this thread's stripe.
    #[inline]
    pub(super) fn issued(&self) -> &Issued {
        // The count is a power of two.
        &self.stripes[stripe() & (self.stripes.len() - 1)]
    }
}

impl Slot {
    #[inline]
    pub(super) fn load(&self) -> Guard<Option<Arc<Rotation>>> {
        self.0.load()
    }

    /// Replaces the token for all threads; `prefix` is the scheme that its header values begin with.
    pub(super) fn publish(&self, issued: &Issued, schedule: Schedule, prefix: &str) -> Result<()> {
        let stripes = (0..count()).map(|_| issued.separate(prefix)).collect::<Result<_>>()?;
        self.0.store(Some(Arc::new(Rotation { schedule, stripes })));
        Ok(())
    }

    /// Empties the slot.
    pub(super) fn clear(&self) {
        self.0.store(None);
    }

    /// Empties the slot if it holds this very token.
    pub(super) fn clear_if(&self, token: &Token) {
        let current = self.0.load();
        if current.as_deref().is_some_and(|rotation| rotation.stripes[0].token().is_same(token)) {
            self.0.compare_and_swap(&current, None);
        }
    }
}

fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (cores * PER_CORE).next_power_of_two().min(MOST)
    })
}

#[inline]
fn stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static MINE: Cell<Option<usize>> = const { Cell::new(None) });
    MINE.get().unwrap_or_else(|| {
        let mine = NEXT.fetch_add(1, Ordering::Relaxed);
        MINE.set(Some(mine));
        mine
    })
}
