//! The framework's options for caching stand in the table of every cached provider.

/// Mints tokens.
#[authn::token_provider("corp_sts", cached, own_placement)]
struct CorpSts {
    /// Taken.
    expiry_threshold: String,
    /// Taken.
    expires_in_fallback: String,
    /// Taken.
    minimal_refresh_period: String,
    /// Taken.
    _store: authn::SecretString,
    /// Taken.
    expected_username: String,
    /// Taken.
    username_claim: String,
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
