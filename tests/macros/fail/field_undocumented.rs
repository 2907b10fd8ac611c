//! Every option is documented.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    url: String,
    #[doc = " "]
    _key: authn::SecretString,
    __attempts: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
