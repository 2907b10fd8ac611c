//! Answers that are not accepted: of another login, browser, server or user, denied, too late, or twice.

use std::time::Duration;

use authn::{
    ErrorKind, Url,
    time::{Clock, ManualClock},
};
use authn_tests::{browser::Browser, rig::Rig};

use crate::settings::{REDIRECT_URI, come_back, load, load_at, options, pending};

const EXCHANGE: &[(&str, &str)] = &[("grant", "authorization_code")];

/// Returns the address with a parameter set, or removed if there is no value.
fn with(location: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(location).unwrap();
    let others: Vec<_> =
        url.query_pairs().into_owned().filter(|(other, _)| other != name).collect();
    url.query_pairs_mut().clear().extend_pairs(others);
    if let Some(value) = value {
        url.query_pairs_mut().append_pair(name, value);
    }
    url.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_login_server_or_address_is_not_exchanged() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    let query = Url::parse(&location).unwrap().query().unwrap().to_owned();
    let denied = |error| with(&with(&location, "code", None), "error", Some(error));
    for (returned, kind, said) in [
        (with(&location, "state", Some("another")), ErrorKind::Protocol, "from another login"),
        (with(&location, "state", None), ErrorKind::Protocol, "from another login"),
        (with(&location, "iss", Some("https://j.test")), ErrorKind::Protocol, "another server"),
        (with(&location, "iss", None), ErrorKind::Protocol, "does not name its issuer"),
        (format!("{location}&code=more"), ErrorKind::Protocol, "a parameter twice"),
        (with(&location, "code", None), ErrorKind::Protocol, "neither a code nor an error"),
        (denied("access_denied"), ErrorKind::Cancelled, "the consent was denied"),
        (denied("login_required"), ErrorKind::Refused, "login_required"),
        (denied("temporarily_unavailable"), ErrorKind::Network, "temporarily_unavailable"),
        (denied("s3cret"), ErrorKind::Refused, "a code of its own"),
        (format!("http://127.0.0.1:10/callback?{query}"), ErrorKind::Protocol, "another address"),
        (format!("https://127.0.0.1:9/callback?{query}"), ErrorKind::Protocol, "another address"),
        (format!("http://a@127.0.0.1:9/callback?{query}"), ErrorKind::Protocol, "another address"),
        (format!("//i.test/callback?{query}"), ErrorKind::Protocol, "another address"),
        (format!("/other?{query}"), ErrorKind::Protocol, "another address"),
        ("http://[".to_owned(), ErrorKind::Protocol, "another address"),
        (String::new(), ErrorKind::Protocol, "from another login"),
    ] {
        let error = credentials.complete(pending(&text), &returned).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{returned}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(said), "{returned}: {error}");
        assert!(!shown.contains("s3cret") && !shown.contains(&query), "{shown}");
    }
    assert_eq!(rig.count(EXCHANGE), 0);
    // Behind a proxy, a program may know no more than the query.
    drop(credentials.complete(pending(&text), &format!("?{query}")).await.unwrap());
    assert_eq!(rig.count(EXCHANGE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_of_the_browser_that_started_the_login() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (_, of_attacker) = come_back(&credentials, Browser::fake()).await;
    let (of_victim, _) = come_back(&credentials, Browser::fake().told("--user=bob")).await;
    let error = credentials.complete(pending(&of_victim), &of_attacker).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(rig.count(EXCHANGE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_once() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    drop(credentials.complete(pending(&text), &location).await.unwrap());
    let error = credentials.complete(pending(&text), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_denies_is_told_apart() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake().told("--deny")).await;
    let error = credentials.complete(pending(&text), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert!(error.to_string().contains("(access_denied)"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_expires_after_an_hour_or_its_timeout() {
    let rig = Rig::start();
    for (more, minutes) in [("", 60), ("login_timeout = '2m'", 2), ("login_timeout = '3h'", 180)] {
        let clock = ManualClock::new();
        let options = options(&rig, "native", more);
        let credentials = load_at(&options, Clock::custom(clock.clone()));
        let start = Clock::custom(clock.clone()).now().wall();
        let (_, login) = credentials.authorization_url(REDIRECT_URI).await.unwrap();
        let text = login.to_secret();
        let lasts = login.valid_until().duration_since(start).unwrap();
        // The end is a whole second.
        assert_eq!((lasts + Duration::from_nanos(999_999_999)).as_secs(), minutes * 60);
        let moment = Duration::from_nanos(1);
        clock.advance(lasts.saturating_sub(moment));
        let error = credentials.complete(pending(&text), "?state=a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        clock.advance(moment);
        let error = credentials.complete(pending(&text), "?state=a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        assert!(error.to_string().contains("had expired"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_completed_by_the_credentials_that_started_it() {
    let (rig, other) = (Rig::start(), Rig::start());
    let (text, location) = come_back(&load(&rig, "native", ""), Browser::fake()).await;
    for credentials in [load(&rig, "native-es256", ""), load(&other, "native", "")] {
        let error = credentials.complete(pending(&text), &location).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        assert!(error.to_string().contains("other credentials"), "{error}");
    }
    let changed = load(&rig, "native", "redirect_uri = 'http://127.0.0.1:10/callback'");
    let error = changed.complete(pending(&text), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert_eq!((rig.count(EXCHANGE), other.count(EXCHANGE)), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_no_id_token_proves_is_refused_and_the_tokens_are_revoked() {
    let rig = Rig::start();
    for (client, said) in [
        ("id-wrong_nonce", "the ID token belongs to another login"),
        ("id-no_nonce", "the ID token"),
        ("id-other_audience", "the ID token"),
        ("id-wrong_signature", "a signature that is not the server's"),
        ("id-alg_none", "the ID token"),
        // A login of a program at the user's machine goes on without these.
        ("id-unknown_key", "a key that the server does not publish"),
        ("id-hs256", "an accepted algorithm"),
        ("id-missing", "no ID token"),
    ] {
        let credentials = load(&rig, client, "");
        let (text, location) = come_back(&credentials, Browser::fake()).await;
        let revoked = rig.count(&[("path", "/token/revocation"), ("status", "200")]);
        let error = credentials.complete(pending(&text), &location).await.unwrap_err();
        assert!(error.to_string().contains(said), "{client}: {error}");
        let now_revoked = rig.count(&[("path", "/token/revocation"), ("status", "200")]);
        assert_eq!(now_revoked, revoked + 1, "{client}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_than_the_expected_one_is_refused() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "expected_username = 'alice'");
    let (text, location) = come_back(&credentials, Browser::fake().told("--user=bob")).await;
    let error = credentials.complete(pending(&text), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("`expected_username`"), "{error}");
}
