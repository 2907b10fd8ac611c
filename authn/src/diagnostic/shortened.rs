//! Shortens keys and names, which are as long as their author wants.

use std::borrow::Cow;

/// The largest number of characters of a key or a name in a message.
const LONGEST_NAME: usize = 200;

/// Returns a key or a name as a message shows it. A long one ends with `…`.
pub(crate) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}
