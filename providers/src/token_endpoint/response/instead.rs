//! `Instead`: what an answer has instead of what is expected of it.

use std::borrow::Cow;

/// What was found, as the object of "the server answered with". It contains nothing of the answer, except for words that
/// are checked.
#[derive(Debug)]
pub(super) struct Instead {
    pub(super) found: Cow<'static, str>,
    pub(super) help: Option<&'static str>,
}

impl Instead {
    pub(super) fn new(found: impl Into<Cow<'static, str>>) -> Self {
        Self { found: found.into(), help: None }
    }

    /// Sets what helps, if it is something else than to check the address.
    pub(super) fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }
}

impl From<&'static str> for Instead {
    fn from(found: &'static str) -> Self {
        Self::new(found)
    }
}

impl From<String> for Instead {
    fn from(found: String) -> Self {
        Self::new(found)
    }
}
