//! The user of a login at the server: who it is, and the end of their session there.

use std::time::Duration;

use authn::{Credentials, ErrorKind, Login, Url, prompt::Progress, time::ManualClock};
use authn_tests::{browser::Browser, rig::Rig};
use serde_json::{Value, json};

use crate::{
    person::{Person, who_logs_in},
    settings::{Folder, LOGGED_IN, load, load_at, load_in, native},
};

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

async fn log_in(rig: &Rig, credentials: &Credentials) {
    let person = who_logs_in(rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

/// Who sees a link, and opens nothing.
fn who_watches() -> Person {
    Person::who(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_who_its_user_is() {
    let rig = Rig::start();
    let credentials = load(&rig, &native(&rig, ""));
    assert_eq!(credentials.user_info().await.unwrap_err().kind(), ErrorKind::LoginRequired);
    log_in(&rig, &credentials).await;
    let user = credentials.user_info().await.unwrap();
    assert_eq!((user.subject(), user.text("sub")), ("alice", Some("alice")));
    assert!(!format!("{user:?}").contains("alice"));

    // Whatever the token's place in requests to the API is.
    let placed = load(&rig, &native(&rig, "placement = 'query'"));
    log_in(&rig, &placed).await;
    assert_eq!(placed.user_info().await.unwrap().subject(), "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_than_that_of_the_id_token_is_refused() {
    let (rig, clock, folder) = (Rig::start(), ManualClock::new(), Folder::new());
    for folder in [None, Some(folder.path())] {
        rig.clock(0);
        let credentials = load_at(&rig, &native(&rig, ""), folder, &clock);
        log_in(&rig, &credentials).await;
        // A renewal brings no other ID token.
        rig.answers(&json!({ "token": { "id_token": null } }));
        credentials.refresh().await.unwrap();
        assert!(credentials.token().await.unwrap().id_token().is_none());
        rig.answers(&json!({ "userinfo": { "sub": "mallory" } }));
        let error = credentials.user_info().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.message().contains("another user"), "{error}");
        assert!(!format!("{error:?}").contains("mallory"), "{error:?}");
        rig.answers(&json!({}));
        assert_eq!(credentials.user_info().await.unwrap().subject(), "alice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_renewed_once() {
    let rig = Rig::start();
    let credentials = load(&rig, &native(&rig, ""));
    log_in(&rig, &credentials).await;
    let renewals = || rig.count(&[("grant", "refresh_token")]);
    rig.faults(&json!([{ "endpoint": "userinfo", "status": 401 }]));
    assert_eq!(credentials.user_info().await.unwrap().subject(), "alice");
    assert_eq!(renewals(), 1);
    rig.faults(&json!([{ "endpoint": "userinfo", "status": 401, "times": 9 }]));
    let error = credentials.user_info().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("`openid`"), "{error}");
    assert!(renewals() <= 2);
    let jwt = json!({ "content-type": "application/jwt" });
    rig.faults(
        &json!([{ "endpoint": "userinfo", "status": 200, "headers": jwt, "body": "e30.e30.c2ln" }]),
    );
    let error = credentials.user_info().await.unwrap_err();
    assert!(error.to_string().contains("userinfo_signed_response_alg"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logout_address_has_the_last_id_token_of_the_session() {
    let (rig, clock, folder) = (Rig::start(), ManualClock::new(), Folder::new());
    let options = native(&rig, "");
    let credentials = load_at(&rig, &options, Some(folder.path()), &clock);
    log_in(&rig, &credentials).await;
    let id_token = credentials.token().await.unwrap().id_token().unwrap().expose().to_owned();
    clock.advance(LIFETIME);
    rig.clock(LIFETIME.as_secs().try_into().unwrap());
    rig.answers(&json!({ "token": { "id_token": null } }));
    credentials.token().await.unwrap();

    let elsewhere = load_at(&rig, &options, Some(folder.path()), &clock);
    for credentials in [&credentials, &elsewhere] {
        let url = credentials.logout_url(Some("https://app.test/bye?a=b")).await.unwrap();
        assert!(url.as_str().starts_with(&format!("{}/session/end?", rig.issuer())), "{url}");
        assert_eq!(parameter(&url, "id_token_hint").as_deref(), Some(&*id_token));
        assert_eq!(parameter(&url, "client_id").as_deref(), Some("native"));
        let back = parameter(&url, "post_logout_redirect_uri");
        assert_eq!(back.as_deref(), Some("https://app.test/bye?a=b"));
    }
    assert!(credentials.try_token().is_some(), "the session is as it was");

    elsewhere.logout().await.unwrap();
    let url = elsewhere.logout_url(None).await.unwrap();
    assert_eq!((parameter(&url, "id_token_hint"), url.query()), (None, Some("client_id=native")));
    let error = elsewhere.logout_url(Some("/bye")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_logout_page_is_an_error_and_a_configured_one_needs_no_login() {
    let (rig, folder) = (Rig::start(), Folder::new());
    rig.answers(
        &json!({ "discovery": { "end_session_endpoint": null, "userinfo_endpoint": null } }),
    );
    let credentials = load_in(&rig, &native(&rig, ""), folder.path());
    log_in(&rig, &credentials).await;
    let error = credentials.logout_url(None).await.unwrap_err();
    assert!(error.to_string().contains("set `end_session_endpoint_url`"), "{error}");
    let error = credentials.user_info().await.unwrap_err();
    assert!(error.to_string().contains("set `userinfo_endpoint_url`"), "{error}");
    assert!(credentials.status().await.unwrap().has_session);
    // The error's help does not end the session.
    let more = "end_session_endpoint_url = 'https://i.test/bye?realm=a'";
    let url = load_in(&rig, &native(&rig, more), folder.path()).logout_url(None).await.unwrap();
    assert!(url.as_str().starts_with("https://i.test/bye?realm=a&id_token_hint="), "{url}");
}

/// Logs in with a browser that keeps its cookies, logs out with it at the server, and returns the report of that.
async fn log_out_with(browser: &Browser) -> (Rig, Value) {
    let rig = Rig::start();
    let command = serde_json::to_string(&browser.command()).unwrap();
    let credentials = load(&rig, &native(&rig, &format!("browser = {command}")));
    let person = who_watches();
    let outcome = credentials.login(person.login_with_browser()).await;
    assert_eq!(browser.report()["status"], 200);
    outcome.unwrap();

    let url = credentials.logout_url(None).await.unwrap();
    credentials.logout().await.unwrap();
    credentials.open_logout(&url, person.login_with_browser()).await.unwrap();
    assert!(matches!(person.progress().last(), Some(Progress::Ended)));
    assert!(person.progress().iter().any(|one| matches!(one, Progress::BrowserOpened)));
    assert_eq!(person.links().last().unwrap().url(), &url);
    (rig, browser.report())
}

/// Returns whether a browser that keeps its cookies is logged in at the server.
fn is_logged_in(rig: &Rig, browser: &Browser) -> bool {
    let query = "client_id=native&response_type=code&scope=openid&prompt=none&code_challenge_method=S256\
                 &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                 &redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback";
    let report = browser.open(&format!("{}/auth?{query}", rig.issuer()));
    let location = report["location"].as_str().unwrap().to_owned();
    // Of a user whom it knows, the server asks something about a program on this machine.
    let knows = location.contains("error=interaction_required");
    assert!(knows || location.contains("error=login_required"), "{location}");
    knows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_ends_the_session_at_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let jar = format!("--jar={}", folder.path().join("jar").display());
    let browser = Browser::fake().told(&jar);
    let (rig, report) = log_out_with(&browser).await;
    assert_eq!(report["status"], 200, "{report}");
    assert!(report["words"].as_str().unwrap().contains("Sign-out Success"), "{report}");
    assert!(!is_logged_in(&rig, &browser));
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_ends_the_session_at_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let jar = format!("--jar={}", folder.path().join("jar").display());
    let browser = Browser::real().told(&jar);
    let (_rig, report) = log_out_with(&browser).await;
    assert!(report["words"].as_str().unwrap().contains("Sign-out Success"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_only_logs_in_stays_logged_in() {
    let folder = tempfile::tempdir().unwrap();
    let browser = Browser::fake().told(&format!("--jar={}", folder.path().join("jar").display()));
    let rig = Rig::start();
    let command = serde_json::to_string(&browser.command()).unwrap();
    let credentials = load(&rig, &native(&rig, &format!("browser = {command}")));
    let outcome = credentials.login(who_watches().login_with_browser()).await;
    assert_eq!(browser.report()["status"], 200);
    outcome.unwrap();
    credentials.logout().await.unwrap();
    assert!(is_logged_in(&rig, &browser), "a logout here is not one there");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_browser_the_link_is_shown() {
    let rig = Rig::start();
    for (options, failed) in [("", false), ("browser = ['/nowhere/browser']", true)] {
        let credentials = load(&rig, &native(&rig, options));
        let url = credentials.logout_url(None).await.unwrap();
        let person = who_watches();
        let login: Login = if failed { person.login_with_browser() } else { person.login() };
        credentials.open_logout(&url, login).await.unwrap();
        let links = person.links();
        assert_eq!((links[0].url(), links[0].opens_browser()), (&url, failed));
        assert!(!format!("{:?}", links[0]).contains("client_id"), "{:?}", links[0]);
        let progress = person.progress();
        let is_failure = |one: &Progress| matches!(one, Progress::BrowserFailed(_));
        assert_eq!(progress.iter().any(is_failure), failed, "{progress:?}");
    }
}
