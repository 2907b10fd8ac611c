//! An argument stands once.

/// Mints tokens.
#[authn::token_provider("corp_sts", cached, own_placement, crate = ::authn, cached, own_placement, crate = ::authn, "corp_sts")]
struct CorpSts {
    /// Address.
    url: String,
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
