//! An enum is no provider.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
enum CorpSts {
    /// In production.
    Production,
    /// In a test.
    Test { url: String },
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
