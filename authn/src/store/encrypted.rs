//! `Encrypted`: a store around another one, to which it passes envelopes instead of documents.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Content, Decrypted, Document, Encryption, Examination, Inspected, Lease, Locked, Seal,
    StoreContext, StoreKey, TokenStore, fingerprint,
};
use crate::{Error, Result, diagnostic::Problem};

/// How often a document that is replaced meanwhile is encrypted. Others replace it once in an exchange.
const MOST_TRIES: usize = 100;

/// A store whose documents are encrypted before another store, which it wraps, receives them.
///
/// Names and revisions of documents are not encrypted. A document that is not encrypted is read, and encrypted when its key
/// is locked, which an exchange does. So is one of a previous key. A document that was changed since is not used: it is set
/// aside if the store does that, and replaced by the next save. One of an unknown key is an error, and is never replaced.
///
/// ```
/// use authn::{Loader, SecretString, conformance, store::{Encrypted, Encryption, FileStore}};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let key = SecretString::from("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="); // of `openssl rand -base64 32`
/// let open = || Encrypted::new(FileStore::new(folder), Encryption::new(key.clone(), Vec::new()));
/// let loader = Loader::new().store("mine", open());
/// conformance::check_store(|| Ok(open()));
/// # drop(loader);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encrypted<S> {
    store: S,
    encryption: Encryption,
    /// The damaged documents that were read, which are set aside before a save replaces them.
    damaged: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
    /// The name of the key with which the framework's document was last found encrypted. Only the key changes.
    own_sealed_with: Arc<Mutex<Option<String>>>,
}

impl<S: TokenStore> Encrypted<S> {
    /// Wraps a store.
    pub fn new(store: S, encryption: Encryption) -> Self {
        Self { store, encryption, damaged: Arc::default(), own_sealed_with: Arc::default() }
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeMap<StoreKey, Document>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encrypts a document that is not encrypted with the current key. Its revision stays, because its content does.
    async fn seal(&self, key: &StoreKey) -> Result<()> {
        for _ in 0..MOST_TRIES {
            let Some(stored) = self.store.load(key).await? else { return Ok(()) };
            let decrypted = self.encryption.decrypt(key, &stored).await?;
            let is_outdated = decrypted.is_outdated();
            let Some(document) = decrypted.document().filter(|_| is_outdated) else {
                return Ok(());
            };
            let envelope = self.encryption.encrypt(key, &document).await?;
            if self.store.save(key, &envelope, stored.revision).await? {
                return Ok(());
            }
        }
        Err(Error::store(format!("the token store does not save `{key}`, which is not encrypted"))
            .with_help("check that its `save` replaces a document of the expected revision"))
    }

    async fn decrypted(&self, key: &StoreKey, stored: Document) -> Result<Document> {
        let decrypted = self.encryption.decrypt(key, &stored).await?;
        Ok(self.read(key, stored, decrypted))
    }

    /// Encrypts what the holder of a lease finds, and the framework's document, with the current key.
    async fn prepare(&self, key: &StoreKey) -> Result<()> {
        self.seal(key).await?;
        let current = self.encryption.key_id()?;
        let sealed_with = || self.own_sealed_with.lock().unwrap_or_else(PoisonError::into_inner);
        if sealed_with().as_ref() != Some(&current) {
            self.seal(&fingerprint::name()).await?;
            *sealed_with() = Some(current);
        }
        Ok(())
    }

    /// Sets the damaged document aside that a save replaces.
    async fn set_damaged_aside(&self, key: &StoreKey, expected: u64) {
        let Some(damaged) = self.damaged().remove(key) else { return };
        if damaged.revision == expected {
            // One that can't be kept is replaced: the user has to log in again in any case.
            let moved = self.store.set_aside(key, &damaged).await.is_ok();
            Content::report_set_aside(key.as_str(), moved);
        }
    }

    /// Returns a document that was read. Of a damaged one it has the revision and no text.
    fn read(&self, key: &StoreKey, stored: Document, decrypted: Decrypted) -> Document {
        let revision = stored.revision;
        if let Some(document) = decrypted.document() {
            self.damaged().remove(key);
            return document;
        }
        Content::report_unread(key.as_str(), Content::CORRUPT);
        self.damaged().insert(key.clone(), stored);
        Document { revision, text: "".into() }
    }
}

impl<S: TokenStore> TokenStore for Encrypted<S> {
    fn open(self, context: &StoreContext<'_>) -> Result<Self> {
        self.encryption.check()?;
        Ok(Self { store: self.store.open(context)?, ..self })
    }

    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        // A key that can't be resolved fails the exchange here, before anything is sent.
        self.encryption.refresh().await?;
        let lease = self.store.lock(key).await?;
        self.prepare(key).await?;
        Ok(lease)
    }

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Locked> {
        self.encryption.refresh().await?;
        match self.store.lock_unless_replaced(key, revision).await? {
            Locked::Acquired(lease) => {
                self.prepare(key).await?;
                Ok(Locked::Acquired(lease))
            }
            Locked::Replaced(None) => Ok(Locked::Replaced(None)),
            Locked::Replaced(Some(stored)) => {
                Ok(Locked::Replaced(Some(self.decrypted(key, stored).await?)))
            }
        }
    }

    fn is_remote(&self) -> bool {
        self.store.is_remote()
    }

    async fn examine_server(&self) -> Result<Examination> {
        self.store.examine_server().await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let Some(stored) = self.store.load(key).await? else { return Ok(None) };
        self.decrypted(key, stored).await.map(Some)
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let envelope = self.encryption.encrypt(key, document).await?;
        // A store may reserve by a save.
        self.set_damaged_aside(key, expected).await;
        self.store.reserve(key, &envelope, expected).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let envelope = self.encryption.encrypt(key, document).await?;
        self.set_damaged_aside(key, expected).await;
        self.store.save(key, &envelope, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.store.list().await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        self.store.remove_leftovers(key).await
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        let stored = self.store.load_now(key)?;
        self.encryption.decrypt_now(key, &stored)?.document()
    }

    fn place(&self) -> Option<String> {
        self.store.place()
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        self.store.place_of(key)
    }

    fn examine(&self) -> Vec<Problem> {
        self.store.examine()
    }

    async fn set_aside(&self, key: &StoreKey, document: &Document) -> Result<()> {
        self.store.set_aside(key, document).await
    }

    fn encrypts(&self) -> bool {
        true
    }

    async fn inspect(&self, key: &StoreKey) -> Result<Option<Inspected>> {
        let Some(stored) = self.store.load(key).await? else { return Ok(None) };
        let key_id = Encryption::key_id_of(&stored);
        let (seal, document) = match self.encryption.decrypt_known(key, &stored).await? {
            None => (Seal::Locked, None),
            Some(Decrypted::Current(document)) => (Seal::Current, Some(document)),
            Some(Decrypted::Previous(document) | Decrypted::Plain(document)) => {
                (Seal::Outdated, Some(document))
            }
            Some(Decrypted::Damaged) => (Seal::Damaged, None),
        };
        Ok(Some(Inspected { revision: stored.revision, document, key_id, seal }))
    }
}
