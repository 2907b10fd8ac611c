//! Provider `oauth` against a real authorization server, and its tokens at a real resource server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use authn::{Credentials, Environment, ErrorKind, Loader};
use authn_providers as _;
use authn_tests::rig::Rig;
use serde_json::json;

fn load(rig: &Rig, options: &str) -> Credentials {
    let text = format!(
        "[credentials]\norigins = [\"{}\"]\n[credentials.oauth]\n{options}\n",
        rig.issuer()
    );
    Loader::new().environment(Environment::empty()).inline("test.toml", &text).load().unwrap()
}

fn client(rig: &Rig, id: &str, more: &str) -> String {
    format!("issuer_url = '{}'\nclient_id = '{id}'\n{more}", rig.issuer())
}

#[tokio::test]
async fn tokens_of_every_authentication_method_are_accepted() {
    let rig = Rig::start();
    for (id, secret, more) in [
        ("cc-basic", "secret", ""),
        ("cc-basic", "secret", "token_endpoint_auth_method = 'client_secret_basic'"),
        ("cc-post", "secret", "token_endpoint_auth_method = 'client_secret_post'"),
        ("cc:special id", "p@ss w%rd+&=:/?~", "scope = 'read'"),
    ] {
        let more = format!("client_secret = '{secret}'\n{more}");
        let credentials = load(&rig, &client(&rig, id, &more));
        let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
        let response = client.get(rig.resource_url("/rs/bearer")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{id} {more}");
        let token = credentials.try_token().expect("it was needed for the request");
        assert_eq!(token.token_type(), Some("Bearer"));
        assert!(token.expires_at().is_some());
    }
}

#[tokio::test]
async fn endpoint_realm_resource_and_scope_reach_the_server() {
    let rig = Rig::start();
    let endpoint = format!(
        "token_endpoint_url = '{}/token'\nclient_id = 'cc-basic'\nclient_secret = 'secret'\nscope = ['read']",
        rig.issuer()
    );
    let token = load(&rig, &endpoint).token().await.unwrap();
    assert_eq!(token.scope(), Some("read"));
    let scoped = load(&rig, &endpoint).with_scope(&["write"]).token().await.unwrap();
    assert_eq!(scoped.scope(), Some("write"));

    let keycloak = format!(
        "keycloak_url = '{}'\nrealm = 'test'\nclient_id = 'cc-basic'\nclient_secret = 'secret'",
        rig.issuer()
    );
    assert!(load(&rig, &keycloak).token().await.unwrap().secret().starts_with("eyJ"));

    let opaque = format!("{endpoint}\nresource = 'urn:rig:opaque'");
    assert!(!load(&rig, &opaque).token().await.unwrap().secret().starts_with("eyJ"));
}

#[tokio::test]
async fn one_exchange_serves_ten_thousand_callers() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { credentials.token().await.unwrap().secret().to_owned() })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for caller in callers {
        tokens.insert(caller.await.unwrap());
    }
    assert_eq!(tokens.len(), 1);
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    let url = rig.resource_url("/rs/bearer");
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    rig.clock(120);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200, "after a new token");
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 2);
}

#[tokio::test]
async fn what_servers_do_to_token_responses_gets_the_documented_result() {
    let rig = Rig::start();
    let token = |id: &str| {
        let more = "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'";
        let credentials = load(&rig, &client(&rig, id, more));
        async move { credentials.token().await }
    };
    for good in [
        "q-string_expires",
        "q-no_expires",
        "q-null_expires",
        "q-float_expires",
        "q-lower_type",
        "q-extra",
        "q-slack",
        "q-github",
    ] {
        let token = token(good).await.unwrap_or_else(|error| panic!("{good}: {error}"));
        let expires = token.expires_at().is_some();
        assert_eq!(expires, !matches!(good, "q-no_expires" | "q-null_expires"), "{good}");
    }
    for (bad, kind, says) in [
        ("q-form", ErrorKind::Protocol, "not JSON"),
        ("q-no_type", ErrorKind::Protocol, "no token type"),
        ("q-html_500", ErrorKind::Network, "status 502"),
        ("q-huge", ErrorKind::Protocol, "more than 1 MiB"),
        ("q-bad_json", ErrorKind::Protocol, "ends too early"),
        ("q-empty_token", ErrorKind::Protocol, "access token"),
    ] {
        let error = token(bad).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{bad}: {error}");
        assert!(error.to_string().contains(says), "{bad}: {error}");
    }
}

#[tokio::test]
async fn faults_of_a_server_have_messages_that_help() {
    let rig = Rig::start();
    let options = client(&rig, "cc-basic", "client_secret = 'secret'");
    for (fault, kind, says) in [
        (json!({ "status": 500 }), ErrorKind::Network, "try again later"),
        (
            json!({ "status": 429, "headers": { "retry-after": "7" } }),
            ErrorKind::Refused,
            "status 429",
        ),
        (json!({ "drop": true }), ErrorKind::Network, "connection"),
        (
            json!({ "status": 307, "headers": { "location": "/elsewhere" } }),
            ErrorKind::Protocol,
            "redirect",
        ),
        (
            json!({ "status": 200, "body": "<html>s3cr3t</html>", "headers": { "content-type": "text/html" } }),
            ErrorKind::Protocol,
            "not JSON",
        ),
        (
            json!({ "status": 400, "body": "{\"error\":\"s3cr3t\",\"error_description\":\"s3cr3t\"}",
                    "headers": { "content-type": "application/json" } }),
            ErrorKind::Refused,
            "status 400",
        ),
        (
            json!({ "status": 401, "body": "{\"error\":\"invalid_client\"}",
                    "headers": { "content-type": "application/json" } }),
            ErrorKind::Refused,
            "`client_secret`",
        ),
    ] {
        rig.faults(&json!([fault]));
        let error = load(&rig, &options).token().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert!(error.to_string().contains(says), "{fault}: {error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        let retry_after = error.retry_after().map(|wait| wait.as_secs());
        assert_eq!(retry_after, fault["headers"]["retry-after"].is_string().then_some(7));
    }
}

#[tokio::test]
async fn an_issuer_must_call_itself_as_configured() {
    let rig = Rig::start();
    let options = format!(
        "issuer_url = '{}/'\nclient_id = 'cc-basic'\nclient_secret = 'secret'",
        rig.issuer()
    );
    let error = load(&rig, &options).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("slash"), "{error}");
    let nowhere = format!(
        "issuer_url = '{}/realms/nope'\nclient_id = 'c'\nclient_secret = 's'",
        rig.issuer()
    );
    let error = load(&rig, &nowhere).token().await.unwrap_err();
    assert!(error.to_string().contains("no metadata"), "{error}");
}

#[test]
fn works_without_any_runtime_of_the_callers() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    // A runtime without timers and without IO, which ends at once.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(credentials.token()).is_ok());
    drop(runtime);
    assert!(credentials.try_token().is_some());
}
