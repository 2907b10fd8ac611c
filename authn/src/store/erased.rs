//! `ErasedStore`: a `TokenStore` as a trait object, whose futures run on the background thread.

use std::sync::Arc;

use super::{Document, Lease, StoreKey, TokenStore};
use crate::{
    Result,
    runtime::{Boxed, in_background},
};

/// A [`TokenStore`] behind a pointer. A method that returns a future can't be called through a trait object, so each
/// of them has a counterpart here that boxes its future.
pub(crate) trait ErasedStore: TokenStore {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>>;
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
}

impl<S: TokenStore> ErasedStore for S {
    fn lock_boxed<'a>(&'a self, key: &'a StoreKey) -> Boxed<'a, Result<Lease>> {
        Box::pin(self.lock(key))
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
}

/// The functions of a store, on the background thread whichever thread calls them. So a store may use tokio's timers,
/// tasks and connections, and they outlive the caller's runtime. Dropping a future ends the store's one.
impl dyn ErasedStore {
    pub(crate) async fn lock(self: &Arc<Self>, key: &StoreKey) -> Result<Lease> {
        let (store, key) = (Arc::clone(self), key.clone());
        in_background(async move { store.lock_boxed(&key).await }).await
    }

    pub(crate) async fn load(self: &Arc<Self>, key: &StoreKey) -> Result<Option<Document>> {
        let (store, key) = (Arc::clone(self), key.clone());
        in_background(async move { store.load_boxed(&key).await }).await
    }

    pub(crate) async fn reserve(
        self: &Arc<Self>,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let (store, key, document) = (Arc::clone(self), key.clone(), document.clone());
        in_background(async move { store.reserve_boxed(&key, &document, expected).await }).await
    }

    pub(crate) async fn save(
        self: &Arc<Self>,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<bool> {
        let (store, key, document) = (Arc::clone(self), key.clone(), document.clone());
        in_background(async move { store.save_boxed(&key, &document, expected).await }).await
    }

    pub(crate) async fn list(self: &Arc<Self>) -> Result<Vec<StoreKey>> {
        let store = Arc::clone(self);
        in_background(async move { store.list_boxed().await }).await
    }

    pub(crate) async fn remove_leftovers(self: &Arc<Self>, key: &StoreKey) -> Result<()> {
        let (store, key) = (Arc::clone(self), key.clone());
        in_background(async move { store.remove_leftovers_boxed(&key).await }).await
    }
}
