//! `__` stands in no field's name: it joins keys in environment variables.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    token__url: String,
    /// Key.
    _machine__key: authn::SecretString,
    __last__attempt: u32,
    /// Too many.
    ___count: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
