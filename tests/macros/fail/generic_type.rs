//! A provider has no type parameter.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts<T> {
    /// Address.
    url: T,
}

impl<T> authn::TokenProvider for CorpSts<T>
where
    Self: Send + Sync + 'static,
{
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
