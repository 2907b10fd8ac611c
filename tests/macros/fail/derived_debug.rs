//! The derived `Debug` shows everything, so there can't be one beside the attribute.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
#[derive(Clone, Debug)]
struct CorpSts {
    /// Address.
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
