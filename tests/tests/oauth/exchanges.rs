//! The number of token requests, and the runtimes that they work in.

use std::collections::BTreeSet;

use authn_tests::rig::Rig;

use super::{client, load};

#[tokio::test]
async fn one_exchange_serves_ten_thousand_callers() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { credentials.token().await.unwrap().secret().to_owned() })
        })
        .collect();
    let mut tokens = BTreeSet::new();
    for caller in callers {
        tokens.insert(caller.await.unwrap());
    }
    assert_eq!(tokens.len(), 1);
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    let url = rig.resource_url("/rs/bearer");
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    rig.clock(120);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200, "after a new token");
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 2);
}

#[test]
fn works_without_any_runtime_of_the_callers() {
    let rig = Rig::start();
    let credentials = load(&rig, &client(&rig, "cc-basic", "client_secret = 'secret'"));
    // A runtime without timers and without IO, which ends at once.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(credentials.token()).is_ok());
    drop(runtime);
    assert!(credentials.try_token().is_some());
}
