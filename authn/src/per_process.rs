//! `PerProcess`: a value that a forked child does not share with its parent.
//!
//! After a fork without an exec, the child has a copy of the parent's memory, but only the thread that forked. A
//! runtime, a lock or a connection that another thread of the parent works for would never be ready again.

use std::{mem, process, sync::Arc};

use arc_swap::ArcSwapOption;

/// A value that each process makes for itself, when it first needs it. It takes no lock, which a fork could leave
/// locked.
#[derive(Debug)]
pub struct PerProcess<T>(ArcSwapOption<Made<T>>);

/// A value with the id of the process that made it.
#[derive(Debug)]
pub struct Made<T> {
    process: u32,
    /// The value.
    pub value: T,
}

impl<T> PerProcess<T> {
    /// Creates one that no process has made yet.
    pub const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// Returns the value of this process, if it is made.
    pub fn made(&self) -> Option<Arc<Made<T>>> {
        self.0.load_full().filter(|made| made.process == process::id())
    }

    /// Returns the value of this process. If there is none, `make` makes it, from that of the parent after a fork. Two
    /// threads may make one each: then the second one's is dropped.
    pub fn get(&self, make: impl FnOnce(Option<&T>) -> T) -> Arc<Made<T>> {
        let process = process::id();
        let current = self.0.load();
        if let Some(made) = current.as_ref().filter(|made| made.process == process) {
            return Arc::clone(made);
        }
        let value = make(current.as_ref().map(|of_parent| &of_parent.value));
        let own = Arc::new(Made { process, value });
        let before = self.0.compare_and_swap(&current, Some(Arc::clone(&own)));
        if let Some(others) = before.as_ref().filter(|before| before.process == process) {
            return Arc::clone(others);
        }
        // The parent's value is not dropped here: that could wake the parent, or end its connections.
        mem::forget(before);
        own
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_in_a_process_and_again_after_a_fork() {
        let number = PerProcess::new();
        let made = |expected: Option<u32>, value| {
            move |of_parent: Option<&u32>| {
                assert_eq!(of_parent.copied(), expected);
                value
            }
        };
        assert_eq!(number.get(made(None, 1)).value, 1);
        assert_eq!(number.get(|_| panic!("it is made")).value, 1);
        // As a child sees it.
        let of_parent = Made { process: process::id().wrapping_add(1), value: 1 };
        number.0.store(Some(Arc::new(of_parent)));
        assert_eq!(number.get(made(Some(1), 2)).value, 2);
        assert_eq!(number.get(|_| panic!("it is made")).value, 2);
    }
}
