//! A store is a documented struct with named fields, and one thing.

#[authn::token_store("cellar")]
struct Cellar {
    shelf: String,
    /// Key.
    pub _key: authn::SecretString,
    /// The provider.
    #[inner]
    provider: authn::Credentials,
    /// The drawer.
    #[shorthand]
    drawer: String,
}

/// Keeps sessions.
#[authn::token_store("attic")]
enum Attic {
    One,
}

/// Keeps sessions.
#[authn::token_store("garage")]
fn garage() {}

/// Keeps sessions.
#[authn::token_store("barn")]
#[derive(Debug)]
struct Barn;

/// Keeps sessions.
#[authn::token_store("shed")]
#[authn::token_provider("shed")]
struct Shed;

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

impl authn::store::TokenStore for Attic {
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

impl authn::store::TokenStore for Barn {
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

impl authn::store::TokenStore for Shed {
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
