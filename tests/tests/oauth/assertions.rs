//! The details of each client authentication method.

use authn::ErrorKind;
use authn_tests::rig::Rig;

use super::{Clocked, LONG_SECRET, client, load};

fn private_key(rig: &Rig, file: &str, more: &str) -> String {
    let path = rig.key(file);
    client(rig, "cc-pkjwt", &format!("private_key = {{ file = '{}' }}\n{more}", path.display()))
}

#[tokio::test]
async fn secrets_are_encoded_as_the_server_wants_them() {
    let rig = Rig::start();
    for (id, secret, more, accepted) in [
        ("cc-basic", "secret", "", true),
        ("cc-basic", "secret", "basic_encoding = 'raw'", true),
        ("cc-post", "secret", "token_endpoint_auth_method = 'client_secret_post'", true),
        ("cc:special id", "p@ss w%rd+&=:/?~", "scope = 'read'", true),
        ("cc-sjwt", LONG_SECRET, "token_endpoint_auth_method = 'client_secret_jwt'", true),
        ("cc-basic", "wrong", "", false),
        ("cc-post", "wrong", "token_endpoint_auth_method = 'client_secret_post'", false),
    ] {
        let more = format!("client_secret = '{secret}'\n{more}");
        match load(&rig, &client(&rig, id, &more)).token().await {
            Ok(token) => assert!(accepted && token.expires_at().is_some(), "{more}"),
            Err(error) => {
                assert!(!accepted, "{more}: {error}");
                assert_eq!(error.kind(), ErrorKind::Refused);
                assert!(error.to_string().contains("`client_secret`"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn every_sort_of_private_key_signs() {
    let rig = Rig::start();
    for (file, more) in [
        ("rsa.pem", "key_id = 'rsa-1'"),
        ("rsa.pem", "key_id = 'rsa-1'\nalgorithm = 'PS256'"),
        ("ec.pem", "key_id = 'ec-1'\ntoken_endpoint_auth_method = 'private_key_jwt'"),
        ("ed.pem", "key_id = 'ed-1'\ngrant_type = 'client_credentials'"),
        ("ed.pem", ""),
    ] {
        let token = load(&rig, &private_key(&rig, file, more)).token().await;
        assert!(token.is_ok(), "{file} {more}: {token:?}");
    }
    let error = load(&rig, &private_key(&rig, "ec.pem", "key_id = 'rsa-1'")).token().await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("`key_id`"), "{error}");
}

/// The server remembers the identifier of each assertion, and the clock stands still in between.
#[tokio::test]
async fn each_attempt_has_its_own_assertion() {
    let rig = Rig::start();
    let clocked = Clocked::load(&rig, &private_key(&rig, "ec.pem", "key_id = 'ec-1'"));
    for exchange in 1..=3 {
        clocked.credentials.token().await.unwrap();
        clocked.credentials.logout().await.unwrap();
        assert_eq!(rig.count(&[("client", "cc-pkjwt"), ("status", "200")]), exchange);
    }
}

#[tokio::test]
async fn the_audience_of_an_assertion_is_the_issuer_or_configured() {
    let rig = Rig::start();
    let key = format!(
        "client_id = 'cc-pkjwt'\nprivate_key = {{ file = '{}' }}\nkey_id = 'ed-1'",
        rig.key("ed.pem").display()
    );
    let (issuer, endpoint) = (rig.issuer(), rig.resource_url("/token"));
    for (server, accepted) in [
        (format!("issuer_url = '{issuer}'"), true),
        (format!("token_endpoint_url = '{endpoint}'"), true),
        (format!("token_endpoint_url = '{endpoint}'\nissuer = '{issuer}'"), true),
        (format!("token_endpoint_url = '{endpoint}'\nissuer = 'https://other.test'"), false),
        (format!("issuer_url = '{issuer}'\nassertion_audience = '{endpoint}'"), true),
        (format!("issuer_url = '{issuer}'\nassertion_audience = 'https://other.test'"), false),
        (format!("keycloak_url = '{issuer}'\nrealm = 'test'"), true),
    ] {
        match load(&rig, &format!("{key}\n{server}")).token().await {
            Ok(_) => assert!(accepted, "{server}"),
            Err(error) => {
                assert!(!accepted, "{server}: {error}");
                assert!(error.to_string().contains("`assertion_audience`"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_assertion_of_another_time_is_refused_with_the_clock_in_the_message() {
    let rig = Rig::start();
    rig.clock(3_600);
    let credentials = load(&rig, &private_key(&rig, "ed.pem", "key_id = 'ed-1'"));
    let error = credentials.token().await.unwrap_err();
    assert!(error.to_string().contains("clock"), "{error}");
}
