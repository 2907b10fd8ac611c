//! A `#[cfg]` on a field or a struct holds for all that is written of it.

use authn::{Context, Registry, Result, SecretString, Token};

/// Mints tokens.
#[authn::token_provider("conditions")]
#[cfg(not(any()))]
struct CorpSts {
    /// Address.
    #[cfg(any())]
    url: Missing,
    /// Key.
    #[cfg(not(any()))]
    _key: SecretString,
    /// Key.
    #[cfg(any())]
    key: String,
    /// Tries.
    #[default(missing())]
    #[cfg(any())]
    tries: u8,
    #[cfg(any())]
    __attempts: Missing,
    #[flatten]
    server: Server,
    #[cfg(any())]
    #[flatten]
    missing: Missing,
}

/// The server.
#[derive(authn::Options)]
#[options(default)]
#[cfg(not(any()))]
struct Server {
    /// Address.
    #[cfg(any())]
    address: Missing,
    /// Port.
    #[cfg(not(any()))]
    #[default(80)]
    port: u16,
    #[cfg(any())]
    #[flatten]
    missing: Missing,
}

/// Never there.
#[authn::token_provider("never")]
#[cfg(any())]
struct Never {
    /// Address.
    url: Missing,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &Context) -> Result<Token> {
        unreachable!()
    }
}

pub(crate) fn main() {
    let registry = Registry::linked().unwrap();
    let entry = registry.get("conditions").unwrap();
    assert_eq!(entry.fields().next().unwrap().key(), "key");
    assert!(entry.field("port").is_some() && entry.field("address").is_none());
    assert_eq!(Server::default().port, 80);
    assert!(entry.field("url").is_none() && entry.field("tries").is_none());
    assert!(registry.get("never").is_none());
}
