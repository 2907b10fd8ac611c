//! The session of a login: it lasts, other processes share it, and it ends.

use std::{sync::Arc, time::Duration};

use authn::{ErrorKind, LoginOutcome, prompt::Progress, time::ManualClock};
use authn_tests::{
    rig::{self, Rig},
    waiting,
};
use serde_json::json;

use crate::{
    person::{Person, come_back, open, who_logs_in},
    settings::{FAILED, Folder, LOGGED_IN, client, load, load_at, load_in, native},
};

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

fn status_of(rig: &Rig, token: &str) -> u16 {
    let url = rig.resource_url("/rs/bearer");
    let request = rig::agent().get(url).header("authorization", format!("Bearer {token}"));
    request.call().unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_in_every_process() {
    let rig = Rig::start();
    let folder = Folder::new();
    let options = native(&rig, "resource = 'urn:rig:api'");
    let clock = ManualClock::new();
    let here = load_at(&rig, &options, Some(folder.path()), &clock);
    let error = here.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("no user is logged in; log in with `"), "{error}");

    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = here.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    let first = here.token().await.unwrap();
    assert_eq!(status_of(&rig, first.secret()), 200);
    let status = here.status().await.unwrap();
    assert!(status.has_refresh_token && status.server_clock_ahead.is_some());
    assert_eq!(status.username.as_deref(), Some("alice"));

    let elsewhere = load_at(&rig, &options, Some(folder.path()), &clock);
    assert_eq!(elsewhere.token().await.unwrap().secret(), first.secret());
    // The server takes each refresh token once, and ends the session if it is sent twice.
    for (round, credentials) in (1_u32..).zip([&elsewhere, &here, &elsewhere, &here]) {
        clock.advance(LIFETIME);
        rig.clock((LIFETIME * round).as_secs().try_into().unwrap());
        let token = credentials.token().await.unwrap();
        assert_eq!(status_of(&rig, token.secret()), 200, "round {round}");
    }
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 4);
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_a_change_of_the_login_help() {
    let (rig, folder) = (Rig::start(), Folder::new());
    let credentials = load_in(&rig, &native(&rig, ""), folder.path());
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    let how = "login_hint = 'alice'\nbrowser = ['another']\nlogin_timeout = '3m'\nredirect_port = 1\n\
               redirect_path = '/back'";
    let changed = native(&rig, how).replace("prompt = 'consent'", "prompt = 'login'");
    assert!(load_in(&rig, &changed, folder.path()).token().await.is_ok());
    let redirect = native(&rig, "redirect_uri = 'http://localhost:8888/callback'");
    assert!(load_in(&rig, &redirect, folder.path()).token().await.is_ok());
    let other = native(&rig, "audience = 'elsewhere'");
    let error = load_in(&rig, &other, folder.path()).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_were_not_granted_do_not_end_it() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    // The server silently grants less than the requested scope.
    let options = native(&rig, "").replace("read'", "read unheard_of'");
    let credentials = load_at(&rig, &options, None, &clock);
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    clock.advance(LIFETIME);
    rig.clock(LIFETIME.as_secs().try_into().unwrap());
    credentials.token().await.unwrap();
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_refresh_token_is_reported_with_the_lifetime() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    rig.answers(&json!({ "token": { "refresh_token": null } }));
    let credentials = load_at(&rig, &native(&rig, ""), None, &clock);
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    let notices = person.notices();
    assert!(notices[0].contains("until its token expires"), "{notices:?}");
    clock.advance(LIFETIME);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("no refresh token"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_revoked_by_a_client_without_a_secret() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    let folder = Folder::new();
    let credentials = load_at(&rig, &native(&rig, ""), Some(folder.path()), &clock);
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    credentials.revoke().await.unwrap();
    // The refresh token and the access token.
    assert_eq!(rig.count(&[("endpoint", "revocation"), ("status", "200")]), 2);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    assert!(!credentials.status().await.unwrap().has_refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_has_ended_asks_for_a_login() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    let credentials = load_at(&rig, &native(&rig, ""), None, &clock);
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    clock.advance(LIFETIME);
    rig.faults(&json!([{ "status": 400, "body": { "error": "invalid_grant" } }]));
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("the session has ended; log in with `"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_logs_in_and_the_other_uses_its_session() {
    let rig = Rig::start();
    let folder = Folder::new();
    let options = native(&rig, "");
    let [one, other] = [(); 2].map(|()| load_in(&rig, &options, folder.path()));
    let issuer = rig.issuer().to_owned();
    let waits = Person::who(|_| panic!("it must not be asked to log in"));
    let second = Arc::new(waits);
    let seen = Arc::clone(&second);
    let first = Person::who(move |link| {
        let location = come_back(&issuer, link);
        waiting::until("the other process to wait", || {
            seen.progress().iter().any(|one| matches!(one, Progress::OtherLogin)).then_some(())
        });
        open(&location).says(200, LOGGED_IN);
    });
    let begun = first.login();
    let first_login = tokio::spawn(async move { one.login(begun).await });
    // The first one has the lease once its link is shown.
    let shown = first.clone();
    tokio::task::spawn_blocking(move || {
        waiting::until("the link", || (!shown.links().is_empty()).then_some(()));
    })
    .await
    .unwrap();
    assert_eq!(other.login(second.login()).await.unwrap(), LoginOutcome::ByAnother);
    assert_eq!(first_login.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    first.is_done();
    assert!(other.token().await.is_ok());
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_meanwhile_leaves_nothing() {
    let rig = Rig::start();
    let folder = Folder::new();
    for folder in [None, Some(folder.path())] {
        let options = native(&rig, "");
        let credentials = match folder {
            Some(folder) => load_in(&rig, &options, folder),
            None => load(&rig, &options),
        };
        let issuer = rig.issuer().to_owned();
        let leaving = credentials.clone();
        let runtime = tokio::runtime::Handle::current();
        let person = Person::who(move |link| {
            let location = come_back(&issuer, link);
            runtime.block_on(leaving.logout()).unwrap();
            open(&location).says(400, FAILED);
        });
        let error = credentials.login(person.login()).await.unwrap_err();
        person.is_done();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
        assert!(error.to_string().contains("logged out"), "{error}");
        let status = credentials.status().await.unwrap();
        assert!(!status.has_token && !status.has_refresh_token);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_is_sent_by_the_configured_method_and_by_no_other() {
    let rig = Rig::start();
    // This server knows the client without a secret, and takes none from it.
    let more = "grant_type = 'authorization_code'\nclient_secret = 'wrong'\n\
                token_endpoint_auth_method = 'client_secret_post'\n\
                pushed_authorization_request = 'never'";
    let credentials = load(&rig, &client(&rig, "native", more));
    let person = who_logs_in(&rig, 400, FAILED);
    let error = credentials.login(person.login()).await.unwrap_err();
    person.is_done();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("`client_secret`"), "{error}");
    let log = rig.log();
    let exchanges: Vec<_> = log.iter().filter(|entry| entry["endpoint"] == "token").collect();
    let [exchange] = &exchanges[..] else { panic!("it is sent once: {exchanges:?}") };
    for name in ["client_secret", "code", "code_verifier"] {
        assert_eq!(exchange["params"][name], "(set)", "{exchange}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_can_be_probed_before_a_login() {
    let rig = Rig::start();
    let endpoints = format!(
        "token_endpoint_url = '{0}/token'\nauthorization_endpoint_url = '{0}/auth'\nclient_id = 'native'",
        rig.issuer()
    );
    for options in [native(&rig, ""), endpoints] {
        let probe = load(&rig, &options).probe().await.unwrap().unwrap();
        assert_eq!(probe.place, rig.issuer());
        assert!(probe.date.is_some());
    }
}
