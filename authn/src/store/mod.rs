//! Where tokens outlive a process: `TokenStore`, the `file` store, and the trait for others.
//!
//! A store keeps one document per key. Who exchanges holds the key's lease meanwhile: it locks, reads
//! again, exchanges, saves, publishes and only then unlocks. A save names the revision that it replaces, so
//! that a logout in between wins.

mod file;
mod locks;
mod record;
mod surroundings;
mod versioned;

use std::{fmt, future::Future, sync::Arc};

use sha2::{Digest, Sha256};

pub(crate) use file::FileOptions;
pub use file::FileStore;
#[doc(hidden)]
pub use locks::Locks;
pub(crate) use record::{Record, fingerprint};
pub use surroundings::Surroundings;
#[doc(hidden)]
pub use versioned::{Content, Versioned};

use crate::{Result, SecretString, diagnostic::Problem, runtime::Boxed};

/// Keeps documents that hold tokens.
///
/// A program brings a store of its own to the [`Loader`](crate::Loader) under a name, or links one with
/// [`token_store`](macro@crate::token_store), and a configuration chooses it with `store = "name"`. What it stores is
/// secret, and it must not look into it.
///
/// ```
/// use authn::{Result, SecretString, Url, store::{Document, Lease, StoreKey, Surroundings, TokenStore}};
///
/// /// Keeps sessions in the company's vault.
/// #[authn::token_store("corp_vault")]
/// struct CorpVault {
///     /// Address of the vault.
///     url: Url,
///     /// Key of this machine.
///     _key: SecretString,
///     __app: String,
/// }
///
/// impl TokenStore for CorpVault {
///     fn open(mut self, surroundings: &Surroundings<'_>) -> Result<Self> {
///         self.__app = surroundings.app().to_owned();
///         Ok(self)
///     }
///
///     async fn lock(&self, key: &StoreKey) -> Result<Lease> {
///         # let _ = key;
///         Ok(Lease::new(()))
///     }
///
///     async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
///         # let _ = (key, &self.url, &self._key);
///         Ok(None)
///     }
///
///     async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
///         # let _ = (key, document, expected);
///         Ok(false)
///     }
///
///     async fn list(&self) -> Result<Vec<StoreKey>> {
///         Ok(Vec::new())
///     }
/// }
/// ```
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Takes what the store needs to know of the program. It is called once, when a configuration is loaded, on every
    /// linked store; at most a few are used, so it must cost nothing.
    ///
    /// What fails here is a problem of `[stores.NAME]`; a [`Validation`](crate::Validation) names the option.
    fn open(self, surroundings: &Surroundings<'_>) -> Result<Self>
    where
        Self: Sized,
    {
        let _ = surroundings;
        Ok(self)
    }

    /// Takes a key's lease, waiting for whoever holds it as long as the caller does: one who exchanges has a
    /// deadline, and one who logs in has a person's patience. It is given back when it is dropped, also by the
    /// end of a process.
    fn lock(&self, key: &StoreKey) -> impl Future<Output = Result<Lease>> + Send
    where
        Self: Sized;

    /// Reads a key's document.
    fn load(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Document>>> + Send
    where
        Self: Sized;

    /// Replaces a key's document durably, if `expected` is still its revision (0 for none), and tells
    /// whether it was. The check and the replacement must be one step for every process.
    fn save(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> impl Future<Output = Result<bool>> + Send
    where
        Self: Sized;

    /// Lists the keys that there are.
    fn list(&self) -> impl Future<Output = Result<Vec<StoreKey>>> + Send
    where
        Self: Sized;

    /// Reads a key's document without waiting, where that can be done in well under a millisecond.
    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        let _ = key;
        None
    }

    /// Says where it keeps them, to people: a folder, an address without its secrets.
    fn place(&self) -> Option<String> {
        None
    }

    /// Says what is wrong with the place, beside what `list` says, and leaves it as it is.
    #[doc(hidden)]
    fn examine(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// Names one session's document: provider, profile and a hash of the options that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey(String);

impl StoreKey {
    /// Makes a key of a name: letters, digits, `-`, `_` and `.`; anything else becomes `_`.
    pub fn new(name: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        Self(name.chars().map(safe).collect())
    }

    /// Makes the key of a provider's session.
    pub(crate) fn of(provider: &str, profile: Option<&str>, options: &str) -> Self {
        let profile = profile.unwrap_or("default");
        let hash = hex(&Sha256::digest(format!("{provider}\n{profile}\n{options}")));
        Self::new(&format!("{provider}-{profile}-{}", &hash[..32]))
    }

    /// Gives the name, which is fit for a file's.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a store keeps under a key.
#[derive(Clone, Debug)]
pub struct Document {
    /// Counts the document's changes, from 1.
    pub revision: u64,
    /// The text, which holds secrets.
    pub text: SecretString,
}

/// The right to exchange for a key. Dropping it gives it back.
pub struct Lease(Option<Box<dyn Send>>);

impl Lease {
    /// Makes a lease of something whose drop gives it back.
    pub fn new(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("held", &self.0.is_some()).finish()
    }
}

/// A [`TokenStore`] behind a pointer: what no pointer can call, it gives in a form that one can.
pub(crate) trait ErasedStore: TokenStore {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>>;
    fn load_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Document>>>;
    fn save_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
        expected: u64,
    ) -> Boxed<'a, Result<bool>>;
    fn list_boxed(&self) -> Boxed<'_, Result<Vec<StoreKey>>>;
}

impl<S: TokenStore> ErasedStore for S {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>> {
        Box::pin(self.lock(key))
    }

    fn load_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Document>>> {
        Box::pin(self.load(key))
    }

    fn save_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
        expected: u64,
    ) -> Boxed<'a, Result<bool>> {
        Box::pin(self.save(key, document, expected))
    }

    fn list_boxed(&self) -> Boxed<'_, Result<Vec<StoreKey>>> {
        Box::pin(self.list())
    }
}

/// What outlives one token of a [`TokenSource`](crate::TokenSource).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SessionPolicy<'a> {
    /// Nothing: each exchange needs the configuration alone.
    None,
    /// A session that an exchange or a login begins.
    Begun,
    /// A session that begins with a configured secret, as a refresh token. Another secret is another
    /// session, and what was kept of the old one is discarded.
    From(&'a SecretString),
}

/// A store and the key under which one session is kept there.
#[derive(Clone, Debug)]
pub(crate) struct Drawer {
    pub(crate) name: Arc<str>,
    pub(crate) store: Arc<dyn ErasedStore>,
    pub(crate) key: StoreKey,
    /// Of all configured secrets: with others it is another session.
    pub(crate) fingerprint: String,
}

impl Drawer {
    /// Empties a record that belongs to other secrets than the configured ones.
    pub(crate) fn keep_session(&self, record: &mut Record, session: SessionPolicy<'_>) {
        let now = match session {
            SessionPolicy::From(secret) => fingerprint(secret),
            SessionPolicy::None | SessionPolicy::Begun => self.fingerprint.clone(),
        };
        record.keep_if_of(&now);
    }

    /// Takes the lease.
    pub(crate) async fn lock(&self) -> Result<Lease> {
        self.store.lock_boxed(&self.key).await
    }

    /// Takes the right to log somebody in. Whoever has it may wait for a person, so this waits as long as its
    /// caller does.
    pub(crate) async fn lock_login(&self) -> Result<Lease> {
        self.store.lock_boxed(&StoreKey::new(&format!("{}.login", self.key))).await
    }

    /// Says where it is, to people.
    pub(crate) fn place(&self) -> String {
        self.store.place().unwrap_or_else(|| self.name.to_string())
    }

    /// Reads the record; an empty one with the revision 0 where there is none.
    pub(crate) async fn load(&self) -> Result<Record> {
        Ok(self.store.load_boxed(&self.key).await?.as_ref().map(Record::read).unwrap_or_default())
    }

    /// Reads the record without waiting, where the store can.
    pub(crate) fn load_now(&self) -> Option<Record> {
        self.store.load_now(&self.key).as_ref().map(Record::read)
    }

    /// Replaces the record; `false` if somebody else has replaced it since it was read.
    pub(crate) async fn save(&self, record: &mut Record) -> Result<bool> {
        let expected = record.revision;
        let document = record.write(expected + 1);
        let saved = self.store.save_boxed(&self.key, &document, expected).await?;
        if saved {
            record.revision = expected + 1;
        }
        Ok(saved)
    }

    /// Replaces the record by an empty one, whoever else is at it.
    pub(crate) async fn clear(&self) -> Result<()> {
        loop {
            let revision = self.load().await?.revision;
            if self.save(&mut Record { revision, ..Record::default() }).await? {
                return Ok(());
            }
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
