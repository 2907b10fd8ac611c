//! A `_field` is a secret, which its type says.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Key.
    _key: String,
    /// Other key.
    _other: Option<String>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
