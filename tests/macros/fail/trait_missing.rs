//! A provider implements `TokenProvider`.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    /// Address.
    url: String,
}

fn main() {}
