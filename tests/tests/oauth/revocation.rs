//! Revoking at the server (RFC 7009).

use authn::{Credentials, ErrorKind};
use authn_tests::rig::{self, Rig};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{LONG_SECRET, client, load};

/// Asks the server whether a token is active (RFC 7662).
fn is_active(rig: &Rig, credentials: &Credentials) -> bool {
    let token = credentials.try_token().unwrap();
    let basic = format!("Basic {}", STANDARD.encode("rs:secret"));
    let url = rig.resource_url("/token/introspection");
    let request = rig::agent().post(url).header("authorization", basic);
    let answer = request.send_form([("token", token.secret())]);
    let answer: Value = answer.unwrap().body_mut().read_json().unwrap();
    answer["active"].as_bool().unwrap()
}

fn revocations(rig: &Rig) -> u64 {
    rig.count(&[("path", "/token/revocation"), ("status", "200")])
}

#[tokio::test]
async fn every_client_can_revoke_its_access_token() {
    let rig = Rig::start();
    let key = rig.key("ed.pem");
    let methods = [
        ("cc-basic", "client_secret = 'secret'".to_owned()),
        (
            "cc-post",
            "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'"
                .to_owned(),
        ),
        (
            "cc-sjwt",
            format!(
                "client_secret = '{LONG_SECRET}'\ntoken_endpoint_auth_method = 'client_secret_jwt'"
            ),
        ),
        ("cc-pkjwt", format!("private_key = {{ file = '{}' }}", key.display())),
    ];
    for (count, (id, method)) in (1..).zip(methods) {
        let more = format!("{method}\nresource = 'urn:rig:opaque'");
        let credentials = load(&rig, &client(&rig, id, &more));
        let token = credentials.token().await.unwrap();
        assert!(is_active(&rig, &credentials), "{id}");
        let other = load(&rig, &client(&rig, id, &more));
        other.token().await.unwrap();
        credentials.revoke().await.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(revocations(&rig), count, "{id}");
        assert!(credentials.try_token().is_none(), "it is forgotten here, too");
        assert_ne!(credentials.token().await.unwrap().secret(), token.secret());
        assert!(is_active(&rig, &other), "other tokens still count");
    }
}

#[tokio::test]
async fn the_access_token_of_each_scope_is_revoked() {
    let rig = Rig::start();
    let more = "client_secret = 'secret'\nresource = 'urn:rig:opaque'";
    let credentials = load(&rig, &client(&rig, "cc-basic", more));
    let scopes: [&[&str]; 4] = [&[], &["read"], &["write"], &["read", "write"]];
    let narrowed = scopes.map(|scopes| credentials.with_scope(scopes));
    for credentials in &narrowed {
        credentials.token().await.unwrap();
    }
    let revocation = credentials.revoke().await.unwrap();
    assert_eq!((revocation.revoked, revocation.failed.len()), (4, 0));
    assert_eq!(revocations(&rig), 4);
    assert!(narrowed.iter().all(|credentials| credentials.try_token().is_none()));
}

#[tokio::test]
async fn revoking_ends_the_session() {
    let rig = Rig::start();
    let options = client(
        &rig,
        "pw",
        "client_secret = 'secret'\ngrant_type = 'password'\nusername = 'alice'\n\
         password = 'wonderland'\nscope = 'read offline_access'",
    );
    let credentials = load(&rig, &options);
    credentials.token().await.unwrap();
    credentials.revoke().await.unwrap();
    assert_eq!(revocations(&rig), 1);
    // Without the refresh token the password is used.
    credentials.token().await.unwrap();
    assert_eq!(rig.count(&[("grant", "password")]), 2);
    assert_eq!(rig.count(&[("grant", "refresh_token")]), 0);
}

#[tokio::test]
async fn the_revocation_endpoint_is_discovered_or_configured() {
    let rig = Rig::start();
    let client = format!(
        "token_endpoint_url = '{}/token'\nclient_id = 'cc-basic'\nclient_secret = 'secret'\n\
         resource = 'urn:rig:opaque'",
        rig.issuer()
    );
    let unknown = load(&rig, &client);
    unknown.token().await.unwrap();
    let error = unknown.revoke().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`revocation_endpoint_url`"), "{error}");

    let more = format!("{client}\nrevocation_endpoint_url = '{}/token/revocation'", rig.issuer());
    let configured = load(&rig, &more);
    configured.token().await.unwrap();
    configured.revoke().await.unwrap();
    assert_eq!(revocations(&rig), 1);

    let realm = client.replace(
        &format!("token_endpoint_url = '{}/token'", rig.issuer()),
        &format!("keycloak_url = '{}'\nrealm = 'test'", rig.issuer()),
    );
    let realm = load(&rig, &realm);
    realm.token().await.unwrap();
    realm.revoke().await.unwrap();
    let path = "/realms/test/protocol/openid-connect/revoke";
    assert_eq!(rig.count(&[("path", path), ("status", "200")]), 1);
}

#[tokio::test]
async fn a_refused_revocation_is_an_error() {
    let rig = Rig::start();
    // This server can't take back what it does not look up.
    let jwt = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    jwt.token().await.unwrap();
    let error = jwt.revoke().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("valid until it expires"), "{error}");

    let more =
        format!("client_secret = 'secret'\nrevocation_endpoint_url = '{}/nowhere'", rig.issuer());
    let credentials = load(&rig, &client(&rig, "cc-basic", &more));
    credentials.token().await.unwrap();
    let error = credentials.revoke().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("status 404"), "{error}");
}
