//! A type that is not in scope is one error, too.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    url: Missing,
    /// Key.
    _key: Missing,
    __attempts: Missing,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
