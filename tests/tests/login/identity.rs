//! The user: the ID token, and `expected_username` (SECURITY.md, 18).

use authn::ErrorKind;
use authn_tests::rig::Rig;

use crate::{
    person::who_logs_in,
    settings::{FAILED, Folder, LOGGED_IN, client, load_in, native},
};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_expected_user_is_logged_in() {
    let rig = Rig::start();
    let folder = Folder::new();
    let expecting = |name: &str| native(&rig, &format!("expected_username = '{name}'"));

    let bob = load_in(&rig, &expecting("bob"), folder.path());
    let person = who_logs_in(&rig, 400, FAILED);
    let error = bob.login(person.login()).await.unwrap_err();
    person.is_done();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("`expected_username`"), "{error}");
    assert!(!error.to_string().contains("alice"), "{error}");
    let status = bob.status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token);

    let alice = load_in(&rig, &expecting("alice"), folder.path());
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = alice.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert_eq!(alice.status().await.unwrap().username.as_deref(), Some("alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_is_wrong_ends_the_login() {
    let rig = Rig::start();
    let folder = Folder::new();
    for bend in [
        "wrong_nonce",
        "no_nonce",
        "other_audience",
        "other_party",
        "other_issuer",
        "expired",
        "no_expiry",
        "wrong_signature",
    ] {
        let options = client(&rig, &format!("id-{bend}"), "");
        let credentials = load_in(&rig, &options, folder.path());
        let person = who_logs_in(&rig, 400, FAILED);
        let error = credentials.login(person.login()).await.expect_err(bend);
        person.is_done();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bend}: {error}");
        assert!(error.to_string().contains("the ID token"), "{bend}: {error}");
        assert!(!credentials.status().await.unwrap().has_refresh_token, "{bend}");
    }
    // The tokens of each login are revoked at the server too.
    assert_eq!(rig.count(&[("endpoint", "revocation"), ("status", "200")]), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_may_be_unknown_unless_one_is_expected() {
    let rig = Rig::start();
    let folder = Folder::new();
    for (bend, is_told) in
        [("unknown_key", true), ("alg_none", true), ("hs256", true), ("missing", false)]
    {
        let id = format!("id-{bend}");
        let credentials = load_in(&rig, &client(&rig, &id, ""), folder.path());
        let person = who_logs_in(&rig, 200, LOGGED_IN);
        credentials.login(person.login()).await.unwrap_or_else(|error| panic!("{bend}: {error}"));
        person.is_done();
        assert_eq!(credentials.status().await.unwrap().username, None, "{bend}");
        let notices = person.notices();
        let told = notices.iter().any(|notice| notice.contains("identity can't be verified"));
        assert_eq!(told, is_told, "{bend}: {notices:?}");

        let more = "expected_username = 'alice'";
        let credentials = load_in(&rig, &client(&rig, &id, more), folder.path());
        let person = who_logs_in(&rig, 400, FAILED);
        let error = credentials.login(person.login()).await.expect_err(bend);
        person.is_done();
        assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Refused), "{error}");
        assert!(!credentials.status().await.unwrap().has_refresh_token, "{bend}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_of_the_server_is_verified() {
    let rig = Rig::start();
    let folder = Folder::new();
    for id in ["native", "native-es256", "native-eddsa"] {
        let options = client(&rig, id, "expected_username = 'alice'");
        let credentials = load_in(&rig, &options, folder.path());
        let person = who_logs_in(&rig, 200, LOGGED_IN);
        credentials.login(person.login()).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        person.is_done();
    }
}
