//! A thousand requests of two users at once: each gets the answer to its own token.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use app_service::{TOKEN_PREFIX, client, configuration, credentials, downstream, router, serve};
use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
};
use tokio::{sync::Barrier, task::JoinSet, time::timeout};

const CONNECTIONS: usize = 10;
/// Concurrent streams of one connection. Servers should allow at least this number (RFC 9113, 6.5.2).
const REQUESTS: usize = 100;

/// Longer than the slowest machine needs. Without this limit, a fault would hang the test.
const PATIENCE: Duration = Duration::from_mins(2);

/// Starts the downstream, and returns the address of the service in front of it.
async fn service() -> Result<Router, Box<dyn Error>> {
    let api = serve(downstream()).await?;
    Ok(router(client(credentials(&configuration(api))?)?, api))
}

/// Blocks all requests until every one has arrived.
fn gate(visitors: usize) -> impl Fn(Router) -> Router {
    let barrier = Arc::new(Barrier::new(visitors));
    move |router| {
        let barrier = Arc::clone(&barrier);
        router.layer(from_fn(move |request: Request, next: Next| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                next.run(request).await
            }
        }))
    }
}

async fn ask(
    client: reqwest::Client,
    service: SocketAddr,
    header: &'static str,
    value: String,
) -> reqwest::Result<(StatusCode, String)> {
    let request = client.get(format!("http://{service}/")).header(header, value);
    let response = request.send().await?;
    Ok((response.status(), response.text().await?))
}

fn connection() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_token_of_a_thousand_is_mixed() {
    let gate = gate(CONNECTIONS * REQUESTS);
    let address = serve(gate(service().await.unwrap())).await.unwrap();
    let mut answers = JoinSet::new();
    for number in 0..CONNECTIONS {
        let client = connection().unwrap();
        for request in 0..REQUESTS {
            // Both users on each connection, and each request with a token that no other has.
            let name = ["alice", "bob"][request % 2];
            let user = format!("{name}-{number}-{request}");
            let (header, scheme) = match request % 4 {
                0 | 3 => ("X-Foundry-AccessToken", ""),
                _ => ("Authorization", "Bearer "),
            };
            let value = format!("{scheme}{TOKEN_PREFIX}{user}");
            let client = client.clone();
            answers.spawn(async move { (user, ask(client, address, header, value).await) });
        }
    }
    let answers = timeout(PATIENCE, answers.join_all()).await.expect("all requests were served");
    assert_eq!(answers.len(), 1_000);
    for (user, answer) in answers {
        assert_eq!(answer.unwrap(), (StatusCode::OK, format!("{user} has 2 orders of {user}")));
    }
}

#[tokio::test]
async fn a_request_without_a_token_borrows_nobodys() {
    let address = serve(service().await.unwrap()).await.unwrap();
    let client = connection().unwrap();
    for (header, value, expected) in [
        ("X-Foundry-AccessToken", "token-of-alice", StatusCode::OK),
        ("X-Other", "token-of-alice", StatusCode::UNAUTHORIZED),
        ("Authorization", "Basic token-of-alice", StatusCode::UNAUTHORIZED),
        ("X-Foundry-AccessToken", "token of alice", StatusCode::UNAUTHORIZED),
        ("X-Foundry-AccessToken", "token-of-bob", StatusCode::OK),
    ] {
        let answer = ask(client.clone(), address, header, value.to_owned()).await;
        let (status, answer) = answer.unwrap();
        assert_eq!(status, expected, "{answer}");
        assert!(status.is_success() || !answer.contains("alice"), "{answer}");
    }
}
