//! Servers with and without support for keys.

use authn::{Credentials, ErrorKind};
use authn_tests::rig::Rig;
use serde_json::{Value, json};

use super::{load, service};

const ALGORITHMS: &str = "dpop_signing_alg_values_supported";

async fn scheme(credentials: &Credentials) -> String {
    let token = credentials.token().await.unwrap();
    token.token_type().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_follows_the_metadata() {
    let rig = Rig::start();
    for (algorithms, own, expected) in [
        (json!(["ES256", "EdDSA"]), "ES256", "DPoP"),
        (json!(["EdDSA"]), "EdDSA", "DPoP"),
        (json!(["EdDSA"]), "ES256", "Bearer"),
        (json!([]), "ES256", "Bearer"),
        (json!("ES256"), "ES256", "Bearer"),
        (Value::Null, "ES256", "Bearer"),
    ] {
        rig.answers(&json!({ "discovery": { ALGORITHMS: algorithms } }));
        let more = format!("dpop = 'auto'\ndpop_algorithm = '{own}'");
        let credentials = load(&rig, &service(&rig, "cc-basic", &more));
        assert_eq!(scheme(&credentials).await, expected, "{algorithms} {own}");
    }
    // Nothing is discovered.
    let options = service(&rig, "cc-basic", "dpop = 'auto'");
    let token_endpoint = format!("token_endpoint_url = '{}/token'", rig.issuer());
    let options = options.replace(&format!("issuer_url = '{}'", rig.issuer()), &token_endpoint);
    assert_eq!(scheme(&load(&rig, &options)).await, "Bearer");
    let always = options.replace("'auto'", "true");
    assert_eq!(scheme(&load(&rig, &always)).await, "DPoP");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_binds_no_token_is_an_error_unless_it_may() {
    let rig = Rig::start();
    rig.answers(&json!({ "token": { "token_type": "Bearer" } }));
    let auto = load(&rig, &service(&rig, "cc-dpop", "dpop = 'auto'"));
    assert_eq!(scheme(&auto).await, "Bearer");
    let (mut parts, ()) =
        http::Request::get(rig.resource_url("/rs/echo")).body(()).unwrap().into_parts();
    auto.authorize(&mut parts).await.unwrap();
    assert!(parts.headers["authorization"].to_str().unwrap().starts_with("Bearer "));
    assert!(!parts.headers.contains_key("dpop"));

    let always = load(&rig, &service(&rig, "cc-dpop", "dpop = true"));
    let error = always.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let text = error.to_string();
    assert!(text.contains("bound to no key (DPoP)") && text.contains("\"auto\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_that_was_not_asked_for_is_an_error() {
    let rig = Rig::start();
    rig.answers(&json!({ "token": { "token_type": "DPoP" } }));
    let error = load(&rig, &service(&rig, "cc-basic", "")).token().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("bound to a key (DPoP)") && text.contains("`dpop = true`"), "{text}");
    // The same from a server that demands keys.
    rig.answers(&json!({}));
    let error = load(&rig, &service(&rig, "cc-dpop", "")).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_algorithm_that_the_server_does_not_take_is_named() {
    let rig = Rig::start();
    rig.answers(&json!({ "discovery": { ALGORITHMS: ["EdDSA"] } }));
    let error = load(&rig, &service(&rig, "cc-dpop", "dpop = true")).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("do not name `dpop_algorithm` ES256"), "{error}");
    assert_eq!(rig.count(&[("endpoint", "token")]), 0);
}
