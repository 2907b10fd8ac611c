//! `with`: what a server may leave out, added to what is made of its answer.

/// Adds what the server has sent.
pub(crate) fn with<T, V>(to: T, value: Option<V>, add: impl FnOnce(T, V) -> T) -> T {
    match value {
        Some(value) => add(to, value),
        None => to,
    }
}
