//! A name is in snake_case.

/// Mints tokens.
#[authn::token_provider("Corp-Sts")]
struct Hyphen;

/// Mints tokens.
#[authn::token_provider("corp__sts")]
struct Doubled;

/// Mints tokens.
#[authn::token_provider("_corp_sts")]
struct Leading;

/// Mints tokens.
#[authn::token_provider("corp_sts_")]
struct Trailing;

/// Mints tokens.
#[authn::token_provider("größe")]
struct Foreign;

/// Mints tokens.
#[authn::token_provider("2nd")]
struct Digit;

/// Mints tokens.
#[authn::token_provider("")]
struct Empty;

impl authn::TokenProvider for Hyphen {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Doubled {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Leading {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Trailing {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Foreign {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Digit {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for Empty {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
