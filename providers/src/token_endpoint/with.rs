//! `with`: adds an optional member of a server's answer to the value that is built from it.

/// Returns `to` with the value added, or unchanged if there is no value.
pub(crate) fn with<T, V>(to: T, value: Option<V>, add: impl FnOnce(T, V) -> T) -> T {
    match value {
        Some(value) => add(to, value),
        None => to,
    }
}
