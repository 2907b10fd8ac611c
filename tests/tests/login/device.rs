//! Logins by a code that is typed in elsewhere (RFC 8628). The unit tests of the grant have whatever depends on
//! time; here are a real server, and a user who approves.

use std::{path::Path, pin::pin, sync::Arc, time::Duration};

use authn::{
    Credentials, Environment, ErrorKind, Loader, Login, LoginMethod, LoginOutcome, Result,
    time::{Clock, ManualClock},
};
use authn_tests::{
    browser::Browser,
    rig::{self, Rig},
};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::{
    person::{Person, come_back},
    screen::Screen,
    settings::{self, native},
};

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

fn loader(rig: &Rig, options: &str, folder: &Path) -> Loader {
    let (origin, folder) = (rig.issuer(), folder.display());
    let text = format!(
        "[stores.file]\ndirectory = '{folder}'\n[credentials]\norigins = ['{origin}']\n\
         [credentials.oauth]\nscope = 'openid offline_access read'\n{options}\n"
    );
    Loader::new().environment(Environment::empty()).defaults(&text)
}

fn load(rig: &Rig, options: &str, folder: &Path) -> Credentials {
    let loaded = loader(rig, options, folder).load();
    loaded.unwrap_or_else(|error| panic!("{options}\n{error}"))
}

fn client(rig: &Rig, id: &str) -> String {
    format!("issuer_url = '{}'\nclient_id = '{id}'\ngrant_type = 'device_code'", rig.issuer())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_a_code_proves_that_it_is_recent() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    for (id, max_age, said) in [
        ("id-old_login", "3h", None),
        ("id-old_login", "1h", Some("older than `max_age`")),
        ("id-missing", "1h", Some("no ID token, which must prove `max_age`")),
    ] {
        let options = format!("{}\nmax_age = '{max_age}'", client(&rig, id));
        rig.reset();
        let credentials = load(&rig, &options, &folder.path().join(max_age));
        let (outcome, _) = log_in(&rig, &credentials, Browser::fake()).await;
        match (outcome, said) {
            (Ok(_), None) => {}
            (Err(error), Some(said)) => assert!(error.to_string().contains(said), "{id}: {error}"),
            (outcome, _) => panic!("{id} {max_age}: {outcome:?}"),
        }
    }
}

/// Logs in while a user opens the address with the code in a browser.
async fn log_in(
    rig: &Arc<Rig>,
    credentials: &Credentials,
    browser: Browser,
) -> (Result<LoginOutcome>, Screen) {
    let screen = Screen::default();
    let login = credentials.login(Login::new(screen.clone()).with_method(LoginMethod::Device));
    let mut login = pin!(login);
    let rig = Arc::clone(rig);
    let user = spawn_blocking(move || browser.open(&rig.wait_for_device()));
    let outcome = tokio::select! {
        outcome = &mut login => outcome,
        report = user => {
            report.unwrap();
            login.await
        }
    };
    (outcome, screen)
}

fn status_of(rig: &Rig, token: &str) -> u16 {
    let url = rig.resource_url("/rs/bearer");
    let request = rig::agent().get(url).header("authorization", format!("Bearer {token}"));
    request.call().unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_approves_on_another_device() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = client(&rig, "device-strict");
    let credentials = load(&rig, &options, &folder);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");

    let (outcome, screen) = log_in(&rig, &credentials, Browser::fake()).await;
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    let code = &screen.codes()[0];
    assert_eq!(code.url().as_str(), rig.resource_url("/device"));
    let complete = code.complete_url().unwrap();
    assert!(complete.query().unwrap().contains(code.code()), "{complete}");
    // A server that minds its interval never had to say so.
    let polls = rig.polls();
    assert!(polls.iter().all(|poll| poll["error"] != "slow_down"), "{polls:?}");
    assert_eq!(screen.notices(), Vec::<String>::new());

    let token = credentials.token().await.unwrap();
    assert_eq!(status_of(&rig, token.secret()), 200);

    // Another program goes on with the session, when the token has expired.
    let manual = ManualClock::new();
    manual.advance(LIFETIME);
    rig.clock(LIFETIME.as_secs().try_into().unwrap());
    let other = loader(&rig, &options, &folder).clock(Clock::custom(manual)).load().unwrap();
    let renewed = other.token().await.unwrap();
    assert_ne!(renewed.secret(), token.secret());
    assert_eq!(status_of(&rig, renewed.secret()), 200);
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 1);

    other.logout().await.unwrap();
    assert_eq!(other.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_of_a_keycloak_has_the_grant_and_a_login_by_browser_can_take_this_way() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = format!(
        "keycloak_url = '{}'\nrealm = 'test'\nclient_id = 'device-quick'\n\
         grant_type = 'authorization_code'",
        rig.issuer()
    );
    let credentials = load(&rig, &options, &folder);
    let (outcome, screen) = log_in(&rig, &credentials, Browser::fake()).await;
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    assert!(screen.codes()[0].url().path().starts_with("/realms/test/"));
    assert!(credentials.token().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_refuses() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let credentials = load(&rig, &client(&rig, "device-quick"), &folder);
    let (outcome, _) = log_in(&rig, &credentials, Browser::fake().told("--deny")).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("was denied"), "{error}");
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_token_says_who_has_approved() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    rig.answers(&json!({ "device_authorization": { "interval": 1 } }));
    let credentials = load(&rig, &client(&rig, "device"), &folder);
    let (outcome, _) = log_in(&rig, &credentials, Browser::fake().told("--user=bob")).await;
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(credentials.status().await.unwrap().username.as_deref(), Some("bob"));

    let options = format!("{}\nexpected_username = 'alice'", client(&rig, "device"));
    let credentials = load(&rig, &options, &folder);
    rig.reset();
    rig.answers(&json!({ "device_authorization": { "interval": 1 } }));
    let (outcome, _) = log_in(&rig, &credentials, Browser::fake().told("--user=bob")).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("another user than"), "{error}");
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);

    // One that was meant for another program.
    let credentials = load(&rig, &client(&rig, "id-other_audience"), &folder);
    rig.reset();
    rig.answers(&json!({ "device_authorization": { "interval": 1 } }));
    let (outcome, _) = log_in(&rig, &credentials, Browser::fake()).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("the ID token"), "{error}");
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_that_a_code_has_expired() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    // It lives 3 s, which this test does not know.
    rig.answers(&json!({ "device_authorization": { "expires_in": null } }));
    let credentials = load(&rig, &client(&rig, "device-brief"), &folder);
    let error = credentials.login(Login::new(Screen::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("the code expired"), "{error}");
    assert_eq!(rig.polls().last().unwrap()["error"], "expired_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_fail_meanwhile() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    rig.faults(&json!([
        { "grant": grant, "drop": true },
        { "grant": grant, "status": 429, "headers": { "retry-after": "1" } },
    ]));
    let credentials = load(&rig, &client(&rig, "device-quick"), &folder);
    let (outcome, screen) = log_in(&rig, &credentials, Browser::fake()).await;
    assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(screen.notices().len(), 1, "{:?}", screen.notices());
    assert_eq!(rig.polls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_grant_says_so() {
    let rig = Arc::new(Rig::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    rig.answers(&json!({ "discovery": { "device_authorization_endpoint": null } }));
    let credentials = load(&rig, &client(&rig, "device-quick"), &folder);
    let error = credentials.login(Login::new(Screen::default())).await.unwrap_err();
    assert!(error.to_string().contains("`device_authorization_endpoint_url`"), "{error}");

    // The client of another grant may not begin it.
    rig.answers(&json!({}));
    let credentials = load(&rig, &client(&rig, "native"), &folder);
    let error = credentials.login(Login::new(Screen::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("log in with `--console`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_grant_logs_in_by_a_link_without_a_chosen_way() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let person = Person::who_pastes(move |link, _| Some(come_back(&issuer, link)));
    // There is no browser, and the server has the endpoint.
    let login = || Login::new(person.clone()).with_environment(Environment::empty());
    let credentials = settings::load(&rig, &native(&rig, ""));
    credentials.login(login()).await.unwrap();
    person.is_done();
    assert_eq!(person.links().len(), 1);
    let notices = person.notices();
    assert!(notices[0].contains("does not let the client log in by a code"), "{notices:?}");
    assert_eq!(rig.count(&[("grant", "authorization_code"), ("status", "200")]), 1);

    let credentials = settings::load(&rig, &native(&rig, ""));
    let error = credentials.login(login().with_method(LoginMethod::Device)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("log in with `--console`"), "{error}");
    assert_eq!(person.links().len(), 1);
}
