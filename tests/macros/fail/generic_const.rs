//! A provider has no const parameter.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts<const N: usize> {
    /// Address.
    url: [u8; N],
}

impl<const N: usize> authn::TokenProvider for CorpSts<N>
where
    Self: Send + Sync + 'static,
{
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
