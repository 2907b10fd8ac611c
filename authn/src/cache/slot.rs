//! `Slot`: the wait-free read of the current token.
//!
//! Each rotation has the token in stripes, so that threads don't share a reference count. A new rotation replaces all
//! copies at once.

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use super::schedule::Schedule;
use crate::{Issued, Result, Striped, Token};

#[derive(Default)]
pub(super) struct Slot(ArcSwapOption<Rotation>);

/// One token and its schedule.
pub(super) struct Rotation {
    pub(super) schedule: Schedule,
    stripes: Striped<Issued>,
}

impl Rotation {
    /// Copies the token for all threads. `prefix` is the scheme of its header value.
    pub(super) fn new(issued: &Issued, schedule: Schedule, prefix: &str) -> Result<Self> {
        Ok(Self { schedule, stripes: Striped::try_new(|| issued.separate(prefix))? })
    }

    /// Copies the token once: there are many such tokens, and few threads use the same one.
    pub(super) fn of_request(issued: &Issued, schedule: Schedule, prefix: &str) -> Result<Self> {
        Ok(Self { schedule, stripes: Striped::one(issued.separate(prefix)?) })
    }

    /// Returns the copy of this thread's stripe.
    #[inline]
    pub(super) fn issued(&self) -> &Issued {
        self.stripes.get()
    }
}

impl Slot {
    #[inline]
    pub(super) fn load(&self) -> Guard<Option<Arc<Rotation>>> {
        self.0.load()
    }

    /// Replaces the token for all threads.
    pub(super) fn publish(&self, rotation: Option<Arc<Rotation>>) {
        self.0.store(rotation);
    }

    /// Empties the slot.
    pub(super) fn clear(&self) {
        self.publish(None);
    }

    /// Empties the slot if it has this token, and returns whether it had it.
    pub(super) fn clear_if(&self, token: &Token) -> bool {
        let current = self.0.load();
        let has =
            current.as_deref().is_some_and(|rotation| rotation.issued().token().is_same(token));
        if has {
            self.0.compare_and_swap(&current, None);
        }
        has
    }
}
