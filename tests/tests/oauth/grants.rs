//! The details of each grant.

use authn::{ErrorKind, Recovery};
use authn_tests::rig::{self, Rig};
use serde_json::{Value, json};

use super::{Clocked, client, load};

fn json_answer(status: u16, body: &Value) -> Value {
    let headers = json!({ "content-type": "application/json" });
    json!([{ "status": status, "headers": headers, "body": body.to_string() }])
}

fn password(rig: &Rig, id: &str, username: &str, password: &str, scope: &str) -> String {
    let method = if id == "pw" { "client_secret_basic" } else { "client_secret_post" };
    client(
        rig,
        id,
        &format!(
            "client_secret = 'secret'\ntoken_endpoint_auth_method = '{method}'\n\
             grant_type = 'password'\nusername = '{username}'\npassword = '{password}'\n\
             scope = '{scope}'"
        ),
    )
}

/// A refresh token of a client that sends its secret in the form, got without authn.
fn refresh_token(rig: &Rig, id: &str) -> String {
    let form = [
        ("grant_type", "password"),
        ("client_id", id),
        ("client_secret", "secret"),
        ("username", "alice"),
        ("password", "wonderland"),
        ("scope", "read write offline_access"),
    ];
    let answer = rig::agent().post(rig.resource_url("/token")).send_form(form);
    let answer: Value = answer.unwrap().body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn refresh(rig: &Rig, id: &str, refresh_token: &str, more: &str) -> String {
    let method = "token_endpoint_auth_method = 'client_secret_post'";
    client(
        rig,
        id,
        &format!("client_secret = 'secret'\n{method}\nrefresh_token = '{refresh_token}'\n{more}"),
    )
}

#[tokio::test]
async fn special_characters_of_a_password_reach_the_server() {
    let rig = Rig::start();
    let bob = load(&rig, &password(&rig, "pw", "bob", "p@ss w%rd+&=:/", "read"));
    assert_eq!(bob.token().await.unwrap().scope(), Some("read"));
    assert_eq!(bob.principal().as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_wrong_password_says_which_options_to_look_at() {
    let rig = Rig::start();
    let wrong = password(&rig, "pw", "alice", "wrong", "read");
    let realm = wrong.replace(
        &format!("issuer_url = '{}'", rig.issuer()),
        &format!("keycloak_url = '{}'\nrealm = 'test'", rig.issuer()),
    );
    for options in [&wrong, &realm] {
        let error = load(&rig, options).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        assert!(error.to_string().contains("`username` and `password`"), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
}

#[tokio::test]
async fn every_exchange_uses_the_last_refresh_token() {
    let rig = Rig::start();
    // The first client's refresh tokens are accepted once, the second's stays the same.
    for id in ["q-extra", "q-no_rotate"] {
        let configured = refresh_token(&rig, id);
        let mut clocked = Clocked::load(&rig, &refresh(&rig, id, &configured, ""));
        rig.reset();
        for _ in 0..3 {
            clocked.credentials.token().await.unwrap_or_else(|error| panic!("{id}: {error}"));
            clocked.outlive_tokens(&rig);
        }
        assert_eq!(rig.count(&[("client", id), ("grant", "refresh_token")]), 3);
    }
}

#[tokio::test]
async fn a_response_without_a_refresh_token_means_the_old_one() {
    let rig = Rig::start();
    let configured = refresh_token(&rig, "q-extra");
    let mut clocked = Clocked::load(&rig, &refresh(&rig, "q-extra", &configured, ""));
    let answer = json!({ "access_token": "a1", "token_type": "Bearer", "expires_in": 60 });
    rig.faults(&json_answer(200, &answer));
    assert_eq!(clocked.credentials.token().await.unwrap().secret(), "a1");
    clocked.outlive_tokens(&rig);
    // The server itself has not seen it yet.
    assert_ne!(clocked.credentials.token().await.unwrap().secret(), "a1");
}

#[tokio::test]
async fn a_refresh_asks_for_the_scope_that_it_is_told_to() {
    let rig = Rig::start();
    let token = |more: &str| {
        let options = refresh(&rig, "q-extra", &refresh_token(&rig, "q-extra"), more);
        let credentials = load(&rig, &options);
        async move { credentials.token().await.unwrap().scope().map(str::to_owned) }
    };
    assert_eq!(token("").await.as_deref(), Some("read write"));
    assert_eq!(token("scope = 'write'").await.as_deref(), Some("write"));

    let options = refresh(&rig, "q-extra", &refresh_token(&rig, "q-extra"), "");
    let credentials = load(&rig, &options);
    let scoped = credentials.with_scope(&["read"]);
    assert_eq!(scoped.token().await.unwrap().scope(), Some("read"));
    // The other scope's refresh token was taken by the first exchange, and its new one is shared.
    assert_eq!(credentials.token().await.unwrap().scope(), Some("read write"));
}

#[tokio::test]
async fn a_refused_refresh_token_requires_a_login_and_says_where() {
    let rig = Rig::start();
    let credentials = load(&rig, &refresh(&rig, "q-extra", "made-up", ""));
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    // No user can log in: the configuration has to change.
    assert_eq!(error.recovery(), Recovery::ChangeConfiguration);
    assert!(error.to_string().contains("set `refresh_token`"), "{error}");
    assert!(!format!("{error:?}").contains("made-up"), "{error:?}");
    // It is not sent twice, whatever the server said.
    assert_eq!(rig.count(&[("grant", "refresh_token")]), 1);
}

#[tokio::test]
async fn a_server_that_fails_ends_no_session() {
    let rig = Rig::start();
    let configured = refresh_token(&rig, "q-extra");
    let mut clocked = Clocked::load(&rig, &refresh(&rig, "q-extra", &configured, ""));
    clocked.credentials.token().await.unwrap();
    clocked.outlive_tokens(&rig);
    for answer in [
        json!([{ "status": 503 }]),
        json_answer(400, &json!({ "error": "temporarily_unavailable" })),
        json_answer(401, &json!({ "error": "invalid_client" })),
    ] {
        rig.faults(&answer);
        let error = clocked.credentials.token().await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::LoginRequired, "{error}");
        clocked.outlive_tokens(&rig);
    }
    assert!(clocked.credentials.token().await.is_ok(), "with the refresh token of before");
}

#[tokio::test]
async fn a_password_is_used_if_its_refresh_token_is_refused() {
    let rig = Rig::start();
    let options = password(&rig, "pw", "alice", "wonderland", "read offline_access");
    let mut clocked = Clocked::load(&rig, &options);
    clocked.credentials.token().await.unwrap();
    clocked.outlive_tokens(&rig);
    rig.faults(&json_answer(400, &json!({ "error": "invalid_grant" })));
    clocked.credentials.token().await.unwrap();
    let count = |grant| rig.count(&[("grant", grant), ("status", "200")]);
    assert_eq!((count("password"), count("refresh_token")), (2, 0));
    // The new session's refresh token is used from then on.
    clocked.outlive_tokens(&rig);
    clocked.credentials.token().await.unwrap();
    assert_eq!((count("password"), count("refresh_token")), (2, 1));
}

#[tokio::test]
async fn a_refused_refresh_token_is_deleted_even_if_the_password_provides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(folder.path().join("tokens"))] {
        let rig = Rig::start();
        let options = password(&rig, "pw", "alice", "wonderland", "read offline_access");
        let mut clocked = Clocked::load_with(&rig, &options, folder.as_deref());
        clocked.credentials.token().await.unwrap();
        clocked.outlive_tokens(&rig);
        let refused = json_answer(400, &json!({ "error": "invalid_grant" }));
        let answer = json!({ "access_token": "a1", "token_type": "Bearer", "expires_in": 60 });
        let answers = [refused[0].clone(), json_answer(200, &answer)[0].clone()];
        rig.faults(&json!(answers));
        assert_eq!(clocked.credentials.token().await.unwrap().secret(), "a1");
        clocked.outlive_tokens(&rig);
        clocked.credentials.token().await.unwrap();
        assert_eq!(rig.count(&[("grant", "refresh_token")]), 0);
        assert_eq!(rig.count(&[("grant", "password")]), 2);
    }
}

#[tokio::test]
async fn a_password_is_not_sent_while_the_server_is_only_busy() {
    let rig = Rig::start();
    let options = password(&rig, "pw", "alice", "wonderland", "read offline_access");
    for busy in [json!([{ "status": 503 }]), json!([{ "status": 429 }]), json!([{ "drop": true }])]
    {
        let mut clocked = Clocked::load(&rig, &options);
        clocked.credentials.token().await.unwrap();
        rig.reset();
        clocked.outlive_tokens(&rig);
        rig.faults(&busy);
        assert!(clocked.credentials.token().await.is_err(), "{busy}");
        assert_eq!(rig.count(&[("grant", "password")]), 0, "{busy}");
        clocked.outlive_tokens(&rig);
        assert!(clocked.credentials.token().await.is_ok(), "{busy}");
        assert_eq!(rig.count(&[("grant", "refresh_token")]), 1, "{busy}");
    }
}

#[tokio::test]
async fn a_scope_that_the_session_does_not_have_is_asked_for_with_the_password() {
    let rig = Rig::start();
    let options = password(&rig, "pw", "alice", "wonderland", "read offline_access");
    let credentials = load(&rig, &options);
    assert_eq!(credentials.token().await.unwrap().scope(), Some("read"));
    let wider = credentials.with_scope(&["write", "offline_access"]);
    assert_eq!(wider.token().await.unwrap().scope(), Some("write"));
    assert_eq!(rig.count(&[("error", "invalid_scope")]), 1);
}

#[tokio::test]
async fn unusual_responses_work_with_each_grant() {
    let rig = Rig::start();
    for id in [
        "q-string_expires",
        "q-no_expires",
        "q-null_expires",
        "q-float_expires",
        "q-lower_type",
        "q-extra",
        "q-slack",
        "q-github",
        "q-no_rotate",
    ] {
        let options = password(&rig, id, "alice", "wonderland", "read offline_access");
        let mut clocked = Clocked::load(&rig, &options);
        for _ in 0..2 {
            let token = clocked.credentials.token().await;
            assert!(token.is_ok(), "{id}: {token:?}");
            clocked.outlive_tokens(&rig);
        }
        let count = |grant| rig.count(&[("client", id), ("grant", grant), ("status", "200")]);
        assert_eq!((count("password"), count("refresh_token")), (1, 1), "{id}");
    }
    for id in ["q-slack", "q-github"] {
        let options = password(&rig, id, "alice", "wrong", "read");
        let error = load(&rig, &options).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{id}, which says 200: {error}");
    }
}
