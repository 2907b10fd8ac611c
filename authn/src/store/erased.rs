//! `ErasedStore`: a `TokenStore` as a trait object.

use super::{Document, Lease, StoreKey, TokenStore};
use crate::{Result, runtime::Boxed};

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
