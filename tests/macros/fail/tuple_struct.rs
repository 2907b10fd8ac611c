//! A tuple struct is no provider: an option has a name.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts(
    /// Address.
    #[default(String::new())]
    String,
);

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
