//! A flattened set has no key of the framework's own options.

#[derive(authn::Options)]
struct Server {
    /// Store.
    store: Option<String>,
}

/// Mints tokens.
#[authn::token_provider("corp_sts", cached)]
struct CorpSts {
    #[flatten]
    server: Server,
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
