//! All mistakes are reported together.

#[authn::token_provider("Corp", cached, cachd)]
#[derive(Debug)]
struct CorpSts {
    url: String,
    /// Key.
    pub _key: authn::SecretString,
    /// Store.
    store: String,
}

impl authn::TokenSource for CorpSts {
    async fn request_token(
        &self,
        _: &authn::Context,
        _: Option<&authn::TokenSet>,
    ) -> authn::Result<authn::TokenSet> {
        unreachable!()
    }
}

fn main() {}
