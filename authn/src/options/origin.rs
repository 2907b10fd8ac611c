//! `Origin`: the type of an option that is an origin, so that the schema knows that it is.

use std::ops::Deref;

use serde::Deserialize;

use super::{Show, View};

/// An origin as the value of an option: `https://host[:port]`, `https://*.host` or `*`.
///
/// In a configuration it is a text. It is not validated here, but by [`Origins::and`](crate::Origins::and). Unlike a plain
/// text, `authn config trust` lists it as an origin.
///
/// ```
/// /// Sends tokens to further servers.
/// #[derive(authn::Options)]
/// struct Targets {
///     /// Where tokens are sent.
///     origins: Vec<authn::options::Origin>,
/// }
///
/// fn origins(targets: &Targets) -> authn::Result<authn::Origins> {
///     targets.origins.iter().try_fold(authn::Origins::none(), |all, origin| all.and(origin))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "authn::Origin")]
pub struct Origin(String);

impl Origin {
    /// The name by which [`probe`](super::probe) recognises the type.
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
