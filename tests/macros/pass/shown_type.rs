//! An option may have any type that can be read. If the type doesn't say how to show it, it is shown as serde
//! writes it.

use std::net::Ipv4Addr;

use authn::{Context, Registry, Result, Token};

/// Mints tokens.
#[authn::token_provider("shown_type")]
struct CorpSts {
    /// Where it listens.
    #[default(Ipv4Addr::LOCALHOST)]
    address: Ipv4Addr,
    /// Where else it listens.
    #[default(Ipv4Addr::new(127, 0, 0, if cfg!(all()) {
        2
    } else {
        3
    }))]
    other: Ipv4Addr,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &Context) -> Result<Token> {
        unreachable!()
    }
}

pub(crate) fn main() {
    let registry = Registry::linked().unwrap();
    let default = |key| {
        let field = registry.get("shown_type").unwrap().field(key).unwrap();
        field.default().unwrap().to_string()
    };
    assert_eq!(default("address"), "\"127.0.0.1\"");
    assert_eq!(default("other"), "\"127.0.0.2\"");

    let provider = CorpSts { address: Ipv4Addr::LOCALHOST, other: Ipv4Addr::LOCALHOST };
    let shown = format!("{provider:?}");
    assert_eq!(shown, "CorpSts { address: \"127.0.0.1\", other: \"127.0.0.1\" }");
}
