//! A set of options is flattened as a whole.

/// A role.
#[derive(authn::Options)]
struct Role {
    /// Name of the role.
    name: Option<String>,
}

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    #[flatten]
    role: Option<Role>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        Err(authn::Error::no_token())
    }
}

fn main() {}
