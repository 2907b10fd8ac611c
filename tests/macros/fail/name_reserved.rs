//! A name is no key of `[credentials]` itself.

/// Mints tokens.
#[authn::token_provider("domain")]
struct Domain;

/// Mints tokens.
#[authn::token_provider("scheme")]
struct Scheme;

/// Mints tokens.
#[authn::token_provider("origins")]
struct Origins;

/// Mints tokens.
#[authn::token_provider("provider")]
struct Provider;

/// Mints tokens.
#[authn::token_provider("profile")]
struct Profile;

impl authn::TokenProvider for Domain {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Scheme {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Origins {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Provider {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Profile {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
