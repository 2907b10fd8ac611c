//! The schema and the registry's entry say what the struct says.

use std::{collections::BTreeMap, time::Duration};

use authn::{Context, Credentials, Registry, Result, SecretString, TokenSet, Url};

/// Mints tokens
/// at the corporate STS.
///
/// One for each machine.
#[authn::token_provider("schema", cached, own_placement)]
struct CorpSts {
    /// Address of the STS.
    pub url: Url,
    /// Machine key.
    #[shorthand]
    _key: SecretString,
    /// Older keys.
    _older: Option<BTreeMap<String, SecretString>>,
    /// Region; the nearest by default.
    region: Option<String>,
    /// Tries before giving up.
    #[default(3)]
    pub(crate) tries: u8,
    /// Pause between tries.
    #[default( Duration::from_secs(1 + 1) )]
    pause: Duration,
    /// Scopes.
    #[default(vec!["read".to_owned()])]
    scopes: Vec<String>,
    /// Header of the answer.
    header: Option<String>,
    /// For whom.
    r#for: Option<String>,
    /// The subject.
    #[provider]
    subject: Option<Credentials>,
    /// The actors.
    #[provider]
    actors: Vec<Credentials>,
    __attempts: u32,
}

impl authn::TokenSource for CorpSts {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        unreachable!()
    }
}

/// Nothing to configure.
#[authn::token_provider("schema_nothing")]
struct Nothing;

impl authn::TokenProvider for Nothing {
    async fn token(&self, _: &Context) -> Result<authn::Token> {
        unreachable!()
    }
}

/// What the macro refuses as a field of a cached provider.
const CACHE_OPTIONS: [&str; 7] = [
    "expiry_threshold",
    "clock_skew",
    "expires_in_fallback",
    "minimal_refresh_period",
    "store",
    "expected_username",
    "username_claim",
];

/// What it refuses as a field of any provider.
const EVERY_OPTIONS: [&str; 2] = ["override", "preset"];

/// What it refuses as a field of a provider without `own_placement`.
const PLACEMENT_OPTIONS: [&str; 4] = ["placement", "header", "header_prefix", "query_parameter"];

pub(crate) fn main() {
    let registry = Registry::linked().unwrap();
    let entry = registry.get("schema").unwrap();
    assert_eq!(entry.name(), "schema");
    assert_eq!(entry.doc(), "Mints tokens\nat the corporate STS.\n\nOne for each machine.");
    assert!(entry.is_cached());
    let own = 11;
    let fields: Vec<_> = entry.fields().take(own).collect();
    let keys: Vec<_> = fields.iter().map(|field| field.key()).collect();
    let expected = "url key older region tries pause scopes header for subject actors";
    assert_eq!(keys.join(" "), expected);
    let kinds: Vec<_> = fields.iter().map(|field| format!("{:?}", field.kind())).collect();
    let expected = "Plain Secret Secret Plain Plain Plain Plain Plain Plain Provider Provider";
    assert_eq!(kinds.join(" "), expected);
    let defaults: Vec<_> = fields.iter().filter_map(|field| field.default()).collect();
    let defaults: Vec<_> = defaults.iter().map(ToString::to_string).collect();
    assert_eq!(defaults, ["3", "\"2s\"", "[\"read\"]"]);
    let shorthand: Vec<_> = fields.iter().filter(|field| field.is_shorthand()).collect();
    assert_eq!(shorthand.len(), 1);
    assert_eq!(shorthand[0].key(), "key");
    assert_eq!(fields[0].doc(), "Address of the STS.");
    assert!(fields[0].is_required() && !fields[3].is_required() && !fields[4].is_required());
    assert!(
        entry.field("expires_in_fallback").is_some(),
        "the framework's options for caching are there"
    );
    assert!(entry.field("placement").is_none(), "its options for placement are not");

    assert!(entry.fields().count() > own);
    for key in entry.fields().skip(own).map(|field| field.key()) {
        let known = CACHE_OPTIONS.contains(&key) || EVERY_OPTIONS.contains(&key);
        assert!(known, "the macro doesn't know the option `{key}`");
    }

    let location = entry.location();
    let name = include_str!("schema.rs").lines().nth(location.line as usize - 1).unwrap();
    assert!(location.file.ends_with("schema.rs"), "{}", location.file);
    assert!(name[location.column as usize - 1..].starts_with("\"schema\""), "{name}");
    assert_eq!(location.module, module_path!());
    assert_eq!(location.package, env!("CARGO_PKG_NAME"));

    let nothing = registry.get("schema_nothing").unwrap();
    assert!(!nothing.is_cached());
    assert!(nothing.field("expires_in_fallback").is_none());
    assert!(nothing.fields().count() > 0);
    for field in nothing.fields() {
        let key = field.key();
        let known = PLACEMENT_OPTIONS.contains(&key) || EVERY_OPTIONS.contains(&key);
        assert!(known, "the macro doesn't know the option `{key}`");
    }
}
