//! A service that calls others on behalf of the users that it serves: no user gets another user's token.

use std::sync::Arc;

use authn::{Credentials, ErrorKind, app_service::scope};
use authn_tests::rig::Rig;
use http::{HeaderMap, HeaderValue};

use crate::{EXCHANGE, claims, exchange, load, token_of};

/// Serves a request with a user's token.
async fn serving<F: Future>(token: &str, work: F) -> F::Output {
    let mut headers = HeaderMap::new();
    headers.insert("x-foundry-accesstoken", HeaderValue::from_str(token).unwrap());
    scope(headers, work).await
}

/// Asks the API with the token of the request being served, and returns whose it is.
async fn ask(client: &authn::reqwest::Client, credentials: &Credentials, url: &str) -> String {
    let echo: serde_json::Value = {
        let answer = client.get(url).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let header = echo["headers"]["authorization"].as_str().unwrap();
    let sent = header.strip_prefix("Bearer ").unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), sent);
    claims(sent)["sub"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_of_two_users_at_once_mix_no_token() {
    let rig = Rig::start();
    let users = ["alice", "bob"];
    let tokens = Arc::new([token_of(&rig, "alice").await, token_of(&rig, "bob").await]);
    let options = exchange(&rig, "subject.app_service = {}\nscope = 'read'");
    let credentials = load(&rig, &options);
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    let url = rig.resource_url("/rs/echo");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let (client, credentials, url) = (client.clone(), credentials.clone(), url.clone());
        let (user, tokens) = (users[number % 2], Arc::clone(&tokens));
        tasks.spawn(async move {
            let asked = serving(&tokens[number % 2], ask(&client, &credentials, &url)).await;
            assert_eq!(asked, user);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(rig.count(&[("grant", EXCHANGE)]), 2, "one for each user");

    // Nobody is served here.
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotApplicable, "{error}");

    // What ends for one user does not end for the other.
    let of_alice = serving(&tokens[0], credentials.token()).await.unwrap();
    credentials.invalidate(&of_alice);
    assert_eq!(serving(&tokens[1], ask(&client, &credentials, &url)).await, "bob");
    assert_eq!(rig.count(&[("grant", EXCHANGE)]), 2);
    assert_eq!(serving(&tokens[0], ask(&client, &credentials, &url)).await, "alice");
    assert_eq!(rig.count(&[("grant", EXCHANGE)]), 3);
}

#[tokio::test]
async fn a_user_that_the_server_refuses_is_no_others_problem() {
    let rig = Rig::start();
    let good = token_of(&rig, "alice").await;
    let credentials = load(&rig, &exchange(&rig, "subject.app_service = {}"));
    for _ in 0..3 {
        let error = serving("forged", credentials.token()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        let token = serving(&good, credentials.token()).await.unwrap();
        assert_eq!(claims(token.secret())["sub"], "alice");
    }
    assert_eq!(rig.count(&[("grant", EXCHANGE)]), 2, "a refusal is held back for its user");
}
