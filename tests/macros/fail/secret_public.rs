//! A `_field` is private.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Key.
    pub _key: authn::SecretString,
    /// Other key.
    pub(crate) _other: authn::SecretString,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
