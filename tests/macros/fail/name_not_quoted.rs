//! The name is a string, and the first argument.

/// Mints tokens.
#[authn::token_provider(corp_sts)]
struct CorpSts {
    /// Address.
    url: String,
}

/// Mints tokens.
#[authn::token_provider(name = "other_sts")]
struct OtherSts {
    /// Address.
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for OtherSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
