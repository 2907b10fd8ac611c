//! A nested provider is no secret.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// The subject.
    #[provider]
    _subject: authn::SecretString,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
