//! `#[default]` has one expression.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Tries.
    #[default]
    tries: u8,
    /// Waits.
    #[default()]
    waits: u8,
    /// Size.
    #[default = 3]
    size: u8,
    /// Width.
    #[default(1, 2)]
    width: u8,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
