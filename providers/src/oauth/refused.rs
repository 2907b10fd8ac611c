//! What helps against refusals: a table with a row for each cause.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::json;

use super::loopback::Loopback;
use crate::testing::{load, wait};

const OPENID: &str = "/.well-known/openid-configuration";

/// RFC 8410, 10.3.
const KEY: &str = "private_key = '''-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
'''";

/// What helps, by the method that a client uses.
static HINTS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    BTreeMap::from([
        ("raw", "so the server may need `basic_encoding = \"raw\"`"),
        ("form", "so the server may need `basic_encoding = \"form\"`"),
        ("audience", "the server may expect another `assertion_audience`"),
        ("offered", "do not offer `client_secret_basic`, but `private_key_jwt`, `none`: set"),
    ])
});

#[test]
fn a_refusal_names_what_helps_for_the_client() {
    let invalid = r#"{"error":"invalid_client"}"#;
    let plain = "client_secret = 's3cr3t-plain'";
    let special = "client_secret = 's3cr3t+/='";
    let raw = "client_secret = 's3cr3t+/='\nbasic_encoding = 'raw'";
    let form = "client_secret = 's3cr3t+/='\ntoken_endpoint_auth_method = 'client_secret_post'";
    let basic = json!(["client_secret_basic"]);
    for (client, offered, status, body, expected) in [
        (plain, None, 401, invalid, None),
        (special, None, 401, invalid, Some("raw")),
        (special, None, 400, "", Some("raw")),
        (special, None, 403, "<html>", Some("raw")),
        (special, None, 400, r#"{"error":"invalid_client"}"#, Some("raw")),
        (special, None, 401, r#"{"error":"unauthorized_client"}"#, Some("raw")),
        (special, None, 400, r#"{"error":"unauthorized_client"}"#, None),
        (special, None, 400, r#"{"error":"invalid_request"}"#, None),
        (special, None, 400, r#"{"error":"invalid_scope"}"#, None),
        (special, None, 404, "", None),
        (special, None, 503, "", None),
        (special, Some(&basic), 401, invalid, Some("raw")),
        (raw, None, 401, invalid, Some("form")),
        (form, None, 401, invalid, None),
        (KEY, None, 401, invalid, Some("audience")),
        (KEY, None, 400, "", Some("audience")),
        (plain, Some(&json!(["private_key_jwt", "a b", "none"])), 401, invalid, Some("offered")),
        (plain, Some(&json!("private_key_jwt")), 401, invalid, None),
    ] {
        let server = Loopback::start();
        let url = server.url("");
        let metadata = json!({
            "issuer": url,
            "token_endpoint": server.url("/token"),
            "token_endpoint_auth_methods_supported": offered,
        });
        server.serve(OPENID, &metadata.to_string());
        server.answer("/token", &format!("{status} X\r\nContent-Type: application/json"), body);
        let options = format!(
            "[credentials.oauth]\nstore = 'memory'\nissuer_url = '{url}'\nclient_id = 'c'\n{client}"
        );
        let error = wait(load(&options).unwrap().token()).unwrap_err();
        let help = error.help().unwrap();
        for (name, hint) in &*HINTS {
            assert_eq!(help.contains(hint), expected == Some(*name), "{client} {status}: {error}");
        }
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[test]
fn a_code_of_a_specification_is_shown_whatever_the_secret_is() {
    for (code, secret, is_shown) in [
        ("invalid_client", "client", true),
        ("invalid_client", "i", true),
        ("custom_code", "custom", false),
        ("custom_code", "other", true),
    ] {
        let server = Loopback::start();
        let body = json!({ "error": code }).to_string();
        server.answer("/token", "401 X\r\nContent-Type: application/json", &body);
        let options = format!(
            "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{}'\nclient_id = 'c'\n\
             client_secret = '{secret}'",
            server.url("/token")
        );
        let error = wait(load(&options).unwrap().token()).unwrap_err();
        assert_eq!(error.server_code(), Some(code).filter(|_| is_shown), "{error}");
    }
}

#[test]
fn an_option_that_the_server_asks_for_is_named() {
    for (description, expected) in [
        ("Missing parameter: AUDIENCE", Some("set `audience`")),
        ("resource is required", Some("set `resource`")),
        ("the resource owner must consent to the scope", Some("set `scope`")),
        ("the Resource Server is unknown", None),
        ("resources are missing", None),
    ] {
        let server = Loopback::start();
        let body = json!({ "error": "invalid_request", "error_description": description });
        server.answer("/token", "400 X\r\nContent-Type: application/json", &body.to_string());
        let options = format!(
            "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{}'\nclient_id = 'c'\n\
             client_secret = 's3cr3t-of-client'",
            server.url("/token")
        );
        let error = wait(load(&options).unwrap().token()).unwrap_err();
        let help = error.help().unwrap();
        let expected = expected.unwrap_or("check `audience`, `resource`");
        assert!(help.starts_with(expected), "{description}: {help}");
    }
}

/// The whole way: what a server says reaches the program that asks for a token, and nothing that was sent does.
#[test]
fn what_the_server_says_is_in_the_error_unless_it_repeats_a_secret() {
    let says = |text: &str| json!({ "error": "custom_code", "error_description": text, "error_uri": "https://i.test/e" });
    for (description, is_shown) in [
        ("The application 'c' is not registered.", true),
        ("the scope all.of.it is unknown", true),
        ("the secret s3cr3t-of-client is wrong", false),
        ("it starts with s3cr3t-o", false),
        ("Authorization: Basic YzpzM2NyM3Qtb2YtY2xpZW50", false),
        ("s3cr3t%2Dof%2Dclient", false),
        ("got 73336372 33742d6f662d636c69656e74", false),
    ] {
        for path in ["/token", "/introspect"] {
            let server = Loopback::start();
            server.answer(
                path,
                "401 X\r\nContent-Type: application/json",
                &says(description).to_string(),
            );
            let granted =
                json!({ "access_token": "t0ken-t0ken", "token_type": "Bearer", "expires_in": 600 });
            if path != "/token" {
                server.serve("/token", &granted.to_string());
            }
            let options = format!(
                "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{}'\nintrospection_endpoint_url = '{}'\n\
                 client_id = 'c'\nclient_secret = 's3cr3t-of-client'\nscope = ['all.of.it']",
                server.url("/token"),
                server.url("/introspect")
            );
            let credentials = load(&options).unwrap();
            let error = match wait(credentials.token()) {
                Err(error) => error,
                Ok(token) => wait(credentials.introspect_token(&token)).unwrap_err(),
            };
            assert_eq!(error.server_code(), Some("custom_code"), "{error}");
            let shown = Some(description).filter(|_| is_shown);
            assert_eq!(error.server_description(), shown, "{error}");
            assert_eq!(error.message().contains(description), is_shown, "{error}");
            assert!(error.message().contains("https://i.test/e"), "{error}");
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
    }
}
