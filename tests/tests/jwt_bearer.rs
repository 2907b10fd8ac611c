//! Provider `jwt_bearer` against a real authorization server, and its tokens at a real resource server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use authn::{Credentials, Environment, ErrorKind, Loader};
use authn_providers as _;
use authn_tests::rig::Rig;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn load(rig: &Rig, options: &str) -> Credentials {
    let text = format!(
        "[credentials]\norigins = [\"{}\"]\n[credentials.jwt_bearer]\n{options}\n",
        rig.issuer()
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    loader.load().unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// A service account that signs with a key of the rig.
fn account(rig: &Rig, file: &str, key_id: &str, more: &str) -> String {
    format!(
        "issuer = 'robot@rig.test'\nclient_id = 'sa'\nkey_id = '{key_id}'\n\
         private_key = {{ file = '{}' }}\n{more}",
        rig.key(file).display()
    )
}

fn token_endpoint(rig: &Rig) -> String {
    format!("token_endpoint_url = '{}/token'", rig.issuer())
}

/// A key file as Google's console writes it, for the rig's endpoint in Google's shape.
fn key_file(rig: &Rig, folder: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut file = json!({
        "type": "service_account",
        "project_id": "rig",
        "private_key_id": "rsa-1",
        "private_key": fs::read_to_string(rig.key("rsa.pem")).unwrap(),
        "client_email": "robot@rig.iam.test",
        "client_id": "123",
        "auth_uri": "https://accounts.test/o/oauth2/auth",
        "token_uri": format!("{}/google/token", rig.issuer()),
        "universe_domain": "test",
    });
    change(&mut file);
    let path = folder.join("key.json");
    fs::write(&path, serde_json::to_string_pretty(&file).unwrap()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// What the server's token says.
async fn claims(credentials: &Credentials) -> Value {
    let token = credentials.token().await.unwrap();
    let payload = token.secret().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn every_sort_of_key_is_exchanged() {
    let rig = Rig::start();
    for (file, key_id, more) in [
        ("rsa.pem", "rsa-1", ""),
        ("rsa.pem", "rsa-1", "algorithm = 'RS512'"),
        ("rsa.pem", "rsa-1", "algorithm = 'PS384'"),
        ("ec.pem", "ec-1", ""),
        ("ed.pem", "ed-1", "lifetime = '1m'"),
    ] {
        let more = format!("{}\n{more}", token_endpoint(&rig));
        let credentials = load(&rig, &account(&rig, file, key_id, &more));
        let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
        let response = client.get(rig.resource_url("/rs/bearer")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{file} {more}");
        assert_eq!(claims(&credentials).await["sub"], "robot@rig.test");
    }
}

#[tokio::test]
async fn subject_scope_audience_and_discovery_reach_the_server() {
    let rig = Rig::start();
    let discovered = format!("issuer_url = '{}'\nsubject = 'alice'", rig.issuer());
    let credentials = load(&rig, &account(&rig, "ec.pem", "ec-1", &discovered));
    assert_eq!(claims(&credentials).await["sub"], "alice");

    let scoped = format!("{}\nscope = ['read', 'write']", token_endpoint(&rig));
    let credentials = load(&rig, &account(&rig, "ec.pem", "ec-1", &scoped));
    assert_eq!(credentials.token().await.unwrap().scope(), Some("read write"));
    let narrower = credentials.with_scope(&["write"]).token().await.unwrap();
    assert_eq!(narrower.scope(), Some("write"));

    for (audience, accepted) in [(rig.issuer(), true), ("https://other.test", false)] {
        let more = format!("{}\naudience = '{audience}'", token_endpoint(&rig));
        let token = load(&rig, &account(&rig, "ec.pem", "ec-1", &more)).token().await;
        assert_eq!(token.is_ok(), accepted, "{audience}: {token:?}");
    }
}

#[tokio::test]
async fn googles_key_file_is_taken_as_it_is() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(&rig, folder.path(), |_| {});
    let options = format!("service_account_file = '{}'\nscope = 'write'", path.display());
    let credentials = load(&rig, &options);
    assert_eq!(claims(&credentials).await["sub"], "robot@rig.iam.test");
    assert_eq!(credentials.token().await.unwrap().scope(), Some("write"));

    let user = load(&rig, &format!("{options}\nsubject = 'alice'"));
    assert_eq!(claims(&user).await["sub"], "alice");

    // Another place to exchange at, and another key in the file.
    let moved = load(&rig, &format!("{options}\n{}\nclient_id = 'sa'", token_endpoint(&rig)));
    let token = moved.token().await.unwrap();
    key_file(&rig, folder.path(), |file| {
        file["private_key"] = json!(fs::read_to_string(rig.key("ec.pem")).unwrap());
        file["private_key_id"] = json!("ec-1");
    });
    moved.invalidate(&token);
    assert_ne!(moved.token().await.unwrap().secret(), token.secret());
    key_file(&rig, folder.path(), |file| file["private_key_id"] = json!("ec-1"));
    moved.logout().await.unwrap();
    let error = moved.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "a key that is not the one it is said to be");
}

#[tokio::test]
async fn each_exchange_has_its_own_assertion() {
    let rig = Rig::start();
    let credentials = load(&rig, &account(&rig, "ed.pem", "ed-1", &token_endpoint(&rig)));
    for exchange in 1..=3 {
        credentials.token().await.unwrap();
        credentials.logout().await.unwrap();
        assert_eq!(rig.count(&[("client", "sa"), ("status", "200")]), exchange);
    }
}

#[tokio::test]
async fn a_refused_assertion_names_its_options_and_requires_no_login() {
    let rig = Rig::start();
    let wrong_key = account(&rig, "ed.pem", "rsa-1", &token_endpoint(&rig));
    let too_long = format!("{}\nlifetime = '2h'", token_endpoint(&rig));
    let too_long = account(&rig, "ed.pem", "ed-1", &too_long);
    for options in [wrong_key, too_long] {
        let error = load(&rig, &options).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("`private_key`"), "{error}");
    }
    let anonymous = account(&rig, "ed.pem", "ed-1", &token_endpoint(&rig));
    let anonymous = anonymous.replace("client_id = 'sa'\n", "");
    let error = load(&rig, &anonymous).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");

    rig.clock(7_200);
    let late = load(&rig, &account(&rig, "ed.pem", "ed-1", &token_endpoint(&rig)));
    let error = late.token().await.unwrap_err();
    assert!(error.to_string().contains("clock"), "{error}");
}

#[tokio::test]
async fn a_self_signed_token_goes_to_the_api_and_nowhere_else() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(&rig, folder.path(), |_| {});
    let credentials = load(
        &rig,
        &format!(
            "service_account_file = '{}'\nself_signed = true\naudience = 'https://api.test/'",
            path.display()
        ),
    );
    let client = authn::reqwest::Client::new(credentials).unwrap();
    let answer = client.get(rig.resource_url("/rs/echo")).send().await.unwrap();
    let echo: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let header = echo["headers"]["authorization"].as_str().unwrap();
    let payload = header.strip_prefix("Bearer ").unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(claims["aud"], "https://api.test/");
    assert_eq!((&claims["iss"], &claims["sub"]), (&claims["sub"], &json!("robot@rig.iam.test")));
    assert_eq!(rig.log().len(), 0, "no server was asked");
}
