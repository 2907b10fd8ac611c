//! `StoreKey`: the name of one session's document.

use std::fmt;

use sha2::{Digest, Sha256};

use super::hex;

/// Names one session's document: provider, profile and a hash of the options that it belongs to.
///
/// ```
/// use authn::store::StoreKey;
///
/// assert_eq!(StoreKey::new("oauth-work.login").as_str(), "oauth-work.login");
/// assert_eq!(StoreKey::new("../a b").to_string(), ".._a_b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey(String);

impl StoreKey {
    /// Creates a key from a name. Every character except ASCII letters, digits, `-`, `_` and `.` becomes `_`.
    pub fn new(name: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        Self(name.chars().map(safe).collect())
    }

    /// Creates the key of a provider's session.
    pub(crate) fn of(provider: &str, profile: Option<&str>, options: &str) -> Self {
        let profile = profile.unwrap_or("default");
        let hash = hex(&Sha256::digest(format!("{provider}\n{profile}\n{options}")));
        Self::new(&format!("{provider}-{profile}-{}", &hash[..32]))
    }

    /// Returns the key as text. It can be part of a file name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
