//! Exchanges of the token of the user who is being served: each user gets the own one.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use authn::{Credentials, ErrorKind, Result, Token, app_service::scope};
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
