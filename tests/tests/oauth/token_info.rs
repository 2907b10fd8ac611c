//! What the server says about a token (RFC 7662), and the revocation of one token (RFC 7009).

use authn::{Credentials, ErrorKind, Token, TokenSet};
use authn_tests::rig::Rig;
use serde_json::json;

use super::{client, load, loader};

const SECRET: &str = "client_secret = 'secret'";

/// A client whose tokens the server looks up.
fn opaque(rig: &Rig, more: &str) -> Credentials {
    let more = format!("{SECRET}\nresource = 'urn:rig:opaque'\nscope = 'read write'\n{more}");
    load(rig, &client(rig, "cc-basic", &more))
}

#[tokio::test]
async fn a_token_is_described_until_it_is_revoked() {
    let rig = Rig::start();
    let credentials = opaque(&rig, "");
    let described = credentials.introspect().await.unwrap();
    let token = credentials.token().await.unwrap();
    assert!(described.is_active());
    assert_eq!((described.client_id(), described.scope()), (Some("cc-basic"), Some("read write")));
    assert_eq!(described.audience(), ["urn:rig:opaque"]);
    assert_eq!(described.token_type(), Some("Bearer"));
    let end = described.expires_at().unwrap().duration_since(described.issued_at().unwrap());
    assert_eq!(end.unwrap().as_secs(), 60);

    // A service asks about the tokens that it receives.
    let service =
        load(&rig, &client(&rig, "rs", &format!("{SECRET}\ngrant_type = 'client_credentials'")));
    assert!(service.introspect_token(&token).await.unwrap().is_active());
    let unknown = service.introspect_token(&Token::new("unknown").unwrap()).await.unwrap();
    assert!(!unknown.is_active() && unknown.client_id().is_none());
    // Another client may not ask, which the server says in the same way.
    let stranger = load(
        &rig,
        &client(
            &rig,
            "cc-post",
            &format!("{SECRET}\ntoken_endpoint_auth_method = 'client_secret_post'"),
        ),
    );
    assert!(!stranger.introspect_token(&token).await.unwrap().is_active());

    service.revoke_tokens(token.clone()).await.unwrap_err();
    credentials.revoke_tokens(token.clone()).await.unwrap();
    assert!(!service.introspect_token(&token).await.unwrap().is_active());
    assert!(credentials.try_token().is_none(), "it is dropped here, too");
    assert_ne!(credentials.token().await.unwrap().secret(), token.secret());
}

#[tokio::test]
async fn no_program_uses_a_stored_token_that_is_not_active() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let options = client(&rig, "cc-basic", &format!("{SECRET}\nresource = 'urn:rig:opaque'"));
    let program = || loader(&rig, &options, Some(folder.path())).load().unwrap();
    let token = program().token().await.unwrap();
    assert_eq!(program().token().await.unwrap().secret(), token.secret());
    rig.answers(&json!({ "introspection": { "active": false } }));
    assert!(!program().introspect().await.unwrap().is_active());
    assert_ne!(program().token().await.unwrap().secret(), token.secret());
}

#[tokio::test]
async fn a_token_that_is_not_active_is_replaced() {
    let rig = Rig::start();
    let credentials = opaque(&rig, "");
    let token = credentials.token().await.unwrap();
    rig.answers(&json!({ "introspection": { "active": false } }));
    assert!(!credentials.introspect().await.unwrap().is_active());
    assert_ne!(credentials.token().await.unwrap().secret(), token.secret());
    // Another token says nothing about the cached one.
    let cached = credentials.token().await.unwrap();
    let other = credentials.introspect_token(&token).await.unwrap();
    assert!(!other.is_active());
    assert_eq!(credentials.token().await.unwrap().secret(), cached.secret());
}

#[tokio::test]
async fn what_is_no_description_is_an_error() {
    let rig = Rig::start();
    let credentials = opaque(&rig, "");
    credentials.token().await.unwrap();
    let jwt = json!({ "content-type": "application/token-introspection+jwt" });
    let json = json!({ "content-type": "application/json" });
    for (fault, kind, says) in [
        (
            json!({ "status": 200, "headers": jwt, "body": "e30.e30.c2ln" }),
            ErrorKind::Protocol,
            "introspection_signed_response_alg",
        ),
        (
            json!({ "status": 200, "headers": json, "body": { "active": "true" } }),
            ErrorKind::Protocol,
            "no boolean `active`",
        ),
        (
            json!({ "status": 401, "headers": json, "body": { "error": "invalid_client" } }),
            ErrorKind::Refused,
            "check `client_id`",
        ),
        (json!({ "status": 302, "headers": { "location": "/" } }), ErrorKind::Protocol, "redirect"),
        (json!({ "status": 503 }), ErrorKind::Network, "status 503"),
    ] {
        let mut fault = fault;
        fault["endpoint"] = json!("introspection");
        fault["times"] = json!(9);
        rig.faults(&json!([fault]));
        let error = credentials.introspect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(credentials.try_token().is_some(), "an error says nothing about the token");
    }
    let without =
        format!("token_endpoint_url = '{}/token'\nclient_id = 'cc-basic'\n{SECRET}", rig.issuer());
    let without = load(&rig, &without);
    let error = without.introspect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`introspection_endpoint_url`"), "{error}");
    let error = without.revoke_tokens(Token::new("abc").unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("`revocation_endpoint_url`"), "{error}");
}

#[tokio::test]
async fn the_tokens_of_one_of_many_users_are_revoked() {
    let rig = Rig::start();
    let user = |name: &str, password: &str| {
        let more = format!(
            "{SECRET}\ngrant_type = 'password'\nusername = '{name}'\npassword = '{password}'\n\
             scope = 'read offline_access'\nresource = 'urn:rig:opaque'"
        );
        load(&rig, &client(&rig, "pw", &more))
    };
    let (alice, bob) = (user("alice", "wonderland"), user("bob", "p@ss w%rd+&=:/"));
    let held = alice.token().await.unwrap();
    let cached = bob.token().await.unwrap();
    // As a web application has it in its own database.
    let answer = authn_tests::rig::agent()
        .post(rig.resource_url("/token"))
        .header("authorization", "Basic cHc6c2VjcmV0")
        .send_form([
            ("grant_type", "password"),
            ("username", "carol"),
            ("password", "wonderland"),
            ("scope", "read offline_access"),
            ("resource", "urn:rig:opaque"),
        ]);
    let answer: serde_json::Value = answer.unwrap().body_mut().read_json().unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let carol = TokenSet::new(Token::new(text("access_token")).unwrap())
        .with_refresh_token(text("refresh_token").into());
    let revocation = bob.revoke_tokens(carol.clone()).await.unwrap();
    assert_eq!((revocation.revoked, revocation.failed.len()), (2, 0), "{revocation:?}");
    assert!(!bob.introspect_token(carol.token()).await.unwrap().is_active());
    assert_eq!(bob.try_token().unwrap().secret(), cached.secret(), "bob's session is as it was");
    assert!(bob.introspect().await.unwrap().is_active());
    assert!(alice.introspect_token(&held).await.unwrap().is_active());
}

#[tokio::test]
async fn a_token_that_the_server_does_not_revoke_stays() {
    let rig = Rig::start();
    // This server can't take back what it does not look up.
    let credentials = load(&rig, &client(&rig, "cc-basic", SECRET));
    let token = credentials.token().await.unwrap();
    let error = credentials.revoke_tokens(token.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("valid until it expires"), "{error}");
    assert_eq!(credentials.try_token().unwrap().secret(), token.secret());
}
