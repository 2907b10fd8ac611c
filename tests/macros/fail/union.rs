//! A union is no provider.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
union CorpSts {
    /// As a number.
    number: u32,
    /// As bytes.
    bytes: [u8; 4],
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
