//! A flattened field has no other attribute, no underscore, and no arguments.

#[derive(authn::Options)]
struct Server {
    /// Tries.
    tries: Option<u8>,
}

#[derive(authn::Options)]
struct Role {
    #[flatten]
    #[default(Server { tries: None })]
    one: Server,
    #[flatten]
    #[provider]
    two: Server,
    #[flatten(all)]
    three: Server,
    #[flatten]
    #[flatten]
    four: Server,
    #[flatten]
    _five: Server,
    #[flatten]
    __six: Option<Server>,
}

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[flatten]
    #[shorthand]
    server: Server,
    #[flatten]
    #[inner]
    other: Server,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
