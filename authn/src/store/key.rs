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
    /// What stands for the profile if there is none.
    pub(super) const WITHOUT_PROFILE: &str = "default";

    /// Creates a key from a name. Every character except ASCII letters, digits, `-`, `_` and `.` becomes `_`.
    pub fn new(name: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        Self(name.chars().map(safe).collect())
    }

    /// Creates the key of a provider's session. A long name of a profile is cut, because the name of a file is limited to
    /// 255 bytes; the hash is of the whole name.
    pub(crate) fn of(provider: &str, profile: Option<&str>, options: &str) -> Self {
        const LONGEST_NAME: usize = 64;
        let profile = profile.unwrap_or(Self::WITHOUT_PROFILE);
        let name: String = profile.chars().take(LONGEST_NAME).collect();
        let hash = hex(&Sha256::digest(format!("{provider}\n{profile}\n{options}")));
        Self::new(&format!("{provider}-{name}-{}", &hash[..32]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_long_profile_can_be_a_files_name() {
        let of = |profile: &str| StoreKey::of("oauth", Some(profile), "");
        for name in ["work", &"x".repeat(64)] {
            assert!(of(name).as_str().starts_with(&format!("oauth-{name}-")), "{name}");
        }
        let long = ["x".repeat(65), "x".repeat(10_000), "ä".repeat(10_000)];
        let keys = long.each_ref().map(|name| of(name));
        for key in &keys {
            assert_eq!(key.as_str().len(), "oauth--".len() + 64 + 32);
        }
        assert_ne!(keys[0], keys[1], "the hash is of the whole name");
    }
}
