//! `Owner`: whose a session is, as text without secrets.

use serde::{Deserialize, Serialize};

use super::StoreKey;

/// Whose a session is. A record names it, so that a session can be listed after its options have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    pub(crate) provider: String,
    /// The address of the server in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    /// The user that the configuration names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
}

impl Owner {
    /// Returns what the key of a record says, for one of an earlier version: `PROVIDER-PROFILE-HASH`, and for some
    /// sessions a second hash. `None` if it is no such key.
    pub(super) fn of_key(key: &StoreKey) -> Option<Self> {
        let is_hash = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let ended = key.as_str().rsplit_once('-').filter(|(_, hash)| is_hash(hash, 16));
        let name = ended.map_or(key.as_str(), |(name, _)| name);
        let (name, _) = name.rsplit_once('-').filter(|(_, hash)| is_hash(hash, 32))?;
        let (provider, profile) = name.split_once('-')?;
        Some(Self {
            profile: (profile != StoreKey::WITHOUT_PROFILE).then(|| profile.to_owned()),
            provider: provider.to_owned(),
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_provider_and_profile() {
        let second = format!("{}-{}", StoreKey::of("oauth", Some("a-b"), "x=1"), "0".repeat(16));
        for (key, profile) in [
            (StoreKey::of("oauth", Some("work"), ""), Some("work")),
            (StoreKey::of("oauth", None, ""), None),
            (StoreKey::new(&second), Some("a-b")),
        ] {
            let owner = Owner::of_key(&key).unwrap();
            assert_eq!((&*owner.provider, owner.profile.as_deref()), ("oauth", profile), "{key}");
        }
        for other in ["oauth", "oauth-work", "oauth-work-abc", "-"] {
            assert_eq!(Owner::of_key(&StoreKey::new(other)), None, "{other}");
        }
    }
}
