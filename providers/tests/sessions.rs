//! Sessions at servers that accept each refresh token once: whatever is wrong with an answer, its refresh token is
//! stored and sent next.

#![cfg(feature = "oauth")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use std::{path::Path, time::Duration};

use authn::{
    Credentials, Environment, Error, ErrorKind, Loader, Login, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock, Moment, Sleep, Time},
};
use authn_providers as _;
use server::Server;

fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n\r\n{body}").into_bytes()
}

fn json(body: &str) -> Vec<u8> {
    answer("200 OK", "application/json", body)
}

/// Loads a client of a server.
fn load(server: &Server, clock: &Clock, state: &Path, options: &str) -> Credentials {
    let url = server.url();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{url}/token'\n\
         client_id = 'c'\n{options}"
    );
    Loader::new()
        .environment(Environment::empty().state_directory(state))
        .clock(clock.clone())
        .defaults(&text)
        .load()
        .unwrap()
}

#[tokio::test]
async fn the_refresh_token_of_an_unusable_answer_is_stored_and_sent_next() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let good = r#"{"access_token":"good","token_type":"Bearer","expires_in":60}"#;
    for (bad, kind, says) in [
        (json(r#"{"refresh_token":"new"}"#), ErrorKind::Protocol, "no access token"),
        (
            json(r#"{"access_token":"","refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "an invalid access token",
        ),
        (
            json(r#"{"access_token":["a"],"refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "no access token",
        ),
        (
            json(r#"{"access_token":"a","token_type":"mac","refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "a token of an unknown type (mac)",
        ),
        (
            json(r#"{"access_token":"a","id_token":7,"refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "an invalid ID token",
        ),
        (
            json(r#"{"access_token":"a","access_token":"b","refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "more than one `access_token`",
        ),
        (
            json(r#"{"error":"server_error","refresh_token":"new"}"#),
            ErrorKind::Network,
            "server_error",
        ),
        (
            answer("201 Created", "text/html", r#"{"refresh_token":"new"}"#),
            ErrorKind::Protocol,
            "no access token",
        ),
        (
            answer("200 OK", FORM, "token_type=bearer&refresh_token=new"),
            ErrorKind::Protocol,
            "no access token",
        ),
    ] {
        for store in ["file", "memory"] {
            let server = Server::start(vec![bad.clone(), json(good)]);
            let state = tempfile::tempdir().unwrap();
            let manual = ManualClock::new();
            let clock = Clock::custom(manual.clone());
            let options = format!("refresh_token = 'first'\nstore = '{store}'");
            let kept = load(&server, &clock, state.path(), &options);
            let error = kept.token().await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.message().contains(says), "{error}");
            manual.advance(Duration::from_mins(11));
            // In a file, the session is also another process's.
            let next = match store {
                "file" => load(&server, &clock, state.path(), &options),
                _ => kept,
            };
            assert_eq!(next.token().await.unwrap().secret(), "good");
            assert_eq!(server.sent("refresh_token"), ["first", "new"], "{store} {says}");
        }
    }
}

#[tokio::test]
async fn a_session_outlives_the_change_of_the_option_that_its_error_names() {
    let of_type = |refresh_token: &str| {
        let token = r#"{"access_token":"a","token_type":"N_A","refresh_token":"#;
        json(&format!("{token}\"{refresh_token}\"}}"))
    };
    let server = Server::start(vec![of_type("second"), of_type("third")]);
    let state = tempfile::tempdir().unwrap();
    let clock = Clock::custom(ManualClock::new());
    let options = "refresh_token = 'first'\nstore = 'file'";
    let error = load(&server, &clock, state.path(), options).token().await.unwrap_err();
    assert!(error.help().unwrap().contains("set `token_type = \"bearer\"`"), "{error}");
    let options = format!("{options}\ntoken_type = 'bearer'");
    let token = load(&server, &clock, state.path(), &options).token().await.unwrap();
    assert_eq!((token.secret(), token.token_type()), ("a", Some("Bearer")));
    assert_eq!(server.sent("refresh_token"), ["first", "second"]);
}

/// A clock that each wait moves.
#[derive(Clone, Debug)]
struct Skipping(ManualClock);

impl Time for Skipping {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        // The deadline of a request does not pass.
        if duration > Duration::from_secs(10) {
            return Box::pin(std::future::pending());
        }
        self.0.advance(duration);
        Box::pin(async {})
    }
}

/// A user who approves a login elsewhere.
#[derive(Debug)]
struct Elsewhere;

impl Prompt for Elsewhere {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(Error::cancelled("nothing is asked"))
    }

    fn progress(&self, _: &Progress) {}
}

#[tokio::test]
async fn a_refusal_without_a_known_reason_names_the_login_and_clears_nothing() {
    let codes = r#"{"device_code":"d","user_code":"u","verification_uri":"https://a.test/"}"#;
    let tokens = r#"{"access_token":"a1","expires_in":60,"refresh_token":"r1"}"#;
    let refusals = [
        answer("400 Bad Request", "application/json", r#"{"error":"token_is_gone"}"#),
        answer("401 Unauthorized", "text/plain", ""),
        answer("403 Forbidden", "text/html", "<html>"),
    ];
    let [first, second, third] = refusals;
    let server = Server::start(vec![json(codes), json(tokens), first, second, third]);
    let state = tempfile::tempdir().unwrap();
    let manual = ManualClock::new();
    let options = format!(
        "grant_type = 'device_code'\ndevice_authorization_endpoint_url = '{}/device'\nstore = 'file'",
        server.url()
    );
    let clock = Clock::custom(Skipping(manual.clone()));
    let credentials = load(&server, &clock, state.path(), &options);
    credentials.login(Login::new(Elsewhere)).await.unwrap();
    for (status, code) in [(400, "token_is_gone, "), (401, ""), (403, "")] {
        manual.advance(Duration::from_mins(11));
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "only a known reason ends a session");
        let url = server.url();
        assert_eq!(
            error.message(),
            format!(
                "{url} refused the request without a known reason ({code}status {status}): \
                 the session has probably ended"
            )
        );
        assert_eq!(error.help(), Some("log in with `authn login`"));
        let shown = load(&server, &clock, state.path(), &options).status().await.unwrap();
        assert!(shown.has_refresh_token);
        assert_eq!(shown.last_failure.unwrap().error.to_string(), error.to_string());
    }
    assert_eq!(server.sent("refresh_token"), ["", "", "r1", "r1", "r1"]);
}
