//! The method and the encoding of token requests: what is sent by each.

use authn::ErrorKind;
use serde_json::{Value, json};

use super::scripted::Scripted;
use crate::testing::{load, wait};

/// Every kind of value: repeated, empty of meaning in a URL, not ASCII.
const CONTENT: &str = "client_id = 'the client'\nclient_secret = 's3cr3t+&=ü'\n\
    token_endpoint_auth_method = 'client_secret_post'\nscope = ['read', 'write']\n\
    resource = ['https://a.test/', 'https://b.test/?x=1&y=2']\nparameters = { tenant = 'a&b=ü' }";

fn table(server: &Scripted, options: &str) -> String {
    format!("[credentials.oauth]\ntoken_endpoint_url = '{}'\n{options}", server.url)
}

fn answered(status: u16) -> (u16, Value) {
    match status {
        200 => (200, json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 60 })),
        _ => (status, json!({ "error": "invalid_scope" })),
    }
}

#[test]
fn the_same_parameters_are_sent_as_a_form_as_json_and_in_the_query() {
    let mut all = Vec::new();
    for (options, method, content_type) in [
        ("", "POST", Some("application/x-www-form-urlencoded")),
        ("token_request_method = 'post'", "POST", Some("application/x-www-form-urlencoded")),
        ("token_request_encoding = 'json'", "POST", Some("application/json")),
        ("token_request_method = 'get'", "GET", None),
    ] {
        let server = Scripted::start(|_| answered(200));
        let credentials = load(&table(&server, &format!("{CONTENT}\n{options}"))).unwrap();
        assert_eq!(wait(credentials.token()).unwrap().secret(), "t");
        let request = server.only();
        assert_eq!((&*request.method, &*request.headers["accept"]), (method, "application/json"));
        let sent_type = request.headers.get("content-type").map(String::as_str);
        assert_eq!(sent_type, content_type, "{options}");
        assert_eq!(request.target.contains('?'), method == "GET", "{options}");
        assert_eq!(request.body.is_empty(), method == "GET", "{options}");
        all.push(request.parameters());
    }
    assert_eq!(all[0]["resource"], ["https://a.test/", "https://b.test/?x=1&y=2"]);
    assert_eq!(all[0]["client_secret"], ["s3cr3t+&=ü"]);
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
}

#[test]
fn one_value_is_a_text_and_several_are_a_list() {
    let server = Scripted::start(|_| answered(200));
    let options = format!("{CONTENT}\ntoken_request_encoding = 'json'");
    wait(load(&table(&server, &options)).unwrap().token()).unwrap();
    let body: Value = serde_json::from_str(&server.only().body).unwrap();
    assert_eq!(
        body,
        json!({
            "grant_type": "client_credentials", "client_id": "the client", "client_secret": "s3cr3t+&=ü",
            "scope": "read write", "resource": ["https://a.test/", "https://b.test/?x=1&y=2"],
            "tenant": "a&b=ü",
        })
    );
}

#[test]
fn a_query_of_the_address_is_kept() {
    let server = Scripted::start(|_| answered(200));
    let options = format!("{CONTENT}\ntoken_request_method = 'get'");
    let options = table(&server, &options).replace("/token'", "/token?version=2'");
    wait(load(&options).unwrap().token()).unwrap();
    let request = server.only();
    assert_eq!(request.one("version"), "2");
    assert_eq!(request.one("grant_type"), "client_credentials");
}

#[test]
fn other_endpoints_get_a_form() {
    let server = Scripted::start(|_| answered(200));
    let revocation = server.url.replace("/token", "/revoke");
    let options = format!(
        "{CONTENT}\ntoken_request_method = 'get'\nrevocation_endpoint_url = '{revocation}'"
    );
    let credentials = load(&table(&server, &options)).unwrap();
    wait(credentials.token()).unwrap();
    wait(credentials.revoke()).unwrap();
    let revoked = &server.received()[1];
    assert_eq!((&*revoked.method, &*revoked.target), ("POST", "/revoke"));
    assert_eq!(revoked.one("token"), "t");
}

#[test]
fn no_error_shows_the_query() {
    for status in [400, 404, 500] {
        let server = Scripted::start(move |_| answered(status));
        let options = format!("{CONTENT}\ntoken_request_method = 'get'");
        let error = wait(load(&table(&server, &options)).unwrap().token()).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        for secret in ["s3cr3t", "tenant", "client_secret", "?"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
    // A server that can't be reached.
    let options = format!(
        "[credentials.oauth]\ntoken_endpoint_url = 'http://127.0.0.1:9/token'\n{CONTENT}\n\
         token_request_method = 'get'"
    );
    let error = wait(load(&options).unwrap().token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
    assert!(!shown.contains("s3cr3t") && !shown.contains("client_secret"), "{shown}");
}

#[test]
fn a_request_has_a_body_or_a_query() {
    let options =
        format!("{CONTENT}\ntoken_request_method = 'get'\ntoken_request_encoding = 'json'");
    let options =
        format!("[credentials.oauth]\ntoken_endpoint_url = 'https://i.test/t'\n{options}");
    let error = load(&options).map(drop).unwrap_err();
    assert!(error.to_string().contains("`token_request_encoding` is json"), "{error}");
}

#[test]
fn what_a_server_takes_once_is_sent_once_whatever_the_method_is() {
    for method in ["get", "post"] {
        let server = Scripted::start(|_| (503, json!({})));
        let credentials = load(&format!(
            "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{}'\nclient_id = 'c'\n\
             refresh_token = 'r1'\ntoken_request_method = '{method}'\n",
            server.url
        ));
        let error = wait(credentials.unwrap().token()).unwrap_err();
        assert_eq!(error.kind(), authn::ErrorKind::Network, "{error}");
        assert_eq!(server.sent("refresh_token"), ["r1"], "{method}");
    }
}
