//! A `__field` is private.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    pub __attempts: u32,
    pub(crate) __failures: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
