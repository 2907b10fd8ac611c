//! An option is `serde::Deserialize`.

struct Unreadable;

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    url: Vec<Unreadable>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
