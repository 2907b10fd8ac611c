//! Words of commands, as a message shows them.

use std::borrow::Cow;

/// Returns a word as a shell takes it.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    // Fails for a NUL alone, which no command line can hold.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}
