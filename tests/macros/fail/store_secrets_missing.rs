//! A store with `secrets` implements `SecretSource`.

/// Keeps sessions.
#[authn::token_store("cellar", secrets)]
struct Cellar {
    /// Shelf.
    shelf: String,
}

impl authn::store::TokenStore for Cellar {
    async fn lock(&self, _: &authn::store::StoreKey) -> authn::Result<authn::store::Lease> {
        unreachable!()
    }
    async fn load(
        &self,
        _: &authn::store::StoreKey,
    ) -> authn::Result<Option<authn::store::Document>> {
        unreachable!()
    }
    async fn save(
        &self,
        _: &authn::store::StoreKey,
        _: &authn::store::Document,
        _: u64,
    ) -> authn::Result<bool> {
        unreachable!()
    }
    async fn list(&self) -> authn::Result<Vec<authn::store::StoreKey>> {
        unreachable!()
    }
}

fn main() {}
