//! Other arguments than the known ones are mistakes.

/// Mints tokens.
#[authn::token_provider("corp_sts", cache)]
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
