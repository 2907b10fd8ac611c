//! Stores, in which sessions outlive a process: the trait `TokenStore`, and the `file` store.
//!
//! A store keeps one document per key. A process that exchanges holds the key's lease: it locks, reads again,
//! exchanges, saves, publishes and only then unlocks. A save names the revision that it replaces, so a logout
//! in between wins.

mod context;
mod document;
#[cfg(feature = "encryption")]
mod encrypted;
#[cfg(feature = "encryption")]
mod encryption;
mod envelope;
mod erased;
mod examination;
mod failed_exchange;
mod failure;
mod file;
mod file_options;
mod fingerprint;
mod held_lease;
mod hex;
mod inspected;
mod key;
mod known_session;
mod lease;
mod locked;
mod locks;
mod owner;
mod policy;
mod record;
mod release;
mod reserved;
mod session;
mod shared;
mod spec;
mod versioned;

use std::{fmt, future::Future};

pub use context::StoreContext;
pub use document::Document;
#[cfg(feature = "encryption")]
pub use encrypted::Encrypted;
#[cfg(feature = "encryption")]
pub use encryption::{Decrypted, Encryption};
pub(crate) use erased::{ErasedStore, NamedStore};
#[doc(hidden)]
pub use examination::{Examination, KnownLease};
pub(crate) use failed_exchange::StoredFailure;
pub use file::FileStore;
pub(crate) use file_options::FileOptions;
pub(crate) use fingerprint::{is_session, name as fingerprint_key};
pub(crate) use held_lease::{HeldLease, SendRight};
pub(crate) use hex::hex;
#[doc(hidden)]
pub use inspected::{Inspected, Seal};
pub use key::StoreKey;
pub use known_session::KnownSession;
pub use lease::Lease;
#[doc(hidden)]
pub use locked::Locked;
#[doc(hidden)]
pub use locks::Locks;
pub(crate) use owner::Owner;
pub use policy::SessionPolicy;
pub(crate) use record::{Record, StoredToken};
#[doc(hidden)]
pub use release::released;
pub(crate) use session::StoredSession;
pub(crate) use spec::{ConfiguredScope, SessionSpec, ordered};
#[doc(hidden)]
pub use versioned::{Content, Versioned};

use crate::{Result, diagnostic::Problem};

/// Keeps documents that hold tokens.
///
/// A program passes a store of its own to the [`Loader`](crate::Loader) under a name, or links one with
/// [`token_store`](macro@crate::token_store). A configuration chooses it with `store = "name"`. The documents are
/// secret, and a store must not interpret them.
///
/// Four functions are required: [`lock`](Self::lock), [`load`](Self::load), [`save`](Self::save) and [`list`](Self::list).
/// Two more have a default that some stores must replace: [`reserve`](Self::reserve), if room can be reserved without a
/// save, and [`remove_leftovers`](Self::remove_leftovers), if the store keeps more than one text under a key.
///
/// Besides the sessions, the framework keeps a document of its own in each store, under the key `.fingerprint-key`. It is
/// a random key, by which records belong to configured secrets. A store treats it like a session's document, and lists it.
/// If it is lost, the sessions of configured secrets are not found again.
///
/// The framework increments revisions: a store keeps the document that [`save`](Self::save) receives as it is, and compares
/// only the revision of the stored one with `expected`.
///
/// # Threads
///
/// Futures of a store are polled on the framework's background thread, whoever calls: a token request, a status, a login, a
/// logout, and programs without any runtime. So a store may use tokio's timers, tasks and connections. It must not block,
/// because all exchanges of the program share that thread: use `tokio::task::spawn_blocking`. A lease is dropped within
/// the same runtime. A future is dropped before it ends if the caller no longer waits.
///
/// The other functions are called on the thread of the caller, without a runtime: [`open`](Self::open),
/// [`load_now`](Self::load_now) and [`place`](Self::place).
///
/// A function that panics has failed, as if it had returned an error of kind [`Store`](crate::ErrorKind::Store) that names the
/// store and the function. So a new refresh token stays in memory, and is saved first the next time.
///
/// # Examples
///
/// [`conformance::check_store`](crate::conformance::check_store) tests a store, and
/// [`check_store_with`](crate::conformance::check_store_with) one whose leases end. This one keeps documents in memory, and
/// limits the time that it waits for a lease:
///
/// ```
/// use std::{collections::BTreeMap, sync::Arc, time::Duration};
///
/// use authn::{Error, Result, conformance, store::{Document, Lease, StoreKey, TokenStore}};
/// use tokio::{sync::Mutex, time::timeout};
///
/// #[derive(Clone, Debug, Default)]
/// struct Shelf {
///     documents: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
///     leases: Arc<Mutex<BTreeMap<StoreKey, Arc<Mutex<()>>>>>,
/// }
///
/// impl TokenStore for Shelf {
///     async fn lock(&self, key: &StoreKey) -> Result<Lease> {
///         let lease = Arc::clone(self.leases.lock().await.entry(key.clone()).or_default());
///         // A timer of tokio: the store runs on the background thread.
///         let held = timeout(Duration::from_secs(600), lease.lock_owned()).await;
///         held.map(Lease::new).map_err(|_| Error::store("the lease is held by another").with_help("try again"))
///     }
///
///     async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
///         Ok(self.documents.lock().await.get(key).cloned())
///     }
///
///     async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
///         let mut documents = self.documents.lock().await;
///         let revision = documents.get(key).map_or(0, |stored| stored.revision);
///         if revision == expected {
///             documents.insert(key.clone(), document.clone()); // its revision is the next one already
///         }
///         Ok(revision == expected)
///     }
///
///     async fn list(&self) -> Result<Vec<StoreKey>> {
///         Ok(self.documents.lock().await.keys().cloned().collect())
///     }
/// }
///
/// let shelf = Shelf::default();
/// conformance::check_store(|| Ok(shelf.clone()));
/// ```
///
/// One that a configuration can choose has options:
///
/// ```
/// use authn::{Result, SecretString, Url, store::{Document, Lease, StoreContext, StoreKey, TokenStore}};
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
///     fn open(mut self, context: &StoreContext<'_>) -> Result<Self> {
///         self.__app = context.app().to_owned();
///         Ok(self)
///     }
///
///     async fn lock(&self, key: &StoreKey) -> Result<Lease> {
///         # let _ = key;
///         Ok(Lease::new(()))
///     }
///
///     async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
///         # let _ = (key, &self._key);
///         Ok(None)
///     }
///
///     async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
///         # let _ = (key, document, expected);
///         Ok(false)
///     }
///
///     async fn reserve(
///         &self,
///         _key: &StoreKey,
///         _document: &Document,
///         expected: u64,
///     ) -> Result<Option<u64>> {
///         Ok(Some(expected)) // the vault is never full
///     }
///
///     async fn remove_leftovers(&self, _key: &StoreKey) -> Result<()> {
///         Ok(()) // it sets nothing aside
///     }
///
///     async fn list(&self) -> Result<Vec<StoreKey>> {
///         Ok(Vec::new())
///     }
///
///     fn load_now(&self, _key: &StoreKey) -> Option<Document> {
///         None // the vault is across the network
///     }
///
///     fn place_of(&self, key: &StoreKey) -> Option<String> {
///         self.url.join(key.as_str()).ok().map(String::from)
///     }
/// }
/// ```
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Reads what the store needs from the program. It is called once on every linked store when a configuration is
    /// loaded. At most a few of them are used, so it must be cheap.
    ///
    /// An error is reported as a problem of `[stores.NAME]`; a [`Validation`](crate::Validation) names the option.
    fn open(self, context: &StoreContext<'_>) -> Result<Self>
    where
        Self: Sized,
    {
        let _ = context;
        Ok(self)
    }

    /// Acquires a key's lease, and waits for the holder until the caller drops the future. An exchange has a deadline;
    /// a login waits as long as its user does.
    ///
    /// The lease is released when it is dropped, and also when the process ends. A release that takes a request to a server
    /// is passed by [`Lease::with_release`]. If the lease can be lost before that, the store says when, by
    /// [`Lease::with_lost`]. The release of a lost lease leaves the lease of the next holder alone.
    ///
    /// A lease that is *held* is waited for, and a store with a limit of its own returns a plain error then. A store that is
    /// *unreachable*, such as a server that does not answer, says so by [`Error::as_unreachable`](crate::Error::as_unreachable),
    /// here and in the other functions. Without the store, an exchange that spends nothing, as with the credentials of a client,
    /// is still made, and one that sends what a server accepts once, such as a refresh token, is refused with that error. With
    /// a lease that is held, neither is made. A token that is valid is used in any case.
    fn lock(&self, key: &StoreKey) -> impl Future<Output = Result<Lease>> + Send
    where
        Self: Sized;

    /// Acquires a key's lease, or stops waiting as soon as the key's document has another revision than `revision` (0 for no
    /// document): what is waited for is then stored. So those that wait for one exchange need not acquire the lease one
    /// after the other. By default it waits for the lease in any case.
    #[doc(hidden)]
    fn lock_unless_replaced(
        &self,
        key: &StoreKey,
        revision: u64,
    ) -> impl Future<Output = Result<Locked>> + Send
    where
        Self: Sized,
    {
        let _ = revision;
        async { self.lock(key).await.map(Locked::Acquired) }
    }

    /// Returns whether an exchange reads the document before it asks for the lease: another machine may have stored the token
    /// already.
    #[doc(hidden)]
    fn is_remote(&self) -> bool {
        false
    }

    /// Reads a key's document; `None` if there is none.
    fn load(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Document>>> + Send
    where
        Self: Sized;

    /// Makes sure that the next save of a key can succeed. It is called under the key's lease, before a token is sent that
    /// the server accepts only once: a save that fails after that loses the session. What is reserved is released by the
    /// save, or else with the lease.
    ///
    /// `document` is the stored one, with its revision `expected`; without a stored one it is empty, and `expected` is 0.
    /// Returns the revision that the next save replaces, or `None` if the revision is not `expected`.
    ///
    /// By default the document is saved once more, which shows that the store can be written to. A store that can reserve
    /// room does that instead, for 48 KiB more than the document has, and returns `expected`: a token of 32 KiB is that long
    /// once it is encrypted.
    fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> impl Future<Output = Result<Option<u64>>> + Send
    where
        Self: Sized,
    {
        async move {
            let saved = self.save(key, document, expected).await?;
            Ok(saved.then_some(document.revision))
        }
    }

    /// Replaces a key's document durably if its revision is still `expected` (0 for no document), and returns whether
    /// it did. The check and the replacement must be one step for every process.
    ///
    /// The revision alone decides, not the holder of the lease. A process that lost its lease after it sent a refresh token has
    /// the only answer. If the revision is another one, the framework reads the document again.
    fn save(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> impl Future<Output = Result<bool>> + Send
    where
        Self: Sized;

    /// Lists the keys of all documents.
    fn list(&self) -> impl Future<Output = Result<Vec<StoreKey>>> + Send
    where
        Self: Sized;

    /// Removes everything that the store keeps under a key besides its document, such as texts that it has set aside. A
    /// logout calls it. By default there is nothing.
    fn remove_leftovers(&self, key: &StoreKey) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        let _ = key;
        async { Ok(()) }
    }

    /// Reads a key's document without waiting, if that takes well under a millisecond; `None` otherwise.
    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        let _ = key;
        None
    }

    /// Returns where the documents are, for users: a folder, or an address without its secrets.
    fn place(&self) -> Option<String> {
        None
    }

    /// Returns where a key's document is, for users: a file, or an address without its secrets. `None` if it has no place
    /// of its own. The document need not exist.
    fn place_of(&self, key: &StoreKey) -> Option<String> {
        let _ = key;
        None
    }

    /// Asks the store's server about itself and about the leases there, and changes nothing. By default there is no server.
    #[doc(hidden)]
    fn examine_server(&self) -> impl Future<Output = Result<Examination>> + Send
    where
        Self: Sized,
    {
        async { Ok(Examination::default()) }
    }

    /// Returns the problems of the place beyond the error of `list`, and changes nothing there.
    #[doc(hidden)]
    fn examine(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Keeps a damaged document under another name, before a save replaces it. By default it is lost.
    #[doc(hidden)]
    fn set_aside(
        &self,
        key: &StoreKey,
        document: &Document,
    ) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        let _ = (key, document);
        async { Ok(()) }
    }

    /// Returns whether the store encrypts the documents that it saves.
    #[doc(hidden)]
    fn encrypts(&self) -> bool {
        false
    }

    /// Reads a key's document, also one that is encrypted with a key that the store does not have.
    #[doc(hidden)]
    fn inspect(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Inspected>>> + Send
    where
        Self: Sized,
    {
        async { Ok(self.load(key).await?.map(Inspected::without_key)) }
    }
}
