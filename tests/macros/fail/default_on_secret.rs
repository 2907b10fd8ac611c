//! A secret has no default.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Key.
    #[default(authn::SecretString::default())]
    _key: authn::SecretString,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
