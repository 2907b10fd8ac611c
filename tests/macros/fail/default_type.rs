//! A default has the field's type.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Tries.
    #[default("three")]
    tries: u8,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
