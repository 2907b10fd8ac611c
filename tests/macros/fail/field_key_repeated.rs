//! Two fields don't share a key.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Key.
    key: String,
    /// Key.
    _key: authn::SecretString,
    __key: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
