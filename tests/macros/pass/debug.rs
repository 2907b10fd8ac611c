//! The generated `Debug` shows what may be seen and nothing else.

use std::collections::BTreeMap;

use authn::{Context, Result, SecretString, Token, Url};

/// Shows everything by its own `Debug`, and so must not be asked for it.
#[derive(Debug)]
struct Talkative(#[expect(dead_code, reason = "only its `Debug` would read it")] &'static str);

impl Default for Talkative {
    fn default() -> Self {
        Self("canary")
    }
}

/// Has a field of each kind.
#[authn::token_provider("debug")]
struct CorpSts {
    /// Address.
    url: Url,
    /// Region.
    region: Option<String>,
    /// A raw identifier.
    r#type: String,
    /// Key.
    _key: SecretString,
    /// Empty key.
    _empty: SecretString,
    /// No key.
    _none: Option<SecretString>,
    /// Keys.
    _many: BTreeMap<String, SecretString>,
    __talkative: Talkative,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &Context) -> Result<Token> {
        unreachable!()
    }
}

pub(crate) fn main() {
    let secret = || SecretString::from("canary");
    let provider = CorpSts {
        url: Url::parse("https://canary:canary@sts.example/path?key=canary").unwrap(),
        region: None,
        r#type: "machine".to_owned(),
        _key: secret(),
        _empty: SecretString::from(""),
        _none: None,
        _many: BTreeMap::from([("canary".to_owned(), secret())]),
        __talkative: Talkative::default(),
    };
    let shown = format!("{provider:?}");
    assert!(!shown.contains("canary") && !format!("{provider:#?}").contains("canary"), "{shown}");
    assert!(shown.starts_with("CorpSts { url: \"https://"), "{shown}");
    let expected = "region: (not set), type: \"machine\", key: (set), empty: (not set), \
                    none: (not set), many: (set) }";
    assert!(shown.ends_with(expected), "{shown}");
}
