//! `SessionSpec`: where the sessions of a provider are stored, and what tells them apart.

use std::{collections::BTreeMap, fmt, sync::OnceLock};

use sha2::{Digest as _, Sha256};

use super::{
    NamedStore, Owner, SessionPolicy, StoreKey, StoredSession,
    fingerprint::{FingerprintKey, beside_sessions, unkeyed},
    hex,
};
use crate::{Result, SecretString};

/// Where the sessions of a configured provider are stored.
///
/// A provider has one session, or one for each secret that starts one (`SessionPolicy::From`, `Of`). References to such a secret
/// can change, so the session is found anew for each exchange.
pub(crate) struct SessionSpec {
    pub(crate) store: NamedStore,
    /// Of the provider, the profile and the options.
    pub(crate) key: StoreKey,
    /// All configured secrets: with others it is another session.
    pub(crate) secrets: Vec<SecretString>,
    pub(crate) scope: ConfiguredScope,
    pub(crate) owner: Owner,
    pub(crate) fingerprint_key: OnceLock<FingerprintKey>,
}

/// The scopes of a configuration, which apply unless a call names others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfiguredScope {
    /// Of the provider itself.
    pub(crate) own: Vec<String>,
    /// Of its nested providers, as a text.
    pub(crate) nested: String,
}

impl SessionSpec {
    /// Returns the session for an exchange or a login.
    pub(crate) async fn open(&self, policy: SessionPolicy<'_>) -> Result<StoredSession> {
        if self.fingerprint_key.get().is_none() && !self.secrets_of(policy).is_empty() {
            let key = FingerprintKey::of(&self.store).await?;
            self.fingerprint_key.get_or_init(|| key);
        }
        Ok(self.session(policy))
    }

    /// Returns where a record is stored that is of no session.
    pub(crate) fn beside(&self, name: &str) -> Self {
        Self {
            store: self.store.clone(),
            key: beside_sessions(name),
            secrets: Vec::new(),
            scope: ConfiguredScope::default(),
            owner: self.owner.clone(),
            fingerprint_key: OnceLock::new(),
        }
    }

    /// Returns the session to be read. Nothing is written.
    pub(crate) async fn find(&self, policy: SessionPolicy<'_>) -> Result<StoredSession> {
        if self.fingerprint_key.get().is_none()
            && !self.secrets_of(policy).is_empty()
            && let Some(key) = FingerprintKey::existing(&self.store).await?
        {
            self.fingerprint_key.get_or_init(|| key);
        }
        Ok(self.session(policy))
    }

    /// Does the same without waiting.
    pub(crate) fn find_now(&self, policy: SessionPolicy<'_>) -> StoredSession {
        if self.fingerprint_key.get().is_none()
            && !self.secrets_of(policy).is_empty()
            && let Some(key) = FingerprintKey::existing_now(&self.store)
        {
            self.fingerprint_key.get_or_init(|| key);
        }
        self.session(policy)
    }

    fn secrets_of<'a>(&'a self, policy: SessionPolicy<'a>) -> Vec<&'a SecretString> {
        match policy {
            SessionPolicy::From(secret) | SessionPolicy::Of(secret) => vec![secret],
            SessionPolicy::None | SessionPolicy::Begun => self.secrets.iter().collect(),
        }
    }

    fn session(&self, policy: SessionPolicy<'_>) -> StoredSession {
        let secrets = self.secrets_of(policy);
        let fingerprint = match self.fingerprint_key.get() {
            Some(key) => Some(key.fingerprint(&secrets)),
            None => secrets.is_empty().then(String::new),
        };
        // Without a fingerprint, the store has only records of earlier versions.
        let (key, old_key) = match (policy, &fingerprint) {
            (SessionPolicy::From(_) | SessionPolicy::Of(_), Some(fingerprint)) => {
                let key = StoreKey::new(&format!("{}-{}", self.key, &fingerprint[..16]));
                (key, Some(self.key.clone()))
            }
            _ => (self.key.clone(), None),
        };
        StoredSession {
            store: self.store.clone(),
            key,
            old_key,
            fingerprint,
            old_fingerprint: unkeyed(&secrets),
            scope: self.scope.clone(),
            owner: self.owner.clone(),
        }
    }
}

impl ConfiguredScope {
    /// Returns those that apply to a call, which may name other scopes than the provider's own.
    pub(crate) fn for_call(&self, scopes: &[String]) -> Self {
        let own = if scopes.is_empty() { ordered(self.own.clone()) } else { Vec::new() };
        Self { own, nested: self.nested.clone() }
    }

    /// Returns the name of the tokens of these scopes and parameters in a record; without scopes, the configured ones
    /// apply.
    pub(crate) fn entry(&self, scopes: &[String], parameters: &BTreeMap<String, String>) -> String {
        let scopes = if scopes.is_empty() { &self.own } else { scopes };
        let mut name = ordered(scopes.to_vec()).join(" ");
        if !self.nested.is_empty() {
            name = format!("{name}\n{}", &hex(&Sha256::digest(&self.nested))[..16]);
        }
        if !parameters.is_empty() {
            // With lengths, so that two sets of parameters never have one text.
            let counted = |text: &String| format!("{}:{text}", text.len());
            let text: String =
                parameters.iter().flat_map(<[&String; 2]>::from).map(counted).collect();
            name = format!("{name}\n?{}", &hex(&Sha256::digest(text))[..32]);
        }
        name
    }
}

/// Sorts scopes, whose order has no meaning (RFC 6749, section 3.3).
pub(crate) fn ordered(mut scopes: Vec<String>) -> Vec<String> {
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

impl fmt::Debug for SessionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSpec")
            .field("name", &self.store.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_the_scopes_that_apply() {
        let scopes = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let configured = |own: &str, nested: &str| ConfiguredScope {
            own: if own.is_empty() { Vec::new() } else { scopes(own) },
            nested: nested.to_owned(),
        };
        let none = BTreeMap::new();
        let admin = configured("write admin", "");
        assert_eq!(admin.entry(&[], &none), "admin write");
        assert_eq!(admin.entry(&scopes("read"), &none), "read");
        assert_eq!(admin.entry(&scopes("write admin admin"), &none), "admin write");
        assert_eq!(configured("", "").entry(&[], &none), "");
        let nested = configured("read", ".subject.scope=\"a\"\n");
        let other = configured("read", ".subject.scope=\"b\"\n");
        assert_ne!(nested.entry(&[], &none), other.entry(&[], &none));
        assert_ne!(nested.entry(&[], &none), "read");
        let with = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            admin.entry(&[], &pairs.collect())
        };
        let names =
            [with(&[]), with(&[("a", "1")]), with(&[("a", "2")]), with(&[("a", "1"), ("b", "2")])];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert_ne!(with(&[("a", "1\", \"b\": \"2")]), with(&[("a", "1"), ("b", "2")]));
        assert_eq!(with(&[("b", "2"), ("a", "1")]), names[3], "their order has no meaning");
    }
}
