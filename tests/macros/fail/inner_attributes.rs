//! One field holds the provider that stands among the options, and has no other attribute.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[inner]
    one: authn::Credentials,
    #[inner]
    two: authn::Credentials,
}

/// Mints tokens.
#[authn::token_provider("other_sts")]
struct OtherSts {
    #[inner]
    #[provider]
    one: authn::Credentials,
}

/// Mints tokens.
#[authn::token_provider("third_sts")]
struct ThirdSts {
    #[inner]
    _one: authn::Credentials,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for OtherSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

impl authn::TokenProvider for ThirdSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
