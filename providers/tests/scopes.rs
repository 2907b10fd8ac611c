//! A stored token is used for the scopes that it was requested for, whichever provider has requested it.

#![cfg(all(feature = "oauth", feature = "jwt_bearer"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use std::path::Path;

use authn::{Credentials, Environment, Loader};
use authn_providers as _;
use server::Server;

/// The private key of RFC 8037, appendix A.1.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn answers() -> Vec<Vec<u8>> {
    let answer = |token: &str| {
        let body = format!("{{\"access_token\":\"{token}\",\"expires_in\":3600}}");
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}").into_bytes()
    };
    ["one", "two", "three"].map(answer).into()
}

fn load(state: &Path, table: &str) -> Credentials {
    let text = format!("[credentials]\norigins = ['*']\n{table}");
    let environment = Environment::empty().state_directory(state);
    Loader::new().environment(environment).defaults(&text).load().unwrap()
}

#[tokio::test]
async fn a_token_of_one_scope_is_not_returned_for_another() {
    for (name, table) in [
        (
            "oauth",
            "[credentials.oauth]\nstore = 'file'\ntoken_endpoint_url = 'URL/token'\nclient_id = 'c'\n\
             client_secret = 's'\nscope = SCOPE",
        ),
        (
            "jwt_bearer",
            "[credentials.jwt_bearer]\nstore = 'file'\ntoken_endpoint_url = 'URL/token'\nissuer = 'c'\n\
             algorithm = 'EdDSA'\nprivate_key = 'KEY'\nscope = SCOPE",
        ),
        (
            "cached",
            "[credentials.cached]\nstore = 'file'\n[credentials.cached.oauth]\n\
             token_endpoint_url = 'URL/token'\nclient_id = 'c'\nclient_secret = 's'\nscope = SCOPE",
        ),
    ] {
        let server = Server::start(answers());
        let state = tempfile::tempdir().unwrap();
        let token = async |scope: &str, with: &[&str]| {
            let table = table.replace("URL", server.url()).replace("KEY", KEY);
            let credentials = load(state.path(), &table.replace("SCOPE", scope));
            let credentials =
                if with.is_empty() { credentials } else { credentials.with_scope(with) };
            credentials.token().await.unwrap().secret().to_owned()
        };
        assert_eq!(token("'admin'", &[]).await, "one", "{name}");
        assert_eq!(token("'read write'", &[]).await, "two", "{name}");
        assert_eq!(token("['write', 'read']", &[]).await, "two", "{name}");
        assert_eq!(token("'admin'", &[]).await, "one", "{name}");
        assert_eq!(token("'admin'", &["other"]).await, "three", "{name}");
        assert_eq!(server.sent("scope"), ["admin", "read write", "other"], "{name}");
    }
}
