//! A `__field` starts as `Default`, and as nothing else.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[default(3)]
    __attempts: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
