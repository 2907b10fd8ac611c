//! A provider has no `where` clause.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts
where
    String: Clone,
{
    /// Address.
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
