//! `Arc` of a store: a store that a program shares with its own code.

use std::sync::Arc;

use super::{Document, Examination, Inspected, Lease, Locked, StoreKey, TokenStore};
use crate::{Result, diagnostic::Problem};

/// A store that a program also uses by itself. [`open`](TokenStore::open) is not passed on: it is for stores that a
/// configuration opens.
impl<S: TokenStore> TokenStore for Arc<S> {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        S::lock(self, key).await
    }

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Locked> {
        S::lock_unless_replaced(self, key, revision).await
    }

    fn is_remote(&self) -> bool {
        S::is_remote(self)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        S::load(self, key).await
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        S::reserve(self, key, document, expected).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        S::save(self, key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        S::list(self).await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        S::remove_leftovers(self, key).await
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        S::load_now(self, key)
    }

    fn place(&self) -> Option<String> {
        S::place(self)
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        S::place_of(self, key)
    }

    fn examine(&self) -> Vec<Problem> {
        S::examine(self)
    }

    async fn set_aside(&self, key: &StoreKey, document: &Document) -> Result<()> {
        S::set_aside(self, key, document).await
    }

    fn encrypts(&self) -> bool {
        S::encrypts(self)
    }

    async fn examine_server(&self) -> Result<Examination> {
        S::examine_server(self).await
    }

    async fn inspect(&self, key: &StoreKey) -> Result<Option<Inspected>> {
        S::inspect(self, key).await
    }
}
