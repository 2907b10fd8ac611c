//! The generated code needs no prelude.

#![no_implicit_prelude]

/// Mints tokens.
#[::authn::token_provider("no_prelude", cached)]
struct CorpSts {
    /// Address.
    #[shorthand]
    url: ::std::string::String,
    /// Key.
    _key: ::std::option::Option<::authn::SecretString>,
    /// Tries.
    #[default(3)]
    tries: u8,
    /// The subject.
    #[provider]
    subject: ::std::vec::Vec<::authn::Credentials>,
    #[flatten]
    server: Server,
    /// The role.
    role: ::std::option::Option<Role>,
    __attempts: ::std::sync::atomic::AtomicU32,
}

/// The server.
#[derive(::authn::Options)]
#[options(default, validate = Server::check)]
struct Server {
    /// Region.
    #[default(::std::string::String::new())]
    region: ::std::string::String,
    /// Token.
    _token: ::std::option::Option<::authn::SecretString>,
}

impl Server {
    fn check(&self, _: &mut ::authn::Validation) {}
}

/// The role.
#[derive(::authn::Options)]
struct Role {
    /// Name.
    name: ::std::string::String,
}

impl ::authn::TokenSource for CorpSts {
    async fn request_token(
        &self,
        _: &::authn::Context,
        _: ::std::option::Option<&::authn::TokenSet>,
    ) -> ::authn::Result<::authn::TokenSet> {
        ::std::unreachable!()
    }
}

/// Keeps sessions.
#[::authn::token_store("no_prelude", validate = Self::check)]
struct Cellar {
    /// Shelf.
    shelf: ::std::option::Option<::std::string::String>,
    /// Key.
    _key: ::std::option::Option<::authn::SecretString>,
    #[flatten]
    server: Server,
    __uses: u32,
}

impl Cellar {
    fn check(&self, _: &mut ::authn::Validation) {}
}

impl ::authn::store::TokenStore for Cellar {
    async fn lock(&self, _: &::authn::store::StoreKey) -> ::authn::Result<::authn::store::Lease> {
        ::std::unreachable!()
    }

    async fn load(
        &self,
        _: &::authn::store::StoreKey,
    ) -> ::authn::Result<::std::option::Option<::authn::store::Document>> {
        ::std::unreachable!()
    }

    async fn save(
        &self,
        _: &::authn::store::StoreKey,
        _: &::authn::store::Document,
        _: u64,
    ) -> ::authn::Result<bool> {
        ::std::unreachable!()
    }

    async fn list(&self) -> ::authn::Result<::std::vec::Vec<::authn::store::StoreKey>> {
        ::std::unreachable!()
    }
}

pub(crate) fn main() {}
