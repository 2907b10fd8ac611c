//! Tests of clients that are registered at the server: which client each request is of.

use std::{sync::Arc, time::Duration};

use authn::{
    Credentials, Environment, Error, ErrorKind, Login, Result, SecretString, Token, TokenSet, Url,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use serde_json::{Value, json};

use super::loopback::Loopback;
use crate::testing::{load_at, wait};

const CREATED: &str = "201 Created\r\nContent-Type: application/json";
const CALLBACK: &str = "https://app.test/cb";

/// Returns a server that registers clients.
fn server(more: &Value) -> Loopback {
    let server = Loopback::start();
    let mut metadata = json!({
        "issuer": server.url(""),
        "authorization_endpoint": server.url("/authorize"),
        "token_endpoint": server.url("/token"),
        "registration_endpoint": server.url("/register"),
        "revocation_endpoint": server.url("/revoke"),
        "code_challenge_methods_supported": ["S256"],
    });
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.serve("/.well-known/openid-configuration", &metadata.to_string());
    server.serve("/revoke", "{}");
    register(&server, "first");
    server
}

/// Sets the client that the server registers next.
fn register(server: &Loopback, id: &str) {
    let client = json!({
        "client_id": id,
        "token_endpoint_auth_method": "none",
        "registration_client_uri": server.url("/client"),
        "registration_access_token": "manage",
    });
    server.answer("/register", CREATED, &client.to_string());
}

fn grant(server: &Loopback, refresh_token: &str) {
    let tokens = json!({
        "access_token": "t1", "token_type": "Bearer", "expires_in": 60, "refresh_token": refresh_token,
    });
    server.serve("/token", &tokens.to_string());
}

fn refuse(server: &Loopback, status: &str, body: &str) {
    server.answer("/token", &format!("{status}\r\nContent-Type: application/json"), body);
}

fn load(server: &Loopback, clock: &ManualClock) -> Credentials {
    let text = format!(
        "[credentials.oauth]\nstore = 'memory'\nissuer_url = '{}'\nclient_registration = 'dynamic'\n",
        server.url("")
    );
    load_at(&text, Clock::custom(clock.clone())).unwrap()
}

/// Logs a user of a web application in.
fn log_in(credentials: &Credentials) -> Result<TokenSet> {
    let (url, pending) = wait(credentials.authorization_url(CALLBACK))?;
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let back = Url::parse_with_params(CALLBACK, [("code", "c"), ("state", &state)]).unwrap();
    wait(credentials.complete(pending, back.as_str()))
}

fn client_of_last(server: &Loopback) -> String {
    let (_, form) = server.posted();
    form.into_iter().find(|(name, _)| name == "client_id").unwrap().1
}

#[test]
fn a_session_is_renewed_by_its_own_client_wherever_its_tokens_were_kept() {
    let (server, clock) = (server(&json!({})), ManualClock::new());
    grant(&server, "r1");
    let tokens = log_in(&load(&server, &clock)).unwrap();
    assert_eq!((client_of_last(&server).as_str(), server.asked("/register")), ("first", 1));

    // Another instance of the program, which has registered nothing.
    register(&server, "second");
    let credentials = load(&server, &clock);
    wait(credentials.adopt(tokens)).unwrap();
    clock.advance(Duration::from_mins(2));
    wait(credentials.token()).unwrap();
    assert_eq!((client_of_last(&server).as_str(), server.asked("/register")), ("first", 1));
}

#[test]
fn a_login_is_completed_by_the_client_that_began_it() {
    let (server, clock) = (server(&json!({})), ManualClock::new());
    grant(&server, "r1");
    let (url, pending) = wait(load(&server, &clock).authorization_url(CALLBACK)).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    register(&server, "second");
    let back = Url::parse_with_params(CALLBACK, [("code", "c"), ("state", &state)]).unwrap();
    let _ = wait(load(&server, &clock).complete(pending, back.as_str())).unwrap();
    assert_eq!((client_of_last(&server).as_str(), server.asked("/register")), ("first", 1));
}

#[test]
fn nothing_but_a_login_registers_a_client_for_users() {
    let more = json!({ "end_session_endpoint": "https://i.test/bye", "introspection_endpoint": "https://i.test/" });
    let (server, clock) = (server(&more), ManualClock::new());
    let credentials = load(&server, &clock);
    let error = |error: Error| assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    error(wait(credentials.logout_url(None)).unwrap_err());
    error(wait(credentials.introspect_token(&Token::new("t").unwrap())).unwrap_err());
    let tokens = TokenSet::new(Token::new("t").unwrap()).with_refresh_token("r".into());
    error(wait(credentials.revoke_tokens(tokens)).unwrap_err());
    assert_eq!(server.asked("/register"), 0);
}

#[test]
fn only_the_error_of_an_unknown_client_replaces_it_and_the_session_stays() {
    for (status, body, is_unknown) in [
        ("401 Unauthorized", "<html>maintenance</html>", false),
        ("403 Forbidden", "{\"error\":\"unauthorized_client\"}", false),
        ("400 Bad Request", "{\"error\":\"invalid_client\"}", true),
        ("401 Unauthorized", "{\"error\":\"invalid_client\"}", true),
    ] {
        let (server, clock) = (server(&json!({})), ManualClock::new());
        server.answer("/client", "404 Not Found", "");
        let credentials = load(&server, &clock);
        grant(&server, "r1");
        wait(credentials.adopt(log_in(&credentials).unwrap())).unwrap();
        clock.advance(Duration::from_mins(2));
        refuse(&server, status, body);
        let error = wait(credentials.token()).unwrap_err();
        let expected = if is_unknown { ErrorKind::LoginRequired } else { ErrorKind::Refused };
        assert_eq!(error.kind(), expected, "{body}: {error}");

        // The server was wrong: the same session goes on.
        grant(&server, "r2");
        clock.advance(Duration::from_mins(10));
        wait(credentials.token()).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(client_of_last(&server), "first", "{body}");

        register(&server, "second");
        let _ = log_in(&credentials).unwrap();
        let now = if is_unknown { "second" } else { "first" };
        assert_eq!(client_of_last(&server), now, "{body}");
    }
}

#[test]
fn a_client_that_may_not_be_read_is_not_unknown() {
    for (status, now) in [("403 Forbidden", "first"), ("401 Unauthorized", "second")] {
        let (server, clock) = (server(&json!({})), ManualClock::new());
        let credentials = load(&server, &clock);
        grant(&server, "r1");
        let _ = log_in(&credentials).unwrap();
        server.answer("/client", status, "");
        register(&server, "second");
        let _ = log_in(&credentials).unwrap();
        assert_eq!(client_of_last(&server), now, "{status}");
    }
}

/// Who gives up.
#[derive(Debug)]
struct Nobody;

impl Prompt for Nobody {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(Error::cancelled("nobody answers"))
    }

    fn progress(&self, _: &Progress) {}
}

#[test]
fn without_a_browser_a_registered_client_tries_a_code_like_any_other() {
    let server = Loopback::start();
    let metadata = json!({
        "issuer": server.url(""),
        "authorization_endpoint": server.url("/authorize"),
        "token_endpoint": server.url("/token"),
        "registration_endpoint": server.url("/register"),
        "device_authorization_endpoint": server.url("/device"),
        "grant_types_supported": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "code_challenge_methods_supported": ["S256"],
    });
    server.serve("/.well-known/openid-configuration", &metadata.to_string());
    register(&server, "first");
    // This server lets no client start such a login.
    server.answer("/device", "400 Bad Request", "{\"error\":\"unauthorized_client\"}");
    let credentials = load(&server, &ManualClock::new());
    let login = Login::new(Nobody).with_environment(Environment::empty());
    assert!(wait(credentials.login(login)).is_err());
    assert_eq!(server.asked("/device"), 1);
}

#[test]
fn of_two_logins_at_once_one_registers() {
    let (server, clock) = (server(&json!({})), ManualClock::new());
    let server = Arc::new(server);
    let credentials = load(&server, &clock);
    wait(async {
        let begun = (0..8).map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { credentials.authorization_url(CALLBACK).await })
        });
        for begun in begun.collect::<Vec<_>>() {
            let (url, _) = begun.await.unwrap().unwrap();
            assert!(url.as_str().contains("client_id=first"), "{url}");
        }
    });
    assert_eq!(server.asked("/register"), 1);
}
