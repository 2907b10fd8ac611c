//! A key is in snake_case: environment variables are upper-case.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    tokenUrl: String,
    /// Key.
    _Key: authn::SecretString,
    /// Length.
    länge: u8,
    /// Region.
    region_: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
