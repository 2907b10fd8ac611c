//! `KnownSession`: a stored session as it is listed, without its secrets.

use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::{Inspected, Owner, Record, Seal, StoreKey, hex};

/// A stored session as it is listed, without its secrets. No configured option is needed to read or to end it.
///
/// [`KnownStore::sessions`](crate::config::KnownStore::sessions) returns those of a store:
///
/// ```
/// use authn::{Environment, Loader, store::KnownSession};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let environment = Environment::empty().state_directory(folder.path());
/// for store in Loader::new().environment(environment).read().stores() {
///     let sessions: Vec<KnownSession> = store.sessions().await?;
///     for session in sessions {
///         println!("{} {:?} {}", session.id(), session.profile(), session.provider());
///         println!("{:?} {:?} {:?}", session.server(), session.client(), session.user());
///         println!("{:?} {}", session.expires_at(), session.has_refresh_token());
///         store.forget(session.key()).await?;
///     }
///     assert!(store.forget_all().await?.is_empty(), "none is left");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct KnownSession {
    store: String,
    key: StoreKey,
    owner: Owner,
    username: Option<String>,
    expires_at: Option<SystemTime>,
    has_refresh_token: bool,
    key_id: Option<String>,
}

impl KnownSession {
    /// Reads the record of a key; `None` if it was logged out. Of one that is encrypted with an unknown key, only what its
    /// key tells is known.
    pub(crate) fn of(store: &str, key: StoreKey, inspected: Inspected) -> Option<Self> {
        let record = inspected.document.as_ref().map(Record::read).unwrap_or_default();
        if record.is_empty() && inspected.seal != Seal::Locked {
            return None;
        }
        let owner = record.owner.clone().or_else(|| Owner::of_key(&key)).unwrap_or_default();
        Some(Self {
            store: store.to_owned(),
            key,
            owner,
            username: record.username.clone(),
            expires_at: record.last_expiry(),
            has_refresh_token: record.refresh_token.is_some(),
            key_id: inspected.key_id,
        })
    }

    /// Returns a short name, which is safe to show: 8 characters of a hash of the store's name and the key.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(format!("{}\n{}", self.store, self.key)))[..8].to_owned()
    }

    /// Returns the key of its document.
    pub fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Returns the profile of the configuration that started it; `None` without a profile, or if that is unknown.
    ///
    /// A session of an earlier version tells the profile as far as its key does, and neither server nor client.
    pub fn profile(&self) -> Option<&str> {
        self.owner.profile.as_deref()
    }

    /// Returns the name of the provider; empty if that is unknown.
    pub fn provider(&self) -> &str {
        &self.owner.provider
    }

    /// Returns the address of the server, as in the options; `None` if they do not name it.
    pub fn server(&self) -> Option<&str> {
        self.owner.server.as_deref()
    }

    /// Returns the client's identifier, as in the options; `None` if they do not name it.
    pub fn client(&self) -> Option<&str> {
        self.owner.client.as_deref()
    }

    /// Returns the user that the server has confirmed, or else the one that the options name.
    pub fn user(&self) -> Option<&str> {
        self.username.as_deref().or(self.owner.user.as_deref())
    }

    /// Returns when its last access token expires; `None` if that is unknown, or if it has none.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// Returns whether it has a refresh token.
    pub fn has_refresh_token(&self) -> bool {
        self.has_refresh_token
    }

    /// Returns the name of the key that it is encrypted with, which is not secret; `None` if it is not encrypted. If the store
    /// does not have that key, only what the session's own key tells is known.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }
}
