//! A `__field` is not configured.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[shorthand]
    __token: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
