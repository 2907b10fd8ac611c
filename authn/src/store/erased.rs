//! `NamedStore`: a `TokenStore` behind a pointer, whose futures run on the background thread.

use std::{future::Future, sync::Arc, time::Instant};

use super::{
    Document, Examination, Inspected, Lease, Locked, Record, StoreKey, TokenStore,
    envelope::Envelope, is_session,
};
use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode},
    runtime::{Boxed, catch, caught, in_background},
    telemetry::{Labels, Operation},
};

/// How often a record that is replaced meanwhile is cleared. Other processes replace it once in an exchange.
const MOST_TRIES: usize = 100;

/// A [`TokenStore`] behind a pointer. A method that returns a future can't be called through a trait object, so each
/// of them has a counterpart here that boxes its future.
pub(crate) trait ErasedStore: TokenStore {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>>;
    fn lock_unless_replaced_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        revision: u64,
    ) -> Boxed<'a, Result<Locked>>;
    fn load_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Document>>>;
    fn reserve_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
        expected: u64,
    ) -> Boxed<'a, Result<Option<u64>>>;
    fn save_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
        expected: u64,
    ) -> Boxed<'a, Result<bool>>;
    fn list_boxed(&self) -> Boxed<'_, Result<Vec<StoreKey>>>;
    fn remove_leftovers_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<()>>;
    fn examine_server_boxed(&self) -> Boxed<'_, Result<Examination>>;
    fn inspect_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Inspected>>>;
    fn set_aside_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
    ) -> Boxed<'a, Result<()>>;
}

impl<S: TokenStore> ErasedStore for S {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>> {
        Box::pin(self.lock(key))
    }

    fn lock_unless_replaced_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        revision: u64,
    ) -> Boxed<'a, Result<Locked>> {
        Box::pin(self.lock_unless_replaced(key, revision))
    }

    fn load_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Document>>> {
        Box::pin(self.load(key))
    }

    fn reserve_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
        expected: u64,
    ) -> Boxed<'a, Result<Option<u64>>> {
        Box::pin(self.reserve(key, document, expected))
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

    fn remove_leftovers_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<()>> {
        Box::pin(self.remove_leftovers(key))
    }

    fn examine_server_boxed(&self) -> Boxed<'_, Result<Examination>> {
        Box::pin(self.examine_server())
    }

    fn inspect_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Option<Inspected>>> {
        Box::pin(self.inspect(key))
    }

    fn set_aside_boxed<'a>(
        &'a self,
        key: &'a StoreKey,
        document: &'a Document,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(self.set_aside(key, document))
    }
}

/// A store under the name by which a configuration chooses it.
///
/// Its functions run on the background thread whichever thread calls them. So a store may use tokio's timers, tasks and
/// connections, and they outlive the caller's runtime. Dropping a future ends the store's one. A function that panics has
/// failed: an exchange that calls it must still keep what its server has answered.
#[derive(Clone, Debug)]
pub(crate) struct NamedStore {
    name: Arc<str>,
    store: Arc<dyn ErasedStore>,
    /// Of the provider whose sessions it is used for.
    labels: Labels,
}

impl NamedStore {
    pub(crate) fn new(name: &str, store: Arc<dyn ErasedStore>) -> Self {
        Self { name: name.into(), store, labels: Labels::default() }
    }

    /// Returns this store for the sessions of a provider.
    pub(crate) fn labelled(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        self.run("lock", async move { store.lock_boxed(&key).await }).await
    }

    pub(crate) async fn lock_unless_replaced(
        &self,
        key: &StoreKey,
        revision: u64,
    ) -> Result<Locked> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        let work = async move { store.lock_unless_replaced_boxed(&key, revision).await };
        self.run("lock", work).await
    }

    pub(crate) fn is_remote(&self) -> bool {
        catch(|| self.store.is_remote()).unwrap_or_default()
    }

    /// Reads a key's document. An encrypted one of a store that does not encrypt is an error: it must not be replaced.
    pub(crate) async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let loaded = self.load_as_stored(key).await?;
        loaded.iter().try_for_each(|document| self.check_is_readable(key, document))?;
        Ok(loaded)
    }

    /// Fails if a document is encrypted. One of a store that encrypts was decrypted.
    pub(crate) fn check_is_readable(&self, key: &StoreKey, document: &Document) -> Result<()> {
        match Envelope::of(&document.text.expose()) {
            None => Ok(()),
            Some(Envelope { key_id, .. }) => Err(self.has_no_key(key, &key_id)),
        }
    }

    /// Reads a key's document, whether it is encrypted or not.
    pub(crate) async fn load_as_stored(&self, key: &StoreKey) -> Result<Option<Document>> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        self.run("load", async move { store.load_boxed(&key).await }).await
    }

    fn has_no_key(&self, key: &StoreKey, key_id: &str) -> Error {
        let place = self.place_of(key).unwrap_or_else(|| format!("`{key}`"));
        let name = &self.name;
        Error::store(format!(
            "{place} is encrypted with the key {key_id}, and the store `{name}` has no key"
        ))
        .with_help(format!(
            "set `stores.{name}.encryption_key` to that key, or end all sessions by `logout --all` if the key is lost"
        ))
    }

    /// Reads a key's document, also one that is encrypted with a key that the store does not have.
    pub(crate) async fn inspect(&self, key: &StoreKey) -> Result<Option<Inspected>> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        self.run("load", async move { store.inspect_boxed(&key).await }).await
    }

    /// Returns whether the store encrypts what it saves.
    pub(crate) fn encrypts(&self) -> bool {
        catch(|| self.store.encrypts()).unwrap_or_default()
    }

    /// Encrypts a document that is not encrypted with the current key of the store, which its lock does, and removes what
    /// was set aside. Both are under the lease, which is released in the background.
    pub(crate) async fn encrypt(&self, key: &StoreKey) -> Result<()> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        let work = async move {
            let _lease = store.lock_boxed(&key).await?;
            if is_session(&key) { store.remove_leftovers_boxed(&key).await } else { Ok(()) }
        };
        self.run("lock", work).await
    }

    pub(crate) async fn set_aside(&self, key: &StoreKey, document: &Document) -> Result<()> {
        let (store, key, document) = (Arc::clone(&self.store), key.clone(), document.clone());
        let work = async move { store.set_aside_boxed(&key, &document).await };
        self.run("set_aside", work).await
    }

    pub(crate) async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let (store, key, document) = (Arc::clone(&self.store), key.clone(), document.clone());
        let work = async move { store.reserve_boxed(&key, &document, expected).await };
        self.run("reserve", work).await
    }

    pub(crate) async fn save(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<bool> {
        let (store, key, document) = (Arc::clone(&self.store), key.clone(), document.clone());
        let work = async move { store.save_boxed(&key, &document, expected).await };
        self.run("save", work).await
    }

    pub(crate) async fn list(&self) -> Result<Vec<StoreKey>> {
        let store = Arc::clone(&self.store);
        self.run("list", async move { store.list_boxed().await }).await
    }

    pub(crate) async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        let work = async move { store.remove_leftovers_boxed(&key).await };
        self.run("remove_leftovers", work).await
    }

    pub(crate) async fn examine_server(&self) -> Result<Examination> {
        let store = Arc::clone(&self.store);
        self.run("examine_server", async move { store.examine_server_boxed().await }).await
    }

    /// Ends a session: replaces its record with an empty one, and tries again if another process replaces it meanwhile.
    pub(crate) async fn clear(&self, key: &StoreKey) -> Result<()> {
        for _ in 0..MOST_TRIES {
            // Also of one that can't be decrypted.
            let revision = self.inspect(key).await?.map_or(0, |inspected| inspected.revision);
            let empty = Record { revision, ..Record::default() };
            let document = empty.write(empty.next_revision());
            if self.save(key, &document, revision).await? {
                return self.remove_leftovers(key).await;
            }
        }
        Err(Error::store("the token store does not save that the session has ended")
            .with_help("check that its `save` replaces a document of the expected revision"))
    }

    pub(crate) fn load_now(&self, key: &StoreKey) -> Option<Document> {
        // The exchange reads again and reports the error.
        let loaded = self.load_now_as_stored(key);
        loaded.filter(|document| Envelope::of(&document.text.expose()).is_none())
    }

    pub(crate) fn load_now_as_stored(&self, key: &StoreKey) -> Option<Document> {
        catch(|| self.store.load_now(key)).flatten()
    }

    pub(crate) fn place(&self) -> Option<String> {
        catch(|| self.store.place()).flatten()
    }

    pub(crate) fn place_of(&self, key: &StoreKey) -> Option<String> {
        catch(|| self.store.place_of(key)).flatten()
    }

    pub(crate) fn examine(&self) -> Vec<Problem> {
        catch(|| self.store.examine())
            .unwrap_or_else(|| vec![panicked(&self.name, "examine").as_problem(ProblemCode::Store)])
    }

    async fn run<T: Send + 'static>(
        &self,
        function: &'static str,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let name = Arc::clone(&self.name);
        let access = in_background(async move {
            caught(Box::pin(work)).await.unwrap_or_else(|| Err(panicked(&name, function)))
        });
        let started = Instant::now();
        let result = Operation::store(&self.name, function, &self.labels).run(access).await;
        tracing::trace!(
            authn.store.name = &*self.name,
            authn.store.operation = function,
            error.type = result.as_ref().err().map(|error| error.kind().name()),
            authn.duration = started.elapsed().as_secs_f64(),
            "store used"
        );
        result
    }
}

fn panicked(name: &str, function: &str) -> Error {
    Error::store(format!("the token store `{name}` panicked in `{function}`"))
        .with_help("fix its code")
}
