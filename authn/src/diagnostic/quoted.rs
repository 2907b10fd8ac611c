//! Words of the commands that messages show.

use std::borrow::Cow;

/// Returns a word quoted for a shell, if it needs quotes.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    // Fails only for a NUL, which no command line can contain.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}
