//! `FingerprintKey`: the random key by which a store's records tell one configured secret from another.
//!
//! It is a document of the store. Without it, a record does not help to try out passwords.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    Document, NamedStore, StoreKey, hex,
    record::{VERSION, next_revision},
};
use crate::{Error, Result, SecretString};

/// Most tries to create it. Of several processes that create it at once, one does, and the others find it.
const TRIES: u32 = 10;
/// The name of its document. The names of sessions start with a letter.
const NAME: &str = ".fingerprint-key";

/// The random key of one store.
pub(crate) struct FingerprintKey(Zeroizing<Vec<u8>>);

/// Its document, which stores treat like a session's.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    revision: u64,
    fingerprint_key: Zeroizing<Vec<u8>>,
}

impl FingerprintKey {
    /// Returns the key of a store, and creates it if there is none.
    pub(crate) async fn of(store: &NamedStore) -> Result<Self> {
        for _ in 0..TRIES {
            let document = store.load(&name()).await?;
            if let Some(key) = document.as_ref().and_then(Self::read) {
                return Ok(key);
            }
            let expected = document.map_or(0, |document| document.revision);
            let key = Self::random()?;
            if store.save(&name(), &key.write(next_revision(expected)), expected).await? {
                return Ok(key);
            }
        }
        Err(Error::store(format!("the token store does not save the document `{NAME}`"))
            .with_help("check that its `save` replaces a document of the expected revision"))
    }

    /// Returns the key of a store, if there is one.
    pub(crate) async fn existing(store: &NamedStore) -> Result<Option<Self>> {
        Ok(store.load(&name()).await?.as_ref().and_then(Self::read))
    }

    /// Returns the key of a store without waiting, if there is one and the store can read at once.
    pub(crate) fn existing_now(store: &NamedStore) -> Option<Self> {
        store.load_now(&name()).as_ref().and_then(Self::read)
    }

    /// Returns 32 characters that depend on each of the secrets. Without secrets they are empty.
    pub(crate) fn fingerprint(&self, secrets: &[&SecretString]) -> String {
        if secrets.is_empty() {
            return String::new();
        }
        // HMAC accepts a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for secret in secrets {
            let secret = secret.expose();
            mac.update(&secret.len().to_be_bytes());
            mac.update(secret.as_bytes());
        }
        hex(&mac.finalize().into_bytes())[..32].to_owned()
    }

    fn random() -> Result<Self> {
        let mut key = Zeroizing::new(vec![0; 32]);
        getrandom::fill(&mut key).map_err(|_| {
            Error::internal("the system has no random numbers").with_help("check the system")
        })?;
        Ok(Self(key))
    }

    fn read(document: &Document) -> Option<Self> {
        let written: Written = serde_json::from_str(&document.text.expose()).ok()?;
        (written.fingerprint_key.len() == 32).then_some(Self(written.fingerprint_key))
    }

    fn write(&self, revision: u64) -> Document {
        let written = Written { version: VERSION, revision, fingerprint_key: self.0.clone() };
        // Numbers can always be written.
        let text = Zeroizing::new(serde_json::to_string(&written).unwrap_or_default());
        Document { revision, text: text.as_str().into() }
    }
}

/// The start of the names of documents that belong to no session.
const BESIDE: &str = ".beside-";

/// Returns whether a key is the name of a session's document.
pub(crate) fn is_session(key: &StoreKey) -> bool {
    key.as_str() != NAME && !key.as_str().starts_with(BESIDE)
}

/// Returns the key of a document that belongs to no session. The name may be of any length.
pub(super) fn beside_sessions(name: &str) -> StoreKey {
    let hash = hex(&Sha256::digest(name));
    StoreKey::new(&format!("{BESIDE}{}", &hash[..32]))
}

/// Returns the key of the document.
pub(crate) fn name() -> StoreKey {
    StoreKey::new(NAME)
}

/// Returns the fingerprint that records of earlier versions have: without a key.
pub(super) fn unkeyed(secrets: &[&SecretString]) -> String {
    let unkeyed = |secret: &&SecretString| {
        let digest = Sha256::digest(secret.expose().as_bytes());
        hex(&digest)[..16].to_owned()
    };
    secrets.iter().map(unkeyed).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_the_key_and_on_each_secret() {
        let (one, other) = (FingerprintKey::random().unwrap(), FingerprintKey::random().unwrap());
        let secrets = ["a", "b", "ab", ""].map(SecretString::from);
        let [a, b, ab, empty] = &secrets;
        let of = |secrets: &[&SecretString]| one.fingerprint(secrets);
        assert_eq!(of(&[a]), of(&[a]));
        assert_ne!(of(&[a]), other.fingerprint(&[a]));
        assert_ne!(of(&[a, b]), of(&[b, a]));
        assert_ne!(of(&[a, b]), of(&[ab, empty]));
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[a]).len(), 32);
    }

    #[test]
    fn a_written_key_is_read_again() {
        let key = FingerprintKey::random().unwrap();
        let read = FingerprintKey::read(&key.write(7)).unwrap();
        assert_eq!(*read.0, *key.0);
        let other = Document { revision: 1, text: "{\"version\":1,\"revision\":1}".into() };
        assert!(FingerprintKey::read(&other).is_none());
    }
}
