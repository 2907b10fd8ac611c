//! A provider has no lifetime parameter.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts<'a> {
    /// Address.
    url: &'a str,
}

impl authn::TokenProvider for CorpSts<'static> {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
