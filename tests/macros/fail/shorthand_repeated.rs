//! One value can be one field only.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Token.
    #[shorthand]
    _token: authn::SecretString,
    /// Address.
    #[shorthand]
    url: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
