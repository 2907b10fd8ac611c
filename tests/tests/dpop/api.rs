//! Requests that the API accepts, and those that it refuses.

use authn::{Credentials, Token, TokenSet};
use authn_tests::rig::Rig;
use http::{HeaderValue, Method, request::Parts};

use super::{authorized, client, load, part, send, service, status, thumbprint};

const DPOP: &str = "dpop = true";

/// Credentials that know the API's nonce.
async fn prepared(rig: &Rig) -> Credentials {
    let credentials = load(rig, &service(rig, "cc-dpop", DPOP));
    assert_eq!(status(rig, &credentials).await, 200);
    credentials
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers[name].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_is_accepted() {
    let rig = Rig::start();
    for algorithm in ["ES256", "EdDSA"] {
        let more = format!("{DPOP}\ndpop_algorithm = '{algorithm}'");
        let credentials = load(&rig, &service(&rig, "cc-dpop", &more));
        assert_eq!(status(&rig, &credentials).await, 200, "{algorithm}");
        let proof = authorized(&rig, &credentials).await;
        assert_eq!(part(header(&proof, "dpop"), 0)["alg"], algorithm);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_accepted_by_every_client_and_through_every_handle() {
    let rig = Rig::start();
    let credentials = prepared(&rig).await;
    for credentials in [
        credentials.clone(),
        credentials.with_scope(&["read"]),
        load(&rig, &service(&rig, "cc-dpop", "dpop = true\nscope = 'read'")),
    ] {
        assert_eq!(status(&rig, &credentials).await, 200);
        let url = rig.resource_url("/rs/dpop?page=1#top");
        let posted = client(&credentials).post(&url).body("a=1").send().await.unwrap();
        assert_eq!(posted.status(), 200);
        assert_eq!(send(&authorized(&rig, &credentials).await).0, 200);
    }
    // A server that redirects to itself gets a proof for each address.
    let to = rig.resource_url("/rs/redirect?to=/rs/dpop");
    assert_eq!(client(&credentials).get(to).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_accepted_through_a_cache_and_from_blocking_code() {
    let rig = Rig::start();
    let text = format!(
        "[credentials]\norigins = ['{}']\n[credentials.cached]\nstore = 'memory'\n\
         [credentials.cached.oauth]\nstore = 'memory'\n{}\n",
        rig.issuer(),
        service(&rig, "cc-dpop", DPOP)
    );
    let loader = authn::Loader::new().environment(authn::Environment::empty()).defaults(&text);
    let credentials = loader.load().unwrap();
    assert_eq!(status(&rig, &credentials).await, 200);
    let token = credentials.token().await.unwrap();
    credentials.invalidate(&token);
    assert_eq!(status(&rig, &credentials).await, 200);
    assert_ne!(credentials.token().await.unwrap().secret(), token.secret());

    let url = rig.resource_url("/rs/dpop");
    let blocking = tokio::task::spawn_blocking(move || {
        let client = authn::blocking::reqwest::Client::new(credentials.into()).unwrap();
        client.get(url).send().unwrap().status()
    });
    assert_eq!(blocking.await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_replaced_by_one_for_the_same_key() {
    let rig = Rig::start();
    let credentials = prepared(&rig).await;
    let first = credentials.token().await.unwrap();
    credentials.invalidate(&first);
    let second = credentials.token().await.unwrap();
    assert_ne!(first.secret(), second.secret());
    assert_eq!(thumbprint(first.secret()), thumbprint(second.secret()));
    assert_eq!(status(&rig, &credentials).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_request_is_refused() {
    let rig = Rig::start();
    let (credentials, thief) = (prepared(&rig).await, prepared(&rig).await);
    let good = || authorized(&rig, &credentials);
    assert_eq!(send(&good().await), (200, String::new()));

    let refused = |what: &str, parts: &Parts, reason: &str| {
        let (status, challenge) = send(parts);
        assert_eq!(status, 401, "{what}");
        assert!(challenge.contains(reason), "{what}: {challenge}");
    };
    let replayed = good().await;
    assert_eq!(send(&replayed).0, 200);
    refused("replayed", &replayed, "jti replay");

    let mut another = good().await;
    another.method = Method::DELETE;
    refused("another method", &another, "htm/htu");

    let mut another = good().await;
    let url = another.uri.to_string().replace("127.0.0.1", "localhost");
    another.uri = url.parse().unwrap();
    refused("another address", &another, "htm/htu");
    // The query is not a part of the proof (RFC 9449, 4.2).
    let mut same = good().await;
    same.uri = format!("{}?page=2", same.uri).parse().unwrap();
    assert_eq!(send(&same).0, 200);

    let mut another = good().await;
    let of_thief = authorized(&rig, &thief).await;
    another.headers.insert("authorization", of_thief.headers["authorization"].clone());
    refused("another token", &another, "ath");

    let token = Token::new(credentials.token().await.unwrap().secret()).unwrap();
    let text = generated(&rig).await;
    thief.adopt(TokenSet::new(token).with_kept("dpop_key", text)).await.unwrap();
    refused("another key", &authorized(&rig, &thief).await, "jkt");

    let mut without = good().await;
    without.headers.remove("dpop");
    refused("no proof", &without, "invalid_dpop_proof");

    let mut bearer = good().await;
    let token = credentials.token().await.unwrap();
    let value = HeaderValue::try_from(format!("Bearer {}", token.secret())).unwrap();
    bearer.headers.insert("authorization", value);
    refused("as a bearer token", &bearer, "DPoP");
    bearer.uri = rig.resource_url("/rs/bearer").parse().unwrap();
    refused("as a bearer token elsewhere", &bearer, "invalid_token");
}

/// Returns the key of another session.
async fn generated(rig: &Rig) -> authn::SecretString {
    let (sender, receiver) = std::sync::mpsc::channel();
    let credentials = authn_providers::OAuth::builder()
        .issuer_url(rig.issuer())
        .client_id("cc-dpop")
        .client_secret("secret")
        .dpop(true)
        .credentials()
        .origin(rig.issuer())
        .on_update_sync(move |update| {
            sender.send(update.tokens().kept("dpop_key").unwrap().clone()).unwrap();
            Ok(())
        })
        .build()
        .unwrap();
    credentials.token().await.unwrap();
    receiver.recv().unwrap()
}
