//! A field has each attribute once.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Tries.
    #[default(3)]
    #[default(4)]
    tries: u8,
    /// The subject.
    #[provider]
    #[provider]
    subject: authn::Credentials,
    /// Address.
    #[shorthand]
    #[shorthand]
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
