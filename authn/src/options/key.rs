//! Keys: the path from the top of a configuration to a value.

use std::fmt;

/// A path of keys, written with dots: `credentials.oauth.client_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(Vec<String>);

impl Key {
    pub(crate) fn new<S: AsRef<str>>(segments: &[S]) -> Self {
        Self(segments.iter().map(|segment| segment.as_ref().to_owned()).collect())
    }

    pub(crate) fn child(&self, segment: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.to_owned());
        Self(segments)
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.0
    }

    /// Returns the name of the provider whose own option it is; `None` if it is another key, or an option of a nested
    /// provider.
    pub(crate) fn provider(&self) -> Option<&str> {
        match self.0.as_slice() {
            [credentials, name, _] if credentials == "credentials" => Some(name),
            _ => None,
        }
    }

    /// Returns whether an environment variable can set it. A variable can't set an element of a list, and its name can't
    /// contain capitals or dots.
    pub(crate) fn is_reachable(&self) -> bool {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        self.0.iter().all(|segment| {
            segment.bytes().all(is_word)
                && !segment.contains("__")
                && segment.bytes().any(|byte| !byte.is_ascii_digit())
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            if is_bare(segment) { f.write_str(segment)? } else { write!(f, "{segment:?}")? }
        }
        Ok(())
    }
}

fn is_bare(segment: &str) -> bool {
    !segment.is_empty()
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
