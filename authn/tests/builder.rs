//! Credentials in code: the builder of each provider has the names, the defaults and the checks of its table.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::BTreeMap, time::Duration};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, Loader, Options, Placement, Registry,
    Request, Result, SecretString, Token, TokenProvider, TokenSet, TokenSource, Url,
    config::ProblemCode, options::OptionValue,
};
use serde::Deserialize;

/// Place where tokens are minted.
#[derive(Options)]
pub struct Server {
    /// Address of the server.
    url: Url,
    #[flatten]
    limits: Limits,
}

/// Limits of requests.
#[derive(Options)]
struct Limits {
    /// Tries.
    #[default(3)]
    tries: u8,
    /// Time for all tries.
    #[default(Duration::from_secs(9))]
    patience: Duration,
}

/// Mints tokens in code.
#[authn::token_provider("in_code", cached)]
struct InCode {
    #[flatten]
    server: Server,
    /// Kind of token.
    #[default(Kind::Short)]
    kind: Kind,
    /// Key.
    _key: SecretString,
    /// Labels.
    labels: Option<BTreeMap<String, String>>,
    /// Names.
    #[default(Vec::new())]
    names: Vec<String>,
    /// Role.
    role: Role,
    /// Provider whose token is sent.
    #[provider]
    r#as: Option<Credentials>,
    __seen: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Short,
    VeryLong,
}

/// A role.
#[derive(Options)]
struct Role {
    /// Name of the role.
    #[default("none".to_owned())]
    name: String,
}

impl TokenSource for InCode {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let labels = self.labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        let nested = match &self.r#as {
            Some(credentials) => credentials.token().await?.secret().to_owned(),
            None => "-".to_owned(),
        };
        let text = format!(
            "{}|{}|{:?}|{:?}|{}|{}|{}|{}|{nested}",
            self.server.url,
            self.server.limits.tries,
            self.server.limits.patience,
            self.kind,
            &*self._key.expose(),
            labels.collect::<Vec<_>>().join(","),
            self.names.join(","),
            self.role.name,
        );
        Ok(Token::new(text.replace(' ', "_"))?.into())
    }
}

/// Returns a fixed token.
#[authn::token_provider("fixed_in_code")]
pub struct FixedInCode {
    /// The token.
    #[shorthand]
    _token: SecretString,
}

impl TokenProvider for FixedInCode {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._token.expose())
    }
}

fn minimal() -> InCodeBuilder {
    InCode::builder().url("https://sts.test/").key("k3y")
}

async fn token(builder: InCodeBuilder) -> String {
    builder.build().unwrap().token().await.unwrap().secret().to_owned()
}

fn problems(error: &Error) -> Vec<(ProblemCode, String, String)> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let problem = |problem: &authn::config::Problem| {
        (problem.code(), text(problem.key()), text(problem.help()))
    };
    error.problems().iter().map(problem).collect()
}

#[tokio::test]
async fn an_option_that_is_not_set_has_the_default_of_the_table() {
    assert_eq!(token(minimal()).await, "https://sts.test/|3|9s|Short|k3y|||none|-");
}

#[tokio::test]
async fn every_kind_of_option_is_set_by_a_value_or_by_a_text() {
    let by_values = minimal()
        .url(Url::parse("https://other.test/").unwrap())
        .tries(5_u8)
        .patience(Duration::from_millis(1_500))
        .kind("very_long")
        .key(SecretString::from("other"))
        .labels(BTreeMap::from([("a", "1"), ("b", "2")]))
        .names(["x", "y"])
        .role(OptionValue::table([("name", "admin")]))
        .r#as(FixedInCode::builder().token("inner"));
    let expected = "https://other.test/|5|1.5s|VeryLong|other|a=1,b=2|x,y|admin|inner";
    assert_eq!(token(by_values).await, expected);
    let by_texts = minimal()
        .url("https://other.test/".to_owned())
        .tries("5")
        .patience("1s500ms")
        .kind("very_long".to_owned())
        .key("other")
        .labels(OptionValue::table([("a", "1"), ("b", "2")]))
        .names(vec!["x", "y"])
        .role(OptionValue::table([("name", "admin")]))
        .r#as(OptionValue::table([("fixed_in_code", OptionValue::table([("token", "inner")]))]));
    assert_eq!(token(by_texts).await, expected);
}

/// Passes options of another crate on.
#[authn::token_provider("shared_in_code")]
struct SharedInCode {
    #[flatten]
    cache: authn::CacheOptions,
}

impl TokenProvider for SharedInCode {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("abc")
    }
}

#[test]
fn a_set_of_another_crate_has_its_methods_too() {
    let build = |threshold: &str| {
        SharedInCode::builder().expiry_threshold(threshold).username_claim("sub").build()
    };
    build("5s").unwrap();
    assert_eq!(
        problems(&build("soon").unwrap_err())[0].1,
        "credentials.shared_in_code.expiry_threshold"
    );
}

#[tokio::test]
async fn none_leaves_an_option_unset() {
    let builder = minimal().tries(None::<u8>).labels(None::<OptionValue>).kind(Some("very_long"));
    assert_eq!(token(builder).await, "https://sts.test/|3|9s|VeryLong|k3y|||none|-");
}

#[tokio::test]
async fn a_reference_is_resolved_in_the_given_environment() {
    let environment = Environment::empty().variable("STS_KEY", "from the environment");
    let credentials = minimal()
        .key(OptionValue::reference("env", "STS_KEY"))
        .credentials()
        .environment(environment)
        .build()
        .unwrap();
    assert!(credentials.token().await.unwrap().secret().contains("|from_the_environment|"));
}

#[test]
fn all_problems_are_reported_as_in_a_configuration_with_the_method_as_the_help() {
    let error = InCode::builder().tries(300).kind("middling").names(7).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let found = problems(&error);
    let keys: Vec<(ProblemCode, &str)> =
        found.iter().map(|(code, key, _)| (*code, key.as_str())).collect();
    assert_eq!(
        keys,
        [
            (ProblemCode::MissingKey, "credentials.in_code.url"),
            (ProblemCode::WrongType, "credentials.in_code.tries"),
            (ProblemCode::WrongType, "credentials.in_code.kind"),
            (ProblemCode::MissingKey, "credentials.in_code.key"),
            (ProblemCode::WrongType, "credentials.in_code.names"),
        ]
    );
    assert_eq!(found[0].2, "call `url` on the builder");
    let text = error.to_string();
    assert!(!text.contains("middling") && !text.contains("AUTHN_"), "{text}");
    // What helps in a file does not help in code.
    assert!(!text.contains("in quotes") && !text.contains("`authn "), "{text}");
    assert!(text.contains("found another text"), "{text}");
}

#[test]
fn an_empty_secret_is_an_error() {
    for key in [OptionValue::from(""), SecretString::from("").into()] {
        let error = minimal().key(key).build().unwrap_err();
        assert_eq!(problems(&error)[0].0, ProblemCode::InvalidValue);
        assert_eq!(problems(&error)[0].2, "pass the secret, or leave the option out");
    }
}

#[test]
fn a_secret_is_accepted_only_where_it_is_hidden() {
    let error = minimal().url(SecretString::from("https://s3cr3t.test/")).build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("found a secret") && !text.contains("s3cr3t"), "{text}");
}

#[test]
fn neither_the_builder_nor_its_errors_show_a_value() {
    let builder = minimal().key("s3cr3t").kind("s3cr3t");
    let shown = format!("{builder:?} {:?}", builder.clone().credentials());
    let error = builder.build().unwrap_err();
    let all = format!("{shown} {error} {error:?} {}", error.problems()[0].render(true));
    assert!(!all.contains("s3cr3t") && !all.contains("sts.test"), "{all}");
}

#[tokio::test]
async fn credentials_are_bound_only_to_their_origins() {
    let unbound = minimal().build().unwrap();
    let (mut parts, ()) = http::Request::get("https://api.test/").body(()).unwrap().into_parts();
    assert_eq!(unbound.authorize(&mut parts).await.unwrap_err().kind(), ErrorKind::Origin);
    let bound = minimal().header("x-token").header_prefix("").credentials();
    let bound = bound.domain("api.test").origin("https://*.example.test").build().unwrap();
    bound.authorize(&mut parts).await.unwrap();
    assert!(parts.headers["x-token"].to_str().unwrap().starts_with("https://sts.test/|"));
    let (mut parts, ()) =
        http::Request::get("https://a.example.test/").body(()).unwrap().into_parts();
    bound.authorize(&mut parts).await.unwrap();
    let error = minimal().credentials().origin("ftp://x").build().unwrap_err();
    assert_eq!(problems(&error)[0].1, "credentials.origins.0");
}

#[tokio::test]
async fn the_place_of_a_token_is_set_once() {
    let placement = || Placement::query("t");
    let credentials = FixedInCode::builder().token("abc").credentials().origin("https://api.test");
    let credentials = credentials.placement(placement()).build().unwrap();
    let (mut parts, ()) = http::Request::get("https://api.test/").body(()).unwrap().into_parts();
    credentials.authorize(Request::from(&mut parts)).await.unwrap();
    assert_eq!(parts.uri.query(), Some("t=abc"));
    let twice =
        FixedInCode::builder().token("abc").header("x-t").credentials().placement(placement());
    assert!(twice.build().unwrap_err().to_string().contains("set twice"));
}

#[test]
fn another_section_of_the_configuration_is_set_by_its_key() {
    let timeout =
        |timeout: OptionValue| minimal().credentials().option("http.timeout", timeout).build();
    timeout(Duration::from_secs(2).into()).unwrap();
    let error = timeout("soon".into()).unwrap_err();
    assert_eq!(problems(&error)[0].1, "http.timeout");
    let error = minimal().credentials().option("htpp.timeout", "2s").build().unwrap_err();
    assert_eq!(problems(&error)[0].0, ProblemCode::UnknownKey);
}

#[tokio::test]
async fn an_option_of_the_provider_that_is_set_by_its_key_replaces_that_of_the_method() {
    let set = |key: &str, value: OptionValue| {
        minimal().names(["a"]).credentials().option(&format!("credentials.in_code{key}"), value)
    };
    let credentials = set(".names", ["b"].into()).build().unwrap();
    let text = credentials.token().await.unwrap().secret().to_owned();
    assert_eq!(text.split('|').nth(6), Some("b"), "{text}");
    let credentials = set(".role.name", "admin".into()).build().unwrap();
    let text = credentials.token().await.unwrap().secret().to_owned();
    assert_eq!(text.split('|').nth(7), Some("admin"), "{text}");
    let builder = minimal().labels(OptionValue::table([("a", "1"), ("b", "2")])).credentials();
    let builder = builder.option("credentials.in_code.labels.b", "3");
    let text = builder.build().unwrap().token().await.unwrap().secret().to_owned();
    assert_eq!(text.split('|').nth(5), Some("a=1,b=3"), "{text}");
    for (key, value, expected) in [
        (".tries", OptionValue::from("many"), "credentials.in_code.tries"),
        (".unknown", 1.into(), "credentials.in_code.unknown"),
        ("", 5.into(), "credentials.in_code"),
    ] {
        let error = set(key, value).build().unwrap_err();
        assert_eq!(problems(&error)[0].1, expected, "{error}");
    }
}

#[tokio::test]
async fn a_session_is_in_memory_unless_the_option_says_otherwise() {
    let in_memory = minimal().build().unwrap();
    assert_eq!(in_memory.store().as_deref(), Some("memory"));
    let folder = tempfile::tempdir().unwrap();
    let state = Environment::empty().state_directory(folder.path());
    let in_files =
        minimal().store("file").credentials().environment(state.clone()).build().unwrap();
    assert_eq!(in_files.store().as_deref(), Some("file"));
    let first = in_files.token().await.unwrap();
    let text = "[credentials.in_code]\nstore = 'file'\nurl = 'https://sts.test/'\nkey = 'k3y'";
    let registry = Registry::builder().register::<InCode>().build().unwrap();
    let loaded = Loader::new().environment(state).registry(registry).defaults(text).load().unwrap();
    // The same options have the same session, in code as in a configuration.
    assert!(loaded.status().await.unwrap().has_token);
    assert_eq!(loaded.token().await.unwrap().secret(), first.secret());
}

#[test]
fn a_builder_reads_no_file_and_no_variable() {
    let environment =
        Environment::empty().variable("AUTHN_CREDENTIALS__IN_CODE__TRIES", "no number");
    minimal().credentials().environment(environment).build().unwrap();
}

#[test]
fn every_option_of_the_framework_has_a_method() {
    let builder = minimal()
        .expiry_threshold(Duration::from_secs(5))
        .clock_skew("1s")
        .expires_in_fallback("30s")
        .minimal_refresh_period(1)
        .store("memory")
        .expected_username("alice")
        .username_claim("sub")
        .r#override(true)
        .placement("query")
        .query_parameter("t");
    builder.build().unwrap();
    minimal().header("x-a").header_prefix("T").build().unwrap();
    let registry = Registry::builder().register::<InCode>().build().unwrap();
    let entry = registry.get("in_code").unwrap();
    let [cache, placement, preset] = entry.options_of_framework();
    // The list of the macro has the names of the schema: see also `every_builder_has_a_method_for_each_option`.
    assert_eq!((cache.len(), placement.len(), preset.len()), (7, 5, 1));
}
