//! The framework's options for placement stand in the table of every provider without `own_placement`.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Taken.
    placement: String,
    /// Taken.
    header: String,
    /// Taken.
    header_prefix: String,
    /// Taken.
    query_parameter: String,
    /// Taken.
    r#override: String,
    /// Taken.
    preset: String,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
