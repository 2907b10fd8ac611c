//! Logins that succeed, and what they leave alone.

use std::time::{Duration, SystemTime};

use authn::{ErrorKind, blocking};
use authn_tests::{browser::Browser, rig::Rig};
use serde_json::json;

use crate::settings::{REDIRECT_URI, come_back, load, pending};

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_completes_the_login_of_each_kind_of_client() {
    let rig = Rig::start();
    let confidential = "client_secret = 'secret'\ngrant_type = 'authorization_code'";
    for (id, more) in [("native", ""), ("web", confidential)] {
        for user in ["alice", "bob"] {
            let browser = Browser::fake().told(&format!("--user={user}"));
            let (text, location) = come_back(&load(&rig, id, more), browser).await;
            let other = load(&rig, id, more);
            let asked = SystemTime::now();
            let tokens = other.complete(pending(&text), &location).await.unwrap();
            assert_eq!(tokens.username(), Some(user), "{id}");
            assert_eq!(tokens.claims().unwrap().get("sub"), Some(user), "{id}");
            assert!(tokens.refresh_token().is_some(), "{id}");
            let lasts = tokens.token().expires_at().unwrap().duration_since(asked).unwrap();
            assert!(lasts <= Duration::from_secs(90), "{lasts:?}");
            // The credentials have no session: the next user is another one.
            assert!(other.try_token().is_none());
            assert!(!other.status().await.unwrap().has_session);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_has_what_a_login_sends() {
    let rig = Rig::start();
    let (url, _) = load(&rig, "native", "").authorization_url(REDIRECT_URI).await.unwrap();
    let sent: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(
        sent,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "code_challenge",
            "code_challenge_method",
            "nonce",
            "prompt",
            "scope",
        ]
    );
    let (again, _) = load(&rig, "native", "").authorization_url(REDIRECT_URI).await.unwrap();
    assert_ne!(url, again);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_openid_nobody_is_named() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "").with_scope(&["read"]);
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    let tokens = credentials.complete(pending(&text), &location).await.unwrap();
    assert_eq!((tokens.username(), tokens.token().scope()), (None, Some("read")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_runs_to_its_end_without_its_caller() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    rig.faults(&json!([{ "grant": "authorization_code", "delay_ms": 100 }]));
    // It is polled once and dropped.
    let completed = credentials.complete(pending(&text), &location);
    assert!(tokio::time::timeout(Duration::ZERO, completed).await.is_err());
    rig.wait_for_count(&[("grant", "authorization_code"), ("status", "200")], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_credentials_log_nobody_in() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    credentials.close().await;
    let error = credentials.complete(pending(&text), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    let error = credentials.authorization_url(REDIRECT_URI).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

#[test]
fn a_program_without_a_runtime_logs_in_too() {
    let rig = Rig::start();
    let credentials = blocking::Credentials::from(load(&rig, "native", ""));
    let (url, pending) = credentials.authorization_url(REDIRECT_URI).unwrap();
    let report = Browser::fake().open(url.as_str());
    let tokens = credentials.complete(pending, report["location"].as_str().unwrap()).unwrap();
    assert_eq!(tokens.username(), Some("alice"));
}
