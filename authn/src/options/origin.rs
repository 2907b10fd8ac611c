//! `Origin`: an option that names an origin, so that the schema can say so.

use std::ops::Deref;

use serde::Deserialize;

use super::{Show, View};

/// An origin as [`Origins::and`](crate::Origins::and) takes it, as the value of an option: `https://host[:port]`,
/// `https://*.host` or `*`.
///
/// In a configuration it is a text, which is not checked here. Unlike a plain text it is named as an origin to the
/// user who is to trust a project's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "authn::Origin")]
pub struct Origin(String);

impl Origin {
    /// What serde calls it; see [`probe`](super::probe).
    pub(super) const NAME: &'static str = "authn::Origin";
}

impl Deref for Origin {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Show for Origin {
    fn show(&self) -> View {
        self.0.show()
    }
}
