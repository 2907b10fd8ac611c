//! `#[shorthand]` has no arguments.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    #[shorthand = "url"]
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
