//! Sessions of nested providers: what exchanges send of them, what ends them, and what is kept of the last user.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use authn::{
    Context, Environment, ErrorKind, InteractiveSource, Login, LoginOutcome, Result, SecretString,
    SessionPolicy, Token, TokenSet, TokenSource,
    app_service::scope,
    hooks,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use http::HeaderMap;
use serde_json::{Value, json};

use super::scripted::Scripted;
use crate::testing::{jwt, load, load_at, loader, wait};

fn issued(token: &str) -> (u16, Value) {
    (200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }))
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "error": code }))
}

/// Returns a counter that lives as long as the tests.
fn counter() -> &'static AtomicUsize {
    Box::leak(Box::default())
}

/// Registers a hook whose tokens are the names, one after the other, and then the last one.
fn naming(hook: &'static str, names: &'static [&'static str]) -> &'static AtomicUsize {
    let count = counter();
    let returns = hooks::Hook::sync(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed).min(names.len() - 1);
        Ok(Token::new(names[number])?.with_expires_in(Duration::from_hours(1)))
    });
    hooks::register(hook, returns).unwrap();
    count
}

async fn serving<F: Future>(user: &str, work: F) -> F::Output {
    let mut headers = HeaderMap::new();
    headers.insert("x-foundry-accesstoken", user.parse().unwrap());
    scope(headers, work).await
}

/// Returns the values of a parameter in the requests to a path.
fn sent_to(server: &Scripted, path: &str, name: &str) -> Vec<String> {
    let requests = server.received().into_iter().filter(|request| request.target == path);
    requests.map(|request| request.one(name)).collect()
}

/// The table of an exchange at `/sts`.
fn exchange_at(server: &Scripted, more: &str) -> String {
    let sts = server.url.replace("/token", "/sts");
    format!(
        "[credentials.oauth]\ntoken_endpoint_url = '{sts}'\ngrant_type = 'token_exchange'\n{more}"
    )
}

/// The options of an OAuth client with a session.
fn with_session(server: &Scripted, store: &str) -> String {
    let url = &server.url;
    format!("token_endpoint_url = '{url}'\nclient_id = 'c'\nstore = '{store}'\nrefresh_token = 'r'")
}

#[test]
fn an_id_token_is_the_last_one_of_the_subjects_session() {
    for (table, store) in [("oauth", "memory"), ("oauth", "file"), ("cached.oauth", "memory")] {
        let number = counter();
        let server = Scripted::start(move |request| {
            if request.target == "/sts" {
                return issued("exchanged");
            }
            let number = number.fetch_add(1, Ordering::Relaxed);
            let (status, mut answer) = issued(&format!("access{number}"));
            if number == 0 {
                answer["id_token"] = json!("the-id-token");
            }
            (status, answer)
        });
        let nested = with_session(&server, store);
        let text = exchange_at(
            &server,
            &format!(
                "subject_token_type = 'id_token'\n[credentials.oauth.subject.{table}]\n{nested}"
            ),
        );
        let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
        let process = || {
            let environment = Environment::empty().state_directory(folder.path());
            let loader = loader(&text).clock(Clock::custom(clock.clone()));
            loader.environment(environment).load().unwrap()
        };
        let credentials = process();
        wait(credentials.token()).unwrap();
        // The next answer has no ID token (OpenID Connect Core, 12.2).
        clock.advance(Duration::from_secs(700));
        wait(credentials.token()).unwrap();
        if store == "file" {
            wait(process().token()).unwrap();
        }
        let sent = sent_to(&server, "/sts", "subject_token");
        assert_eq!(sent, vec!["the-id-token"; if store == "file" { 3 } else { 2 }], "{table}");
        assert_eq!(number.load(Ordering::Relaxed), 2, "{table}");
    }
}

#[test]
fn an_access_token_is_never_sent_as_an_id_token() {
    naming("jwt-of-a-hook", &["jwt-of-a-hook"]);
    let server = Scripted::start(|request| match &*request.target {
        "/sts" => issued("exchanged"),
        _ => issued("s3cr3t-access"),
    });
    let session = with_session(&server, "memory");
    let client = |grant: &str| format!("{{ token_endpoint_url = '{}', {grant} }}", server.url);
    let id_token =
        "requested_token_type = 'id_token', grant_type = 'token_exchange', subject.bearer = 'x'";
    for (subject, sent) in [
        (format!("[credentials.oauth.subject.oauth]\n{session}"), None),
        (format!("[credentials.oauth.subject.cached.oauth]\n{session}"), None),
        (format!("subject.jwt_bearer = {}", client("assertion.bearer = 'x'")), None),
        // What is itself the ID token.
        (format!("subject.oauth = {}", client(id_token)), Some("s3cr3t-access")),
        ("subject.bearer = 'b'".to_owned(), Some("b")),
        ("subject.jwt = 'a.b.c'".to_owned(), Some("a.b.c")),
        ("subject.hook = 'jwt-of-a-hook'".to_owned(), Some("jwt-of-a-hook")),
        ("subject.cached.bearer = 'b'".to_owned(), Some("b")),
        ("subject.app_service = {}".to_owned(), Some("alice")),
    ] {
        let before = sent_to(&server, "/sts", "subject_token").len();
        let text = exchange_at(&server, &format!("subject_token_type = 'id_token'\n{subject}"));
        let credentials = load(&text).unwrap_or_else(|error| panic!("{subject}\n{error}"));
        let result = wait(serving("alice", credentials.token()));
        let now = sent_to(&server, "/sts", "subject_token");
        assert_eq!(now.get(before).map(String::as_str), sent, "{subject}");
        match result {
            Ok(_) => assert!(sent.is_some(), "{subject}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
                let text = format!("{error} {error:?}");
                assert!(text.contains("no ID token") && text.contains("`openid`"), "{text}");
                assert!(!text.contains("s3cr3t"), "{text}");
            }
        }
    }
}

#[test]
fn the_users_token_that_is_refused_costs_the_service_none_of_its_own() {
    let actors = naming("actor-of-all", &["actor1", "actor2", "actor3"]);
    let server = Scripted::start(|request| match &*request.one("subject_token") {
        user if user.starts_with("bad") => refused("invalid_request"),
        user => issued(&format!("for-{user}")),
    });
    let options = "subject.app_service = {}\nactor.hook = 'actor-of-all'";
    let credentials = load(&exchange_at(&server, options)).unwrap();
    wait(async {
        for user in ["alice", "bad1", "bad2", "bob"] {
            let token = serving(user, credentials.token()).await;
            assert_eq!(token.is_ok(), !user.starts_with("bad"), "{user}");
        }
    });
    assert_eq!(server.sent("actor_token"), ["actor1"; 4]);
    assert_eq!(actors.load(Ordering::Relaxed), 1);
}

/// A user logs in for one token, which nothing can renew.
#[authn::token_provider("one_token", cached, login)]
struct OneToken {}

impl TokenSource for OneToken {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for OneToken {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(Some(Token::new("of-the-login")?.with_expires_in(Duration::from_hours(1)).into()))
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }
}

/// Nobody.
#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok("".into())
    }

    fn progress(&self, _: &Progress) {}
}

#[test]
fn a_login_is_not_lost_by_a_wrong_option() {
    for (code, is_kept) in [("invalid_request", true), ("invalid_grant", false)] {
        let server = Scripted::start(move |_| refused(code));
        let text = exchange_at(&server, "audience = 'wrong'\nsubject.one_token.store = 'memory'");
        let clock = ManualClock::new();
        let credentials = load_at(&text, Clock::custom(clock.clone())).unwrap();
        let outcome = wait(credentials.login(Login::new(Silent))).unwrap();
        assert_eq!(outcome, LoginOutcome::LoggedIn);
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Refused,
            "the server's, not that of the login: {error}"
        );
        // After the wait that the failure causes.
        clock.advance(Duration::from_mins(2));
        let error = wait(credentials.token()).unwrap_err();
        let expected = if is_kept { ErrorKind::Refused } else { ErrorKind::LoginRequired };
        assert_eq!(error.kind(), expected, "{code}: {error}");
        assert_eq!(server.sent("subject_token").len(), if is_kept { 2 } else { 1 });
    }
}

#[test]
fn a_refusal_is_the_error_although_the_nested_provider_fails() {
    for (grant, name) in [("token_exchange", "subject"), ("jwt_bearer", "assertion")] {
        let hook: &'static str = format!("once-{name}").leak();
        let count = counter();
        let once = hooks::Hook::sync(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(Token::new("first")?.with_expires_in(Duration::from_hours(1))),
            _ => Err(authn::Error::login_required("the user of the hook has to log in")),
        });
        hooks::register(hook, once).unwrap();
        let server = Scripted::start(|_| refused("invalid_grant"));
        for (table, grant) in
            [("oauth", format!("grant_type = '{grant}'")), ("jwt_bearer", String::new())]
        {
            if table == "jwt_bearer" && name == "subject" {
                continue;
            }
            count.store(0, Ordering::Relaxed);
            let url = &server.url;
            let options = format!("token_endpoint_url = '{url}'\n{grant}\n{name}.hook = '{hook}'");
            let credentials = load(&format!("[credentials.{table}]\n{options}")).unwrap();
            let error = wait(credentials.token()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{table}: {error}");
            assert!(error.to_string().contains("invalid_grant"), "{table}: {error}");
        }
    }
}

#[test]
fn nothing_of_the_last_user_is_taken_for_the_next_one() {
    for (table, grant, name) in [
        ("oauth", "grant_type = 'token_exchange'", "subject"),
        ("oauth", "grant_type = 'jwt_bearer'", "assertion"),
        ("jwt_bearer", "", "assertion"),
    ] {
        for store in ["memory", "file"] {
            let hook: &'static str = format!("users-{table}-{name}-{store}").leak();
            naming(hook, &["alice", "bob"]);
            let first = counter();
            let server = Scripted::start(move |request| {
                if request.target == "/user" {
                    let bearer = &request.headers["authorization"];
                    return (200, json!({ "sub": bearer.strip_prefix("Bearer for-").unwrap() }));
                }
                let user = request.parameters().remove(&match request.parameters() {
                    sent if sent.contains_key("assertion") => "assertion".to_owned(),
                    _ => "subject_token".to_owned(),
                });
                let user = user.unwrap().remove(0);
                let (status, mut answer) = issued(&format!("for-{user}"));
                if user == "alice" {
                    if first.fetch_add(1, Ordering::Relaxed) > 0 {
                        return refused("invalid_grant");
                    }
                    answer["id_token"] = json!(jwt(r#"{"sub":"alice"}"#));
                    answer["refresh_token"] = json!("s3cr3t-session-of-alice");
                }
                (status, answer)
            });
            let (url, is_oauth) = (&server.url, table == "oauth");
            let more = if is_oauth {
                format!(
                    "client_id = 'c'\nuserinfo_endpoint_url = '{}'",
                    url.replace("/token", "/user")
                )
            } else {
                String::new()
            };
            let text = format!(
                "[credentials.{table}]\ntoken_endpoint_url = '{url}'\nstore = '{store}'\n{grant}\n{more}\n\
                 {name}.hook = '{hook}'"
            );
            let folder = tempfile::tempdir().unwrap();
            let environment = Environment::empty().state_directory(folder.path());
            let credentials = loader(&text).environment(environment).load().unwrap();
            wait(async {
                assert_eq!(credentials.token().await.unwrap().secret(), "for-alice");
                let status = credentials.status().await.unwrap();
                assert!(!status.has_refresh_token && !status.has_session, "{text}");
                if is_oauth {
                    assert_eq!(credentials.user_info().await.unwrap().subject(), "alice");
                }
                assert_eq!(credentials.refresh().await.unwrap().secret(), "for-bob");
                if is_oauth {
                    assert_eq!(credentials.user_info().await.unwrap().subject(), "bob", "{text}");
                }
            });
            let files = std::fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(files > 0, store == "file");
        }
    }
}

#[test]
fn a_stored_token_without_a_lifetime_is_exchanged_for_again() {
    let server = Scripted::start(|_| (200, json!({ "access_token": "t", "token_type": "Bearer" })));
    let text = exchange_at(&server, "store = 'file'\nsubject.bearer = 'x'");
    let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
    for (hours, exchanges) in [(0, 1), (0, 1), (48, 2)] {
        clock.advance(Duration::from_hours(hours));
        let environment = Environment::empty().state_directory(folder.path());
        let loader = loader(&text).clock(Clock::custom(clock.clone()));
        wait(loader.environment(environment).load().unwrap().token()).unwrap();
        assert_eq!(server.received().len(), exchanges, "after {hours} hours");
    }
}

#[test]
fn a_registered_client_that_the_server_has_forgotten_is_registered_again() {
    for grant in [
        "grant_type = 'client_credentials'",
        "grant_type = 'token_exchange'\nsubject.bearer = 'x'",
        "grant_type = 'jwt_bearer'\nassertion.bearer = 'x'",
    ] {
        let number = counter();
        let server = Scripted::start(move |request| {
            if request.target == "/register" {
                let number = number.fetch_add(1, Ordering::Relaxed) + 1;
                let client = json!({ "client_id": format!("client{number}"), "client_secret": "s",
                                     "token_endpoint_auth_method": "client_secret_post" });
                return (201, client);
            }
            match &*request.one("client_id") {
                "client1" => (401, json!({ "error": "invalid_client" })),
                _ => issued("t"),
            }
        });
        let register = server.url.replace("/token", "/register");
        let credentials = load(&format!(
            "[credentials.oauth]\ntoken_endpoint_url = '{}'\nregistration_endpoint_url = '{register}'\n\
             client_registration = 'dynamic'\nstore = 'memory'\n{grant}",
            server.url
        ));
        let credentials = credentials.unwrap_or_else(|error| panic!("{grant}\n{error}"));
        assert_eq!(wait(credentials.token()).unwrap().secret(), "t", "{grant}");
        assert_eq!(number.load(Ordering::Relaxed), 2, "{grant}");
    }
}

/// A server that issues tokens with sessions, and revokes them at the paths that start with `/revoke`.
fn revoking() -> Scripted {
    Scripted::start(|request| match &*request.target {
        target if target.starts_with("/revoke") => (200, json!({})),
        "/sts" => issued("exchanged"),
        _ => {
            let (status, mut answer) = issued("subject");
            answer["refresh_token"] = json!("r2");
            (status, answer)
        }
    })
}

#[test]
fn a_revocation_ends_the_sessions_of_nested_providers() {
    for (grant, refresh_token) in [
        ("refresh_token = 'r1'", "r2"),
        ("grant_type = 'password'\nusername = 'u'\npassword = 'p'", "r2"),
    ] {
        for (name, outer_revokes) in
            [("subject", true), ("actor", true), ("subject", false), ("actor", false)]
        {
            let server = revoking();
            let at = |path: &str| server.url.replace("/token", path);
            let outer = if outer_revokes {
                format!("revocation_endpoint_url = '{}'", at("/revoke-outer"))
            } else {
                String::new()
            };
            let other = if name == "actor" { "subject.bearer = 'abc'" } else { "" };
            let credentials = load(
                &format!(
                    "[credentials.oauth]\ntoken_endpoint_url = '{}'\n{outer}\nclient_id = 'c'\n{other}\n\
                     grant_type = 'token_exchange'\n[credentials.oauth.{name}.oauth]\n\
                     token_endpoint_url = '{}'\nrevocation_endpoint_url = '{}'\nclient_id = 'c'\n\
                     store = 'memory'\n{grant}",
                    at("/sts"),
                    server.url,
                    at("/revoke-nested"),
                ),
            )
            .unwrap();
            wait(credentials.token()).unwrap();
            let done = wait(credentials.revoke()).unwrap();
            let revoked: Vec<_> = server
                .received()
                .iter()
                .filter(|request| request.target.starts_with("/revoke"))
                .map(|request| (request.target.clone(), request.one("token")))
                .collect();
            let mut expected = vec![
                ("/revoke-nested".to_owned(), refresh_token.to_owned()),
                ("/revoke-nested".to_owned(), "subject".to_owned()),
            ];
            if outer_revokes {
                expected.insert(0, ("/revoke-outer".to_owned(), "exchanged".to_owned()));
            }
            assert_eq!(revoked, expected, "{grant} {name}");
            assert_eq!(
                (done.revoked, done.failed.len()),
                (expected.len(), usize::from(!outer_revokes))
            );
            let status = wait(credentials.status()).unwrap();
            assert!(!status.has_token && !status.has_session, "{grant} {name}");
        }
    }
}

#[test]
fn nothing_is_deleted_if_no_session_is_revoked() {
    for (outer, nested, kept) in [("/revoke", "/fail", false), ("/fail", "/fail", true)] {
        let server = Scripted::start(|request| match &*request.target {
            "/revoke" => (200, json!({})),
            "/fail" => (400, json!({ "error": "unsupported_token_type" })),
            "/sts" => issued("exchanged"),
            _ => issued("subject"),
        });
        let at = |path: &str| server.url.replace("/token", path);
        let options = format!(
            "[credentials.oauth]\ntoken_endpoint_url = '{}'\nrevocation_endpoint_url = '{}'\n\
             client_id = 'c'\ngrant_type = 'token_exchange'\n[credentials.oauth.subject.oauth]\n\
             token_endpoint_url = '{}'\nrevocation_endpoint_url = '{}'\nclient_id = 'c'\n\
             store = 'memory'\nrefresh_token = 'r1'",
            at("/sts"),
            at(outer),
            server.url,
            at(nested),
        );
        let credentials = load(&options).unwrap();
        wait(credentials.token()).unwrap();
        let error = wait(credentials.revoke()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        // The subject can be revoked once more. A token that is revoked is not used meanwhile.
        wait(credentials.revoke()).unwrap_err();
        let tries = |path: &str| {
            let received = server.received();
            received.iter().filter(|request| request.target == path).count()
        };
        assert_eq!(tries(outer) > tries("/sts"), kept, "{outer}");
        wait(credentials.token()).unwrap();
        assert_eq!(tries("/sts"), if kept { 1 } else { 2 }, "{outer}");
    }
}
