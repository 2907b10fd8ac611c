//! `KeySet`: the keys that a server publishes (RFC 7517, 5).

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    algorithm::PublicKeyAlgorithm,
    public_key::{Jwk, PublicKey},
};

/// Largest set that is read, in bytes. The sets of large providers have 20 KiB, including their certificates.
const LARGEST: usize = 256 * 1024;

/// Largest number of keys that are kept of a set.
const MOST_KEYS: usize = 100;

/// The keys of a set that can verify a signature.
pub(crate) struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// The error of anything but a JSON object.
    pub(crate) const NO_OBJECT: &str = "something that is not a JSON object";

    /// Parses a set. Keys that are invalid, of an unknown type or not for signatures are left out (RFC 7517, 5), and so
    /// are all after the first hundred. The error names what was found instead, and contains nothing of it.
    pub(crate) fn read(json: &[u8]) -> Result<Self, &'static str> {
        if json.len() > LARGEST {
            return Err("more than 256 KiB");
        }
        let Ok(Value::Object(mut document)) = serde_json::from_slice(json) else {
            return Err(Self::NO_OBJECT);
        };
        let Some(Value::Array(keys)) = document.remove("keys") else {
            return Err("JSON without a list of keys");
        };
        let key = |value: Value| {
            let jwk = value.is_object().then(|| Jwk::deserialize(value).ok())?;
            jwk.and_then(PublicKey::new)
        };
        Ok(Self(keys.into_iter().filter_map(key).take(MOST_KEYS).collect()))
    }

    /// Returns the keys that may have signed: those with the identifier, or without one, those that fit the algorithm.
    pub(super) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: PublicKeyAlgorithm,
    ) -> Vec<&PublicKey> {
        let meant = |key: &&PublicKey| id.map_or_else(|| key.fits(algorithm), |id| key.is(id));
        self.0.iter().filter(meant).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
