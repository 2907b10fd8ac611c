//! Exchanges of the token of the user who is being served: each user gets the own one.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{Credentials, ErrorKind, Result, Token, app_service::scope, hooks};
use http::HeaderMap;
use serde_json::{Value, json};

use super::scripted::{Received, Scripted};
use crate::testing::{load, wait};

const HEADER: &str = "x-foundry-accesstoken";

/// Loads a table of a provider with the address of a server.
fn loaded(server: &Scripted, table: &str, options: &str) -> Credentials {
    let text = format!("[credentials.{table}]\ntoken_endpoint_url = '{}'\n{options}", server.url);
    load(&text).unwrap_or_else(|error| panic!("{options}\n{error}"))
}

async fn serving<F: Future>(user: &str, work: F) -> F::Output {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, user.parse().unwrap());
    scope(headers, work).await
}

async fn token(credentials: &Credentials, user: &str) -> Result<Token> {
    serving(user, credentials.token()).await
}

/// Issues a token that names those that were sent.
fn names_the_sent(request: &Received) -> (u16, Value) {
    let sent = request.parameters();
    let of = |name: &str| sent.get(name).map_or("", |values| &values[0]).to_owned();
    let names = ["subject_token", "actor_token", "assertion"].map(of);
    (200, json!({ "access_token": format!("for{}", names.join(".")), "expires_in": 600 }))
}

#[test]
fn whatever_exchanges_the_users_token_keeps_users_apart() {
    for (table, options, parameter, expected) in [
        (
            "oauth",
            "grant_type = 'token_exchange'\nsubject.app_service = {}",
            "subject_token",
            "forUSER..",
        ),
        (
            "oauth",
            "grant_type = 'token_exchange'\nsubject.bearer = 'x'\nactor.app_service = {}",
            "actor_token",
            "forx.USER.",
        ),
        (
            "oauth",
            "grant_type = 'jwt_bearer'\nassertion.app_service = {}",
            "assertion",
            "for..USER",
        ),
        ("jwt_bearer", "assertion.app_service = {}", "assertion", "for..USER"),
    ] {
        let server = Scripted::start(names_the_sent);
        let credentials = loaded(&server, table, options);
        assert!(credentials.is_per_request());
        wait(async {
            for user in ["alice", "bob", "alice", "bob"] {
                let token = token(&credentials, user).await.unwrap();
                assert_eq!(token.secret(), expected.replace("USER", user));
            }
        });
        assert_eq!(server.sent(parameter), ["alice", "bob"], "{options}");
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotApplicable);
        assert!(error.to_string().contains("AppServiceLayer"), "{error}");
    }
}

#[test]
fn many_at_once_make_one_exchange_a_user() {
    let server = Scripted::start(names_the_sent);
    let credentials =
        loaded(&server, "oauth", "grant_type = 'token_exchange'\nsubject.app_service = {}");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200 {
            let credentials = credentials.clone();
            tasks.spawn(async move {
                let user = format!("user{}", number % 5);
                let token = token(&credentials, &user).await.unwrap();
                assert_eq!(token.secret(), format!("for{user}.."));
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    let sent = server.sent("subject_token");
    assert_eq!((sent.len(), sent.iter().collect::<BTreeSet<_>>().len()), (5, 5), "{sent:?}");
}

#[test]
fn a_users_token_that_is_refused_is_not_sent_again_and_holds_nobody_else_back() {
    let server = Scripted::start(|request| match &*request.one("subject_token") {
        "s3cr3t-of-eve" => (400, json!({ "error": "invalid_request" })),
        _ => names_the_sent(request),
    });
    let options = "grant_type = 'token_exchange'\nsubject.app_service = {}";
    let credentials = loaded(&server, "oauth", options);
    wait(async {
        let error = token(&credentials, "s3cr3t-of-eve").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(!format!("{error} {error:?} {credentials:?}").contains("s3cr3t"), "{error:?}");
        assert_eq!(token(&credentials, "alice").await.unwrap().secret(), "foralice..");
    });
    assert_eq!(server.sent("subject_token"), ["s3cr3t-of-eve", "alice"]);
}

#[test]
fn a_chain_of_exchanges_is_the_users_own() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = Scripted::start(move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        names_the_sent(request)
    });
    let inner = format!(
        "{{ token_endpoint_url = '{}', grant_type = 'token_exchange', subject = {{ app_service = {{}} }} }}",
        server.url
    );
    let options = format!("grant_type = 'token_exchange'\nsubject.oauth = {inner}");
    let credentials = loaded(&server, "oauth", &options);
    wait(async {
        for user in ["alice", "bob", "alice"] {
            let token = token(&credentials, user).await.unwrap();
            assert_eq!(token.secret(), format!("forfor{user}...."));
        }
    });
    assert_eq!(server.sent("subject_token"), ["alice", "foralice..", "bob", "forbob.."]);
}

/// An exchange of a user's token at a server that revokes tokens, by a service with a token of its own.
fn revocable(server: &Scripted, more: &str) -> Credentials {
    let revoke = server.url.replace("/token", "/revoke");
    let options = format!(
        "revocation_endpoint_url = '{revoke}'\nclient_id = 'c'\ngrant_type = 'token_exchange'\n\
         subject.app_service = {{}}\n{more}"
    );
    loaded(server, "oauth", &options)
}

fn names_or_revokes(request: &Received) -> (u16, Value) {
    if request.target == "/revoke" { (200, json!({})) } else { names_the_sent(request) }
}

/// Returns the values of a parameter in the requests to a path.
fn sent_to(server: &Scripted, path: &str, name: &str) -> Vec<String> {
    let requests = server.received().into_iter().filter(|request| request.target == path);
    requests.map(|request| request.one(name)).collect()
}

#[test]
fn a_users_token_that_is_revoked_by_itself_is_not_used_again() {
    let server = Scripted::start(names_or_revokes);
    let credentials = revocable(&server, "");
    wait(async {
        let alice = token(&credentials, "alice").await.unwrap();
        token(&credentials, "bob").await.unwrap();
        // Within the request, and elsewhere.
        serving("alice", credentials.revoke_tokens(alice)).await.unwrap();
        let alice = token(&credentials, "alice").await.unwrap();
        credentials.revoke_tokens(alice).await.unwrap();
        for user in ["alice", "bob"] {
            token(&credentials, user).await.unwrap();
        }
    });
    assert_eq!(sent_to(&server, "/revoke", "token"), ["foralice..", "foralice.."]);
    let exchanged = ["alice", "bob", "alice", "alice"];
    assert_eq!(sent_to(&server, "/token", "subject_token"), exchanged);
}

#[test]
fn a_users_logout_and_revocation_reach_no_other_user_and_not_the_service() {
    let actors: &'static AtomicUsize = Box::leak(Box::default());
    let hook = hooks::Hook::sync(move |_| {
        let number = actors.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Token::new(format!("service{number}"))?.with_expires_in(Duration::from_hours(1)))
    });
    hooks::register("service-of-users", hook).unwrap();
    let server = Scripted::start(names_or_revokes);
    let credentials = revocable(&server, "actor.hook = 'service-of-users'");
    let all = async || {
        for user in ["alice", "bob"] {
            token(&credentials, user).await.unwrap();
        }
        sent_to(&server, "/token", "subject_token").len()
    };
    let revoked = || sent_to(&server, "/revoke", "token");
    wait(async {
        assert_eq!(all().await, 2);
        assert_eq!(serving("alice", credentials.revoke()).await.unwrap().revoked, 1);
        assert_eq!(revoked(), ["foralice.service1."]);
        assert_eq!(all().await, 3);
        serving("alice", credentials.logout()).await.unwrap();
        assert_eq!(all().await, 4);
        // A request without a token is of no user, and not of all of them.
        scope(HeaderMap::new(), async {
            let errors = [credentials.revoke().await.map(drop), credentials.logout().await];
            for error in errors.map(Result::unwrap_err) {
                assert_eq!(error.kind(), ErrorKind::NotApplicable, "{error}");
            }
        })
        .await;
        assert_eq!((all().await, revoked().len()), (4, 1));
        assert_eq!(actors.load(Ordering::Relaxed), 1);
        // The program itself, outside of a request.
        assert_eq!(credentials.revoke().await.unwrap().revoked, 2);
        assert_eq!((all().await, revoked().len()), (6, 3));
        assert_eq!(actors.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn the_logout_in_a_chain_of_exchanges_is_the_users_own() {
    let server = Scripted::start(names_the_sent);
    let inner = format!(
        "{{ token_endpoint_url = '{}', grant_type = 'token_exchange', subject = {{ app_service = {{}} }} }}",
        server.url
    );
    let options = format!("grant_type = 'token_exchange'\nsubject.oauth = {inner}");
    let credentials = loaded(&server, "oauth", &options);
    wait(async {
        for user in ["alice", "bob"] {
            token(&credentials, user).await.unwrap();
        }
        serving("alice", credentials.logout()).await.unwrap();
        for user in ["bob", "alice"] {
            token(&credentials, user).await.unwrap();
        }
    });
    let sent = ["alice", "foralice..", "bob", "forbob..", "alice", "foralice.."];
    assert_eq!(server.sent("subject_token"), sent);
}
