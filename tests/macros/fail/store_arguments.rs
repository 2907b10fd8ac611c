//! The arguments of a store are known, and its name comes first.

/// Keeps sessions.
#[authn::token_store(secrets)]
struct Cellar;

/// Keeps sessions.
#[authn::token_store("Attic")]
struct Attic;

/// Keeps sessions.
#[authn::token_store("memory")]
struct Memory;

/// Keeps sessions.
#[authn::token_store("file")]
struct File;

/// Keeps sessions.
#[authn::token_store("garage", cached, secrets, secrets)]
struct Garage;

/// Keeps sessions.
#[authn::token_store("barn", validate = 5)]
struct Barn;

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

impl authn::store::TokenStore for Memory {
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

impl authn::store::TokenStore for File {
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

impl authn::store::TokenStore for Garage {
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

fn main() {}
