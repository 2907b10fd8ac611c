//! A derive before the attribute has run when the attribute sees the struct: the compiler refuses it.

/// Mints tokens.
#[derive(Debug)]
#[authn::token_provider("corp_sts")]
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
