//! What `#[token_provider]` says of a provider's requests: the place of the token, and the statuses that refuse it.

use std::sync::atomic::{AtomicUsize, Ordering};

use authn::{
    Context, Credentials, Environment, Loader, Placement, Provider as _, Reaction, Reason, Request,
    ResponseHead, Result, Token, TokenSet, TokenSource, Used, reqwest::Client,
};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::server::Server;

/// Gets tokens from a vault.
#[authn::token_provider(
    "vaulted",
    cached,
    header = "X-Vault-Token",
    header_prefix = "",
    refusing = [401, 403]
)]
#[derive(Default)]
struct Vaulted {
    __exchanges: AtomicUsize,
}

impl TokenSource for Vaulted {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.__exchanges.fetch_add(1, Ordering::SeqCst);
        assert_eq!(context.reason() == Reason::Refused, number > 0);
        Ok(Token::new(format!("t{number}"))?
            .with_expires_in(std::time::Duration::from_hours(1))
            .into())
    }
}

/// Puts tokens into the query.
#[authn::token_provider("queried", cached, placement = "query", query_parameter = "key")]
#[derive(Default)]
struct Queried {}

impl TokenSource for Queried {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new("t0")?.into())
    }
}

/// Passes on another provider's tokens.
#[authn::token_provider("passing", cached)]
struct Passing {
    /// The other provider.
    #[provider]
    of: Credentials,
}

impl TokenSource for Passing {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.of.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&authn::Bound> {
        Some(self.of.bound())
    }
}

fn loaded(table: &str, origin: &str) -> Credentials {
    let text = format!("[credentials]\norigins = ['{origin}']\n{table}");
    let loader = Loader::new().environment(Environment::empty());
    loader.defaults(&text).load().unwrap()
}

fn in_code() -> authn::CredentialsBuilder {
    Credentials::builder().source(Vaulted::default())
}

async fn authorised(credentials: &Credentials) -> http::request::Parts {
    let (mut parts, ()) = http::Request::get("https://a.test/").body(()).unwrap().into_parts();
    credentials.authorize(&mut parts).await.unwrap();
    parts
}

#[tokio::test]
async fn the_macro_sets_the_defaults_of_the_place() {
    for credentials in [
        loaded("vaulted = {}", "*"),
        loaded("[credentials.passing.of.vaulted]", "*"),
        in_code().origin("*").build().unwrap(),
    ] {
        let parts = authorised(&credentials).await;
        assert_eq!(parts.headers["x-vault-token"], "t0");
        assert!(!parts.headers.contains_key("authorization"));
    }
    for credentials in [
        loaded("queried = {}", "*"),
        Credentials::builder().source(Queried {}).origin("*").build().unwrap(),
    ] {
        assert_eq!(authorised(&credentials).await.uri.query(), Some("key=t0"));
    }
}

#[tokio::test]
async fn the_configuration_and_the_builder_override_them() {
    for (table, header, value) in [
        ("vaulted = { header = 'x-other' }", "x-other", "t0"),
        ("vaulted = { header_prefix = 'Vault' }", "x-vault-token", "Vault t0"),
        ("queried = { placement = 'header' }", "authorization", "Bearer t0"),
        ("passing = { of.vaulted = {}, header = 'x-outer' }", "x-outer", "Bearer t0"),
    ] {
        let parts = authorised(&loaded(table, "*")).await;
        assert_eq!(parts.headers[header], value, "{table}");
    }
    let query = loaded("vaulted = { placement = 'query' }", "*");
    assert_eq!(authorised(&query).await.uri.query(), Some("access_token=t0"));
    let usual = in_code().placement(Placement::default()).origin("*").build().unwrap();
    assert_eq!(authorised(&usual).await.headers["authorization"], "Bearer t0");
}

#[test]
fn the_description_of_the_options_has_these_defaults() {
    let default =
        |entry: &authn::Entry, key| entry.field(key).unwrap().default().unwrap().to_string();
    let entry = Vaulted::ENTRY;
    assert_eq!(default(&entry, "header"), "\"X-Vault-Token\"");
    assert_eq!(default(&entry, "header_prefix"), "\"\"");
    assert_eq!(default(&entry, "query_parameter"), "\"access_token\"");
    assert!(entry.template().contains("# header = \"X-Vault-Token\"\n"), "{}", entry.template());
    assert_eq!(entry.json_schema()["properties"]["header"]["default"], "X-Vault-Token");
    let entry = Queried::ENTRY;
    assert_eq!(default(&entry, "placement"), "\"query\"");
    assert_eq!(default(&entry, "header"), "\"authorization\"");
}

#[tokio::test]
async fn a_status_that_the_provider_names_replaces_the_token() {
    let answers = |request: &crate::server::Received| {
        (if request.header("x-vault-token") == Some("t0") { 403 } else { 200 }, String::new())
    };
    for way in ["configured", "passed on", "in code"] {
        let server = Server::start(answers);
        let credentials = match way {
            "configured" => loaded("vaulted = {}", &server.url),
            "passed on" => loaded("[credentials.passing.of.vaulted]", &server.url),
            _ => in_code().origin(&server.url).build().unwrap(),
        };
        let client = Client::new(credentials).unwrap();
        assert_eq!(client.get(&server.url).send().await.unwrap().status(), 200, "{way}");
        assert_eq!(server.requests().len(), 2, "{way}");
    }
}

#[tokio::test]
async fn other_clients_are_told_by_the_reaction() {
    let uri = Uri::from_static("https://a.test/");
    let headers = HeaderMap::new();
    for (credentials, statuses) in [
        (in_code().origin("*").build().unwrap(), &[401, 403][..]),
        (Credentials::builder().source(Queried {}).origin("*").build().unwrap(), &[401]),
    ] {
        let (mut parts, ()) = http::Request::get(&uri).body(()).unwrap().into_parts();
        let mut used = Used::default();
        credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await.unwrap();
        for status in [200, 400, 401, 403, 407, 500] {
            let code = StatusCode::from_u16(status).unwrap();
            let head = ResponseHead::new(&Method::GET, &uri, code, &headers);
            let expected =
                if statuses.contains(&status) { Reaction::Invalidate } else { Reaction::Pass };
            assert_eq!(credentials.response(&head, &used), expected, "{status}");
            // Without a token there is none to replace.
            assert_eq!(credentials.response(&head, &Used::default()), Reaction::Pass);
        }
    }
}
