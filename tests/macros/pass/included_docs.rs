//! Documentation may be an expression.

/// Mints tokens.
#[doc = include_str!("included_docs.md")]
#[authn::token_provider("included_docs")]
struct CorpSts {
    #[doc = include_str!("included_docs.md")]
    url: String,
    #[doc = concat!("Key", " of the machine.")]
    _key: authn::SecretString,
    #[flatten]
    server: Server,
}

#[derive(authn::Options)]
struct Server {
    #[doc = concat!("Port", " of the server.")]
    port: Option<u16>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

pub(crate) fn main() {
    let registry = authn::Registry::linked().unwrap();
    let entry = registry.get("included_docs").unwrap();
    let included = include_str!("included_docs.md").trim();
    assert!(included.contains("- "), "the text has a list");
    assert_eq!(entry.doc(), format!("Mints tokens.\n{included}"));
    assert_eq!(entry.field("url").unwrap().doc(), included);
    assert_eq!(entry.field("key").unwrap().doc(), "Key of the machine.");
    assert_eq!(entry.field("port").unwrap().doc(), "Port of the server.");
}
