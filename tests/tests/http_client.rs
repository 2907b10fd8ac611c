//! `authn::reqwest::Client` against a real server: what it sends, where, and what it never sends on.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use authn::{Credentials, Environment, Loader, reqwest::Client};
use authn_providers as _;
use authn_tests::rig::Rig;
use serde_json::Value;

const SECRET: &str = "s3cr3t-token";

fn credentials(rig: &Rig, provider: &str) -> Credentials {
    let text = format!("[credentials]\norigins = ['{}']\n{provider}", rig.issuer());
    Loader::new().environment(Environment::empty()).defaults(&text).load().unwrap()
}

fn client(rig: &Rig, provider: &str) -> Client {
    Client::new(credentials(rig, provider)).unwrap()
}

async fn json(response: ::reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

fn bearer() -> String {
    format!("bearer = '{SECRET}'")
}

#[tokio::test]
async fn the_verbs_are_the_ordinary_ones() {
    let rig = Rig::start();
    let client = client(&rig, &bearer());
    let url = rig.resource_url("/rs/echo");
    for (method, request) in [
        ("GET", client.get(&url)),
        ("POST", client.post(&url).json(&serde_json::json!({ "a": 1 }))),
        ("PUT", client.put(&url).body("x")),
        ("PATCH", client.patch(&url).form(&[("a", "b c")])),
        ("DELETE", client.delete(&url)),
    ] {
        let request = request.query(&[("q", "1 2")]).header("x-mine", "yes");
        let echo = json(request.send().await.unwrap()).await;
        assert_eq!(echo["method"], method);
        assert_eq!(echo["query"]["q"], "1 2");
        assert_eq!(echo["headers"]["x-mine"], "yes");
        assert_eq!(echo["headers"]["authorization"], format!("Bearer {SECRET}"));
        assert_eq!(echo["headers"]["referer"], Value::Null);
    }
}

#[tokio::test]
async fn the_callers_own_authorization_wins_and_a_token_can_be_withheld() {
    let rig = Rig::start();
    let url = rig.resource_url("/rs/echo");
    let plain = client(&rig, &bearer());
    let echo =
        json(plain.get(&url).header("authorization", "Mine abc").send().await.unwrap()).await;
    assert_eq!(echo["headers"]["authorization"], "Mine abc");
    let echo = json(plain.get(&url).withhold_token().send().await.unwrap()).await;
    assert_eq!(echo["headers"]["authorization"], Value::Null);
    let other = credentials(&rig, "bearer = 'another'");
    let echo = json(plain.get(&url).use_credentials(&other).send().await.unwrap()).await;
    assert_eq!(echo["headers"]["authorization"], "Bearer another");
    let overriding =
        client(&rig, &format!("[credentials.bearer]\ntoken = '{SECRET}'\noverride = true"));
    let request = overriding.get(&url).header("authorization", "Mine abc");
    let echo = json(request.send().await.unwrap()).await;
    assert_eq!(echo["headers"]["authorization"], format!("Bearer {SECRET}"));
}

#[tokio::test]
async fn another_origin_gets_nothing_not_even_the_request() {
    let (rig, other) = (Rig::start(), Rig::start());
    let client = client(&rig, &bearer());
    let error = client.get(other.resource_url("/rs/echo")).send().await.unwrap_err();
    assert!(error.to_string().contains("not for"), "{error}");
    assert!(!format!("{error:?} {error}").contains(SECRET));
}

/// Each kind of credential, with the request's own secrets beside it.
#[tokio::test]
async fn redirects_keep_credentials_within_the_origin_and_drop_them_beyond() {
    let (rig, other) = (Rig::start(), Rig::start());
    for provider in [
        bearer(),
        format!("[credentials.bearer]\ntoken = '{SECRET}'\nheader = 'x-token'\nheader_prefix = ''"),
        format!("[credentials.bearer]\ntoken = '{SECRET}'\nplacement = 'query'"),
        format!("[credentials.bearer]\ntoken = '{SECRET}'\nplacement = 'body'"),
        format!("[credentials.api_key]\nheaders = {{ x-one = '{SECRET}', x-two = '{SECRET}' }}"),
        format!("[credentials.api_key]\nkey = '{SECRET}'\nquery_parameter = 'key'"),
    ] {
        let client = client(&rig, &provider);
        for status in ["302", "307", "308"] {
            let send = |target: String| {
                let url = rig.resource_url("/rs/redirect");
                let request = client.post(url).query(&[("to", &target), ("status", status)]);
                request.form(&[("a", "b")]).header("x-plain", "kept").send()
            };
            let inside = json(send(rig.resource_url("/rs/echo")).await.unwrap()).await;
            // A form that became a GET can carry nothing in its body, so nothing is authorised there.
            let is_get_without_body = status == "302" && provider.contains("body");
            if !is_get_without_body {
                let echoed = inside.to_string();
                let in_body = provider.contains("body");
                assert!(in_body || echoed.contains(SECRET), "{provider} {status}: {echoed}");
            }
            let outside = json(send(other.resource_url("/rs/echo?x=1")).await.unwrap()).await;
            assert!(!outside.to_string().contains(SECRET), "{provider} {status}: {outside}");
            assert_eq!(outside["headers"]["x-plain"], "kept");
            assert_eq!(outside["query"]["x"], "1");
            assert_eq!(outside["headers"]["referer"], Value::Null);
        }
    }
}

#[tokio::test]
async fn headers_of_the_caller_are_removed_beyond_the_origin_too() {
    let (rig, other) = (Rig::start(), Rig::start());
    let client = client(&rig, &format!("[credentials.api_key]\nkey = '{SECRET}'"));
    let target = other.resource_url("/rs/echo?x-api-key=1");
    let request = client
        .get(rig.resource_url("/rs/redirect"))
        .query(&[("to", &target)])
        .header("authorization", "Basic s3cr3t")
        .header("cookie", "s3cr3t")
        .header("x-api-key", "my-own-s3cr3t");
    let echo = json(request.send().await.unwrap()).await;
    assert!(!echo.to_string().contains("s3cr3t"), "{echo}");
}

/// reqwest puts a builder's default headers on every request, whatever its target.
#[tokio::test]
async fn default_headers_stay_within_the_first_requests_origin() {
    let (rig, other) = (Rig::start(), Rig::start());
    let mut defaults = ::reqwest::header::HeaderMap::new();
    for name in ["authorization", "x-api-key", "x-default"] {
        defaults.insert(name, "default-s3cr3t".parse().unwrap());
    }
    let builder = ::reqwest::Client::builder().default_headers(defaults);
    let credentials = credentials(&rig, "bearer = 'mine'");
    let client = Client::from_builder(builder, credentials).unwrap();
    let redirect = |rig: &Rig, to: &str| {
        let mut url = ::reqwest::Url::parse(&rig.resource_url("/rs/redirect")).unwrap();
        url.query_pairs_mut().append_pair("to", to);
        url.to_string()
    };
    let inside = rig.resource_url("/rs/echo");
    for url in [inside.clone(), redirect(&rig, &inside)] {
        let echo = json(client.get(url).send().await.unwrap()).await;
        assert_eq!(echo["headers"]["x-api-key"], "default-s3cr3t");
        assert_eq!(echo["headers"]["x-default"], "default-s3cr3t");
        assert_eq!(echo["headers"]["authorization"], "Bearer mine");
    }
    let echo = json(client.get(&inside).withhold_token().send().await.unwrap()).await;
    assert_eq!(echo["headers"]["authorization"], "default-s3cr3t");
    let outside = other.resource_url("/rs/echo");
    for target in [outside.clone(), redirect(&other, &outside), redirect(&other, &inside)] {
        let url = redirect(&rig, &target);
        for request in [client.get(&url), client.get(&url).withhold_token()] {
            let echo = json(request.send().await.unwrap()).await;
            assert!(!echo.to_string().contains("s3cr3t"), "{target}: {echo}");
        }
    }
}

#[tokio::test]
async fn redirects_without_end_and_to_nowhere_are_errors() {
    let rig = Rig::start();
    let client = client(&rig, &bearer());
    let url = rig.resource_url("/rs/redirect");
    let chain = |length: usize| {
        let mut target = rig.resource_url("/rs/echo");
        for _ in 0..length {
            let encoded = target.replace('%', "%25").replace('?', "%3F").replace('&', "%26");
            target = format!("{url}?status=307&to={encoded}");
        }
        target
    };
    // Within the limit a chain is followed to its end.
    assert!(client.get(chain(10)).send().await.unwrap().status().is_success());
    let error = client.get(chain(11)).send().await.unwrap_err();
    assert!(error.to_string().contains("in a loop"), "{error}");
    for target in ["ftp://127.0.0.1/", "http://127.0.0.1:99999/"] {
        let request = client.get(&url).query(&[("to", target)]);
        let error = request.send().await.unwrap_err();
        assert!(error.to_string().contains("redirect"), "{error}");
    }
}
