//! The provider that stands among the options is `Credentials`.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[inner]
    one: Option<authn::Credentials>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
