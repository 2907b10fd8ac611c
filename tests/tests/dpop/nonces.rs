//! Nonces of the authorization server and of the API (RFC 9449, 8 and 9).

use std::collections::BTreeMap;

use authn_tests::rig::Rig;

use super::{client, load, service, status};

#[tokio::test(flavor = "multi_thread")]
async fn the_nonce_of_the_token_endpoint_costs_one_request_once() {
    let rig = Rig::start();
    let credentials = load(&rig, &service(&rig, "cc-dpop-nonce", "dpop = true"));
    let requests = || {
        let client = ("client", "cc-dpop-nonce");
        let refused = rig.count(&[client, ("error", "use_dpop_nonce")]);
        (rig.count(&[client, ("status", "200")]), refused)
    };
    for exchanges in 1..=3 {
        credentials.refresh().await.unwrap();
        assert_eq!(requests(), (exchanges, 1));
    }
    assert_eq!(rig.log().iter().filter(|entry| entry["endpoint"] == "token").count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nonce_of_the_api_costs_one_request_once() {
    let rig = Rig::start();
    let credentials = load(&rig, &service(&rig, "cc-dpop", "dpop = true"));
    for _ in 0..3 {
        assert_eq!(status(&rig, &credentials).await, 200);
    }
    rig.nonce("rs-nonce-2", 0);
    for _ in 0..3 {
        assert_eq!(status(&rig, &credentials).await, 200);
    }
    let statuses: Vec<_> = rig.api_log().iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(statuses, [401, 200, 200, 200, 401, 200, 200, 200]);
    assert_eq!(rig.count(&[("client", "cc-dpop")]), 1, "no token is replaced for a nonce");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_changes_under_load_costs_one_retry_each() {
    const REQUESTS: u32 = 50;
    let rig = Rig::start();
    let credentials = load(&rig, &service(&rig, "cc-dpop", "dpop = true"));
    assert_eq!(status(&rig, &credentials).await, 200);
    // It changes when half of the requests have been answered.
    rig.nonce("rs-nonce-2", REQUESTS / 2);
    let client = client(&credentials);
    let sent = (0..REQUESTS).map(|number| {
        let request = client.get(rig.resource_url(&format!("/rs/dpop?number={number}")));
        tokio::spawn(async move { request.send().await.unwrap().status() })
    });
    for request in sent.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
    let mut requests = BTreeMap::<String, Vec<u64>>::new();
    for entry in rig.api_log() {
        if let Some(number) = entry["query"]["number"].as_str() {
            requests.entry(number.to_owned()).or_default().push(entry["status"].as_u64().unwrap());
        }
    }
    assert_eq!(requests.len(), 50);
    for (number, statuses) in &requests {
        assert!(matches!(statuses[..], [200] | [401, 200]), "{number}: {statuses:?}");
    }
    assert_eq!(rig.count(&[("client", "cc-dpop")]), 1, "no token is replaced for a nonce");
}
