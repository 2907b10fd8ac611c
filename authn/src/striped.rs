//! `Striped`: a value that many threads clone without contention.
//!
//! What slows down shared values on many threads is the reference count: two threads that clone one `Arc` write to the
//! same cache line. So there is one separate copy for each of several *stripes*, and a thread always reads the copy of
//! its own stripe.

use std::{
    cell::Cell,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Stripes per core. Threads are numbered as they start, and with more stripes than cores two busy threads rarely have
/// the same one.
const PER_CORE: usize = 4;
/// Most stripes, whatever the number of cores.
const MOST: usize = 64;

/// Separate copies of a value, of which each thread reads one.
///
/// A provider whose value never changes, such as a static header, keeps it in one.
///
/// ```
/// use authn::{Striped, Token};
///
/// // The closure must make a copy that shares no memory with the others.
/// let token = Striped::try_new(|| Token::new("abc"))?;
/// assert_eq!(token.get().secret(), "abc");
/// # Ok::<(), authn::Error>(())
/// ```
pub struct Striped<T>(Box<[T]>);

impl<T> Striped<T> {
    /// Creates the copies by calling `make` for each stripe: four times for each core, at most 64 times.
    pub fn try_new<E>(make: impl FnMut() -> Result<T, E>) -> Result<Self, E> {
        std::iter::repeat_with(make).take(count()).collect::<Result<_, _>>().map(Self)
    }

    /// Keeps a single value for all threads: one that few threads read at the same time.
    pub(crate) fn one(value: T) -> Self {
        Self(Box::new([value]))
    }

    /// Returns the copy of this thread's stripe.
    #[inline]
    pub fn get(&self) -> &T {
        // The count is a power of two.
        &self.0[stripe() & (self.0.len() - 1)]
    }
}

impl<T> fmt::Debug for Striped<T> {
    /// Does not show the value, which is a secret as a rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Striped(..)")
    }
}

fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (cores * PER_CORE).next_power_of_two().min(MOST)
    })
}

/// Returns the number of this thread.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stripe_has_a_copy_and_a_thread_keeps_to_one() {
        let mut made = 0_usize;
        let striped = Striped::try_new(|| {
            made += 1;
            Ok::<_, ()>(made)
        });
        let striped = striped.unwrap();
        assert!(made.is_power_of_two() && (PER_CORE..=MOST).contains(&made), "{made}");
        assert_eq!(striped.get(), striped.get());
        let other = std::thread::scope(|scope| scope.spawn(|| *striped.get()).join().unwrap());
        assert_ne!(*striped.get(), other, "threads are numbered as they start");
    }

    #[test]
    fn an_error_ends_the_making() {
        assert_eq!(Striped::<u8>::try_new(|| Err("no")).err(), Some("no"));
    }
}
