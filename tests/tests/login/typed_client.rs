//! A client whose identifier and secret are typed in, at a Keycloak.

use std::{fs, path::Path, time::Duration};

use authn::{
    Credentials, Environment, ErrorKind, Loader, Login, LoginOutcome, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use authn_tests::rig::Rig;
use serde_json::json;

use crate::screen::Screen;

const ID: &str = "kc-cc";
const SECRET: &str = "tell-nobody-4711";
const PAGE: &str = "https://keycloak.test/register";

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

fn loader(rig: &Rig, options: &str, folder: &Path) -> Loader {
    let (origin, folder) = (rig.issuer(), folder.display());
    let text = format!(
        "[stores.file]\ndirectory = '{folder}'\n[credentials]\norigins = ['{origin}']\n\
         [credentials.oauth]\nkeycloak_url = '{origin}'\nrealm = 'test'\n\
         grant_type = 'client_credentials'\n{options}\n"
    );
    Loader::new().environment(Environment::empty()).defaults(&text)
}

fn load(rig: &Rig, options: &str, folder: &Path) -> Credentials {
    let loaded = loader(rig, options, folder).load();
    loaded.unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// Returns everything that is in a folder.
fn stored(folder: &Path) -> String {
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test]
async fn typed_in_credentials_are_used_by_every_later_program() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = format!("registration_page_url = '{PAGE}'");
    let credentials = load(&rig, &options, &folder);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    let message = error.to_string();
    assert!(message.contains("the client's identifier and secret are not configured"), "{message}");

    let screen = Screen::answering(&["  kc-cc\n", SECRET]);
    let outcome = credentials.login(Login::new(screen.clone())).await.unwrap();
    assert_eq!(outcome, LoginOutcome::LoggedIn);
    let asked: Vec<_> = screen
        .questions()
        .iter()
        .map(|asked| (asked.label().to_owned(), asked.is_secret(), asked.page().cloned()))
        .collect();
    let page = Some(PAGE.parse().unwrap());
    assert_eq!(
        asked,
        [("client ID".to_owned(), false, page), ("client secret".to_owned(), true, None)]
    );
    let token = credentials.token().await.unwrap();
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 1, "the login's own token serves");

    // Another program, when that token has expired; and once more, with what it has inherited.
    let manual = ManualClock::new();
    let other = loader(&rig, &options, &folder).clock(Clock::custom(manual.clone()));
    let other = other.load().unwrap();
    for count in 2..4 {
        manual.advance(LIFETIME);
        rig.clock((LIFETIME.as_secs() * (count - 1)).try_into().unwrap());
        assert_ne!(other.token().await.unwrap().secret(), token.secret());
        assert_eq!(rig.count(&[("client", ID), ("status", "200")]), count);
    }

    other.revoke().await.unwrap();
    assert_eq!(rig.count(&[("client", ID), ("endpoint", "revocation"), ("status", "200")]), 1);
    assert_eq!(other.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
    assert!(!stored(&folder).contains(SECRET) && !stored(&folder).contains(ID));
}

#[tokio::test]
async fn only_missing_values_are_asked_for_with_every_method() {
    for (id, secret, method) in [
        (ID, SECRET, "client_secret_basic"),
        ("cc:special id", "p@ss w%rd+&=:/?~", "client_secret_basic"),
        ("cc-post", "secret", "client_secret_post"),
        ("cc-sjwt", "a-client-secret-of-at-least-32-bytes!!", "client_secret_jwt"),
    ] {
        let rig = Rig::start();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tokens");
        let options = format!(
            "client_id = '{id}'\ntoken_endpoint_auth_method = '{method}'\n\
             registration_page_url = '{PAGE}'"
        );
        let credentials = load(&rig, &options, &folder);
        let error = credentials.token().await.unwrap_err().to_string();
        assert!(error.contains("the client's secret is not configured"), "{error}");
        let screen = Screen::answering(&[secret]);
        credentials.login(Login::new(screen.clone())).await.unwrap();
        let asked = screen.questions();
        assert_eq!((asked.len(), asked[0].label()), (1, "client secret"));
        assert_eq!(asked[0].page().unwrap().as_str(), PAGE);
        assert!(load(&rig, &options, &folder).token().await.is_ok());
        assert_eq!(rig.count(&[("client", id), ("status", "200")]), 1);
        credentials.logout().await.unwrap();
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        assert!(!stored(&folder).contains(secret));
    }
}

#[tokio::test]
async fn a_configured_secret_is_not_copied_to_the_store() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let credentials = load(&rig, &format!("client_secret = '{SECRET}'"), &folder);
    let screen = Screen::answering(&[ID]);
    credentials.login(Login::new(screen.clone())).await.unwrap();
    assert_eq!(screen.questions().len(), 1);
    assert!(stored(&folder).contains(ID) && !stored(&folder).contains(SECRET));
}

#[tokio::test]
async fn a_user_who_mistypes_can_try_again() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let credentials = load(&rig, "", &folder);
    // An unknown client, the wrong secret, and then the registered ones.
    let screen = Screen::answering(&["nobody", "x", ID, "mistyped-0815", ID, SECRET]);
    credentials.login(Login::new(screen.clone())).await.unwrap();
    let notices = screen.notices();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("identifier and secret") && !notices.concat().contains("mistyped"));
    assert!(credentials.token().await.is_ok());
    assert!(!stored(&folder).contains("mistyped"));
}

#[tokio::test]
async fn a_user_who_gives_up_leaves_nothing() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let credentials = load(&rig, &format!("client_id = '{ID}'"), &folder);
    let screen = Screen::answering(&["mistyped-1", "", "mistyped-3", SECRET]);
    let error = credentials.login(Login::new(screen.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("3 times"), "{error}");
    assert!(!format!("{error:?}").contains("mistyped"), "{error:?}");
    assert_eq!(screen.questions().len(), 3);
    assert_eq!(rig.count(&[("endpoint", "token")]), 2, "an empty secret is not sent");
    assert!(!stored(&folder).contains("mistyped"));

    let error = credentials.login(Login::new(Screen::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "the user cancels: {error}");
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test]
async fn a_secret_that_is_no_longer_valid_is_typed_in_again() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = format!("client_id = '{ID}'");
    load(&rig, &options, &folder).login(Login::new(Screen::answering(&[SECRET]))).await.unwrap();

    let manual = ManualClock::new();
    let later = loader(&rig, &options, &folder).clock(Clock::custom(manual.clone()));
    let later = later.load().unwrap();
    for (fault, kind, says) in [
        (
            json!([{ "status": 401, "body": { "error": "unauthorized_client" } }]),
            ErrorKind::LoginRequired,
            "the server no longer accepts the client's secret",
        ),
        (json!([{ "status": 503 }]), ErrorKind::Network, "try again later"),
    ] {
        manual.advance(LIFETIME);
        rig.faults(&fault);
        let error = later.token().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    // It was the server's mistake: the stored credentials still work.
    manual.advance(LIFETIME);
    assert!(later.token().await.is_ok());
}

/// A user who reads the question, and goes away.
#[derive(Clone, Debug)]
struct Away(ManualClock);

impl Prompt for Away {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> authn::Result<SecretString> {
        self.0.advance(Duration::from_mins(2));
        std::future::pending().await
    }

    fn progress(&self, _: &Progress) {}
}

#[tokio::test]
async fn the_wait_is_limited_by_the_login_timeout() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let manual = ManualClock::new();
    let options = "login_timeout = '2m'";
    let loader = loader(&rig, options, &folder.path().join("tokens"));
    let credentials = loader.clock(Clock::custom(manual.clone())).load().unwrap();
    let error = credentials.login(Login::new(Away(manual))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("within `login_timeout`"), "{error}");
}

#[tokio::test]
async fn a_login_is_required_until_the_client_is_typed_in() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let complete = format!("client_id = '{ID}'\nclient_secret = '{SECRET}'");
    assert!(!load(&rig, &complete, &folder).needs_login());
    let credentials = load(&rig, "", &folder);
    assert!(credentials.needs_login());
    assert!(!credentials.status().await.unwrap().has_session);
    credentials.login(Login::new(Screen::answering(&[ID, SECRET]))).await.unwrap();

    // After the token has expired, the next one is requested with the typed-in credentials.
    let manual = ManualClock::new();
    manual.advance(LIFETIME);
    rig.clock(LIFETIME.as_secs().try_into().unwrap());
    let later = loader(&rig, "", &folder).clock(Clock::custom(manual)).load().unwrap();
    let status = later.status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token && status.has_session, "{status:?}");
    later.logout().await.unwrap();
    assert!(!later.status().await.unwrap().has_session);
}
