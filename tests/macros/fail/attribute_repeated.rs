//! A struct is one provider.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
#[authn::token_provider("other_sts")]
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
