//! The place of the token is a header or a parameter that a request can have.

/// Mints tokens.
#[authn::token_provider(
    "corp_sts",
    header = "x token",
    header_prefix = "Two words",
    placement = "cookie",
    query_parameter = "",
    header = "x-token"
)]
struct CorpSts {
    /// Address.
    url: String,
}

/// Mints tokens.
#[authn::token_provider("other_sts", header = 1, own_placement)]
struct OtherSts {
    /// Address.
    url: String,
}

/// Mints tokens.
#[authn::token_provider("third_sts", own_placement, header_prefix = "", placement = query)]
struct ThirdSts {
    /// Address.
    url: String,
}

macro_rules! provider {
    ($($name:ident)*) => {$(
        impl authn::TokenProvider for $name {
            async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
                unreachable!()
            }
        }
    )*};
}

provider!(CorpSts OtherSts ThirdSts);

fn main() {}
