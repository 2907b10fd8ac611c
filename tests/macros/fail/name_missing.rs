//! A provider has a name.

/// Mints tokens.
#[authn::token_provider]
struct CorpSts {
    /// Address.
    url: String,
}

/// Mints tokens.
#[authn::token_provider(cached)]
struct OtherSts {
    /// Address.
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenSource for OtherSts {
    async fn request_token(
        &self,
        _: &authn::Context,
        _: Option<&authn::TokenSet>,
    ) -> authn::Result<authn::TokenSet> {
        unreachable!()
    }
}

fn main() {}
