//! `sorted`: collects into a map or a set that is sorted.

/// Collects by inserting. `collect` would add a sort for each type of iterator to the program, of 4 kB.
pub fn sorted<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut sorted = C::default();
    sorted.extend(items);
    sorted
}
