//! What a provider keeps between its calls is in a store; a cached provider keeps it with its tokens.

/// Mints tokens.
#[authn::token_provider("corp_sts", cached, kept)]
struct CorpSts {}

impl authn::TokenSource for CorpSts {
    async fn request_token(
        &self,
        _: &authn::Context,
        _: Option<&authn::TokenSet>,
    ) -> authn::Result<authn::TokenSet> {
        unreachable!()
    }
}

/// Answers each call.
#[authn::token_provider("direct", kept)]
struct Direct {
    /// Taken.
    store: String,
}

impl authn::TokenProvider for Direct {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
