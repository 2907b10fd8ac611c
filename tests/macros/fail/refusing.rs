//! The statuses that refuse a token are those of errors, and only a cached token is replaced.

/// Mints tokens.
#[authn::token_provider("corp_sts", cached, refusing = [401, 200, 401, "403", 600, 70000])]
struct CorpSts {}

/// Mints tokens.
#[authn::token_provider("other_sts", cached, refusing = [])]
struct OtherSts {}

/// Mints tokens.
#[authn::token_provider("third_sts", cached, refusing = 403, refusing = STATUSES)]
struct ThirdSts {}

macro_rules! source {
    ($($name:ident)*) => {$(
        impl authn::TokenSource for $name {
            async fn request_token(
                &self,
                _: &authn::Context,
                _: Option<&authn::TokenSet>,
            ) -> authn::Result<authn::TokenSet> {
                unreachable!()
            }
        }
    )*};
}

source!(CorpSts OtherSts ThirdSts);

/// Answers each call.
#[authn::token_provider("direct", refusing = [403])]
struct Direct {}

impl authn::TokenProvider for Direct {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
