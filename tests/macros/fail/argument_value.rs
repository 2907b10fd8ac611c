//! A flag has no value, and a path no quotes.

/// Mints tokens.
#[authn::token_provider("corp_sts", cached = true)]
struct CorpSts {
    /// Address.
    url: String,
}

/// Mints tokens.
#[authn::token_provider("other_sts", crate = "authn")]
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
