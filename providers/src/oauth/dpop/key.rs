//! `SessionKey`: the key that the tokens of a session are bound to.

use std::sync::{Arc, PoisonError, RwLock};

use authn::{Error, Result, SecretString};

use crate::jws::{KeyPair, KeyPairAlgorithm};

/// The name under which a token set and a suspended login keep the key.
pub(in crate::oauth) const KEPT: &str = "dpop_key";

/// The type of a proof (RFC 9449, 4.2).
const TYPE: &str = "dpop+jwt";

/// Most keys that stay parsed. A program rarely has more than one session for each provider.
const MOST: usize = 16;

/// The key of a session.
pub(in crate::oauth) struct SessionKey {
    text: SecretString,
    pub(super) pair: KeyPair,
}

impl SessionKey {
    /// Makes a key.
    pub(super) fn generate(algorithm: KeyPairAlgorithm) -> Result<Self> {
        Self::parse(KeyPair::generate(algorithm)?.as_str().into())
    }

    fn parse(text: SecretString) -> Result<Self> {
        let pair = KeyPair::parse(&text.expose(), TYPE);
        let pair = pair.ok_or_else(|| {
            Error::invalid_token("the key that the token is bound to (DPoP) can't be read")
                .with_help("get another token: log in again, if a user logs in")
        })?;
        Ok(Self { text, pair })
    }

    /// Returns the private key as a JWK.
    pub(in crate::oauth) fn text(&self) -> &SecretString {
        &self.text
    }

    /// Returns the thumbprint of the public key (RFC 9449, 6).
    pub(in crate::oauth) fn thumbprint(&self) -> &str {
        self.pair.thumbprint()
    }
}

/// The keys that have been parsed, the last one at the end. To parse a key takes longer than to sign with it.
#[derive(Default)]
pub(super) struct Keys(RwLock<Vec<Arc<SessionKey>>>);

impl Keys {
    /// Returns the key of a text.
    pub(super) fn parsed(&self, text: &SecretString) -> Result<Arc<SessionKey>> {
        match self.known(text) {
            Some(key) => Ok(key),
            None => Ok(self.add(SessionKey::parse(text.clone())?)),
        }
    }

    fn known(&self, text: &SecretString) -> Option<Arc<SessionKey>> {
        let text = text.expose();
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().rev().find(|key| *key.text.expose() == *text).cloned()
    }

    /// Adds a key that was made or parsed.
    pub(super) fn add(&self, key: SessionKey) -> Arc<SessionKey> {
        let key = Arc::new(key);
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() == MOST {
            keys.remove(0);
        }
        keys.push(Arc::clone(&key));
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_parsed_once_and_few_are_remembered() {
        let keys = Keys::default();
        let made = |_| SessionKey::generate(KeyPairAlgorithm::Es256).unwrap().text;
        let texts: Vec<SecretString> = (0..=MOST).map(made).collect();
        let first = keys.parsed(&texts[0]).unwrap();
        assert!(Arc::ptr_eq(&first, &keys.parsed(&texts[0]).unwrap()));
        for text in &texts {
            let key = keys.parsed(text).unwrap();
            assert!(Arc::ptr_eq(&key, &keys.parsed(text).unwrap()));
        }
        assert_eq!(keys.0.read().unwrap().len(), MOST);
        assert_eq!(keys.parsed(&texts[0]).unwrap().thumbprint(), first.thumbprint());
    }

    #[test]
    fn an_error_contains_nothing_of_the_text() {
        let error = Keys::default().parsed(&"s3cr3t".into()).map(drop).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("can't be read") && !text.contains("s3cr3t"), "{text}");
    }
}
