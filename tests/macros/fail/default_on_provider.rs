//! A nested provider has no default.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// The subject.
    #[provider]
    #[default(None)]
    subject: Option<authn::Credentials>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
