//! Bound tokens at an API: the certificate is shown where the token is sent, and nowhere else.

use authn::{Credentials, Environment, Loader, Request, Used, blocking, reqwest::Client};
use authn_tests::rig::Rig;

use super::scene::{at, client, load, loader, plain, shown, thumbprint};

fn bound(rig: &Rig) -> String {
    client(rig, "cc-mtls-san", "client", "")
}

#[tokio::test]
async fn a_bound_token_is_accepted_with_its_certificate_alone() {
    let rig = Rig::start();
    for (id, certificate, more) in [
        ("cc-mtls-san", "client", ""),
        ("cc-mtls-self", "self", "token_endpoint_auth_method = 'self_signed_tls_client_auth'"),
        (
            "cc-mtls-bound",
            "client",
            "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'",
        ),
    ] {
        let credentials = load(&rig, &client(&rig, id, certificate, more));
        let token = credentials.token().await.unwrap();
        let url = at(&rig, "/rs/bearer");
        for (shown, status) in [(None, 401), (Some("client2"), 401), (Some(certificate), 200)] {
            let request = plain(&rig, shown).get(&url).bearer_auth(token.secret());
            assert_eq!(request.send().await.unwrap().status(), status, "{id} {shown:?}");
        }
        let client = Client::new(credentials).unwrap();
        for _ in 0..2 {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200, "{id}");
        }
        assert_eq!(rig.count(&[("client", id), ("status", "200")]), 1, "one exchange for all");
    }
}

#[test]
fn the_blocking_client_shows_it_too() {
    let rig = Rig::start();
    let credentials = blocking::Credentials::from(load(&rig, &bound(&rig)));
    let client = blocking::reqwest::Client::new(credentials.clone()).unwrap();
    assert_eq!(client.get(at(&rig, "/rs/bearer")).send().unwrap().status(), 200);
    let mut used = Used::default();
    assert!(credentials.client_identity(&used).is_none(), "no token is used yet");
    let (mut parts, ()) = http::Request::get(at(&rig, "/")).body(()).unwrap().into_parts();
    credentials.authorize(Request::from(&mut parts).with_used(&mut used)).unwrap();
    let identity = credentials.client_identity(&used).unwrap();
    assert_eq!(identity.thumbprint(), thumbprint(&rig.key("client.crt"), &rig.key("client.key")));
}

/// Another provider passes the token on, and a call has scopes of its own.
#[tokio::test]
async fn it_is_shown_with_the_tokens_of_nested_providers_scopes_and_reloaded_credentials() {
    let rig = Rig::start();
    let text = format!(
        "[http]\nca_file = '{}'\n[credentials]\norigins = ['{}']\n[credentials.cached.oauth]\nstore = 'memory'\n{}\n",
        rig.ca().display(),
        rig.mtls(),
        bound(&rig)
    );
    let nested = Loader::new().environment(Environment::empty()).defaults(&text).load().unwrap();
    let scoped = nested.with_scope(&["read"]);
    let reloaded = load(&rig, &bound(&rig));
    reloaded.token().await.unwrap();
    reloaded.reload().await.unwrap();
    for credentials in [nested, scoped, reloaded] {
        let client = Client::new(credentials).unwrap();
        assert_eq!(client.get(at(&rig, "/rs/bearer")).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn only_requests_with_the_token_show_it() {
    let rig = Rig::start();
    let client = Client::new(load(&rig, &bound(&rig))).unwrap();
    let expected = thumbprint(&rig.key("client.crt"), &rig.key("client.key"));
    let bearer = format!("[credentials]\norigins = ['{}']\nbearer = 'abc'", rig.mtls());
    let loader = Loader::new().environment(Environment::empty()).defaults(&bearer);
    let other: Credentials = loader.load().unwrap();
    let echo = || client.get(at(&rig, "/rs/echo"));
    // In turns, so that a connection which is shared would be noticed.
    for _ in 0..2 {
        assert_eq!(shown(echo().send().await.unwrap()).await.as_deref(), Some(&*expected));
        for request in [
            echo().withhold_token(),
            echo().use_credentials(&other),
            echo().header("authorization", "Mine abc"),
        ] {
            assert_eq!(shown(request.send().await.unwrap()).await, None);
        }
    }
}

#[tokio::test]
async fn it_is_not_shown_after_a_redirect_to_another_origin() {
    let (rig, elsewhere) = (Rig::start(), Rig::start());
    let expected = thumbprint(&rig.key("client.crt"), &rig.key("client.key"));
    for origins in [&[][..], &[elsewhere.mtls()]] {
        let client = Client::new(loader(&rig, &bound(&rig), origins).load().unwrap()).unwrap();
        let moved = |to: String| client.get(at(&rig, "/rs/redirect")).query(&[("to", &to)]).send();
        let here = moved(at(&rig, "/rs/echo")).await.unwrap();
        assert_eq!(shown(here).await.as_deref(), Some(&*expected));
        let there = moved(at(&elsewhere, "/rs/echo")).await.unwrap();
        assert_eq!(shown(there).await, None, "{origins:?}");
        // Nor when the other origin leads back.
        let back = format!("{}?to={}", at(&elsewhere, "/rs/redirect"), at(&rig, "/rs/echo"));
        assert_eq!(shown(moved(back).await.unwrap()).await, None, "{origins:?}");
    }
}

#[tokio::test]
async fn a_client_of_the_callers_builder_shows_what_the_builder_has() {
    let rig = Rig::start();
    let credentials = load(&rig, &bound(&rig));
    let builder = || {
        let ca = std::fs::read(rig.ca()).unwrap();
        let ca = reqwest::Certificate::from_pem(&ca).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_merge([ca])
    };
    let url = at(&rig, "/rs/bearer");
    let without = Client::from_builder(builder(), credentials.clone()).unwrap();
    assert_eq!(without.get(&url).send().await.unwrap().status(), 401);

    let mut used = Used::default();
    let (mut parts, ()) = http::Request::get(&url).body(()).unwrap().into_parts();
    credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await.unwrap();
    let identity = credentials.client_identity(&used).unwrap();
    let pem = [identity.certificates(), b"\n", identity.key().expose().as_bytes()].concat();
    let builder = builder().identity(reqwest::Identity::from_pem(&pem).unwrap());
    let with = Client::from_builder(builder, credentials).unwrap();
    assert_eq!(with.get(&url).send().await.unwrap().status(), 200);
}
