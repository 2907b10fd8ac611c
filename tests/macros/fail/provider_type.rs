//! A nested provider is `Credentials`.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// The subject.
    #[provider]
    subject: String,
    /// The actors.
    #[provider]
    actors: Vec<String>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
