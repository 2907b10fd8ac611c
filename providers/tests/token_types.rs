//! The option `token_type` of each provider that has it, from each place that can set it.

#![cfg(feature = "jwt_bearer")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use authn::{Environment, ErrorKind, Loader};
use authn_providers as _;
use server::Server;

const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----";

/// Returns a loader of a client of a server that issues tokens of an unknown type, and the server.
fn loader(provider: &str, options: &str, variables: Environment) -> (Loader, Server) {
    let body = r#"{"access_token":"abc","token_type":"N_A"}"#;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
    let server = Server::start(vec![answer.into_bytes()]);
    let client = match provider {
        "oauth" => "client_id = 'c'\nclient_secret = 's'",
        _ => "issuer = 'i'\nprivate_key = { env = 'KEY' }",
    };
    let url = server.url();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.{provider}]\nstore = 'memory'\n\
         token_endpoint_url = '{url}/token'\n{client}\n{options}"
    );
    let loader = Loader::new().environment(variables.variable("KEY", KEY));
    (loader.defaults(&text), server)
}

#[tokio::test]
async fn a_token_of_an_unknown_type_is_an_error_that_names_the_option() {
    for provider in ["oauth", "jwt_bearer"] {
        let (loader, _server) = loader(provider, "", Environment::empty());
        let error = loader.load().unwrap().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.message().contains("a token of an unknown type (N_A)"), "{error}");
        let help = "if it is a bearer token, set `token_type = \"bearer\"`";
        assert_eq!(error.help(), Some(help));
    }
}

#[tokio::test]
async fn the_option_takes_it_as_a_bearer_token() {
    for provider in ["oauth", "jwt_bearer"] {
        let name = format!("AUTHN_CREDENTIALS__{}__TOKEN_TYPE", provider.to_uppercase());
        for (options, variables) in [
            ("token_type = 'bearer'", Environment::empty()),
            ("", Environment::empty().variable(name, "bearer")),
        ] {
            let (loader, _server) = loader(provider, options, variables);
            let token = loader.load().unwrap().token().await.unwrap();
            assert_eq!((token.secret(), token.token_type()), ("abc", Some("Bearer")));
        }
    }
}

#[test]
fn an_unknown_name_is_found_at_load() {
    for provider in ["oauth", "jwt_bearer"] {
        let (loader, _server) = loader(provider, "token_type = 'mac'", Environment::empty());
        let error = loader.load().unwrap_err().to_string();
        assert!(error.contains("token_type") && error.contains("bearer"), "{error}");
    }
}
