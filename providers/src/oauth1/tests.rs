//! Wrong options are found before anything is sent, and requests get what they need.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Mutex,
    thread,
    time::{Duration, SystemTime},
};

use authn::{
    Body, Credentials, ErrorKind, Reaction, Request, ResponseHead, Result, Used, time::Clock,
};
use http::{HeaderMap, Method, StatusCode, Uri, request::Parts};

use super::{SignatureInput, SignatureMethod, encoding::pairs};
use crate::testing::{authorized, load, load_at, request, wait};

const CLIENT: &str = "client_id = 'me'\nclient_secret = 's3cret'\n";
const LOGIN: &str = "request_token_url = 'https://s.test/r'\nauthorization_url = 'https://s.test/a'\n\
                     access_token_url = 'https://s.test/t'\nstore = 'memory'\n";
const URL: &str = "https://api.example.com/a";

fn loaded(options: &str) -> Result<Credentials> {
    load(&format!("[credentials.oauth1]\n{options}"))
}

fn client(options: &str) -> Credentials {
    loaded(&format!("{CLIENT}{options}")).unwrap()
}

/// The parameters of a header, without their quotes.
fn header(parts: &Parts) -> BTreeMap<String, String> {
    let header = parts.headers["authorization"].to_str().unwrap();
    let (scheme, parameters) = header.split_once(' ').unwrap();
    assert_eq!(scheme, "OAuth");
    let pairs = parameters.split(", ").map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

fn names(form: &str) -> Vec<String> {
    pairs(form.as_bytes()).map(|(name, _)| String::from_utf8(name).unwrap()).collect()
}

const PROTOCOL: [&str; 6] = [
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
];

#[test]
fn wrong_options_are_named() {
    for (options, expected) in [
        ("", "client_id"),
        ("client_id = ''\nclient_secret = 's'", "client_id: it is empty"),
        ("client_id = 'me'", "client_secret: this signature method needs it"),
        ("client_id = 'me'\nclient_secret = ''", "client_secret: the secret is empty"),
        ("client_id = 'me'\nsignature_method = 'RSA-SHA1'", "private_key: this signature method"),
        (
            "client_id = 'me'\nsignature_method = 'RSA-SHA256'\nprivate_key = 'k3y'",
            "private_key: `private_key` holds no readable private key",
        ),
        (
            "client_id = 'me'\nclient_secret = 's'\nsignature_method = 'RSA-SHA256'",
            "client_secret: this signature method does not use it",
        ),
        ("client_id = 'me'\nclient_secret = 's'\nprivate_key = 'k'", "private_key: this signature"),
        (&format!("{CLIENT}token = 't'"), "token_secret: this signature method needs it"),
        (&format!("{CLIENT}token_secret = 't'"), "token_secret: it is set without `token`"),
        (&format!("{CLIENT}{LOGIN}token = 't'\ntoken_secret = 's'"), "token: it is set, although"),
        (&format!("{CLIENT}access_token_url = 'https://s.test/'"), "request_token_url: a login"),
        (
            &format!("{CLIENT}{LOGIN}").replace("https://s.test/a", "http://s.test/a"),
            "without encryption",
        ),
        (&format!("{CLIENT}callback = 'oob'"), "callback: it is set, although no user logs in"),
        (&format!("{CLIENT}{LOGIN}callback = 'nowhere'"), "callback: it is not an address"),
        (&format!("{CLIENT}realm = '\u{e4}'"), "realm: expected visible ASCII"),
        (&format!("{CLIENT}placement = 'cookie'"), "expected one of header, query, body"),
        (&format!("{CLIENT}header = 'x-token'"), "there is no option `header`"),
        (
            &format!("{CLIENT}signature_method = 'HMAC-SHA-256'"),
            "signature_method: no signature method has this name",
        ),
        (&format!("{CLIENT}signature_method = 'hmac-sha1'"), "no signature method has this name"),
    ] {
        let error = loaded(options).map(drop).expect_err(options);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        let error = error.to_string();
        assert!(error.contains(expected), "{options}\n{error}");
        assert!(!error.contains("s3cret") && !error.contains("k3y"), "{error}");
    }
    let error = loaded(&format!("{CLIENT}signature_method = 'HMAC-SHA-256'")).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("did you mean `HMAC-SHA256`?"), "{error}");
    assert!(error.contains("HMAC-SHA1, HMAC-SHA256, PLAINTEXT, REVERSED, RSA-SHA1"), "{error}");
}

#[test]
fn the_header_has_what_the_options_say() {
    let parts = authorized(&client(""), URL);
    let found = header(&parts);
    assert!(found.keys().eq(PROTOCOL), "{found:?}");
    assert!(parts.headers["authorization"].is_sensitive());
    assert_eq!(parts.uri, URL);

    let more =
        "token = 't/1'\ntoken_secret = 's'\nrealm = 'a \"b\"'\nsignature_method = 'PLAINTEXT'";
    let parts = authorized(&client(more), URL);
    let text = parts.headers["authorization"].to_str().unwrap();
    assert!(text.starts_with("OAuth realm=\"a \\\"b\\\"\", oauth_consumer_key=\"me\", "), "{text}");
    assert!(text.contains("oauth_token=\"t%2F1\""), "{text}");
    assert!(text.ends_with("oauth_signature=\"s3cret%26s\""), "{text}");
}

#[test]
fn parameters_go_to_the_query_or_the_form_and_replace_those_of_an_earlier_call() {
    let credentials = client("placement = 'query'\ntoken = 't'\ntoken_secret = 's'");
    let mut parts = request("https://api.example.com/a?b=%20&oauth_nonce=old&b");
    let mut seen = Vec::new();
    for _ in 0..2 {
        wait(credentials.authorize(&mut parts)).unwrap();
        let query = parts.uri.query().unwrap().to_owned();
        assert!(query.starts_with("b=%20&b&oauth_consumer_key=me&oauth_nonce="), "{query}");
        assert!(!query.contains("old") && names(&query).len() == 9, "{query}");
        seen.push(query);
    }
    assert_ne!(seen[0], seen[1]);
    assert!(!parts.headers.contains_key("authorization"));

    let credentials = client("placement = 'body'");
    let mut body = b"a=1+2&oauth_nonce=old".to_vec();
    let (mut parts, ()) = http::Request::post(URL)
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(())
        .unwrap()
        .into_parts();
    for _ in 0..2 {
        wait(credentials.authorize(Request::from(&mut parts).with_body(&mut body))).unwrap();
        let form = str::from_utf8(&body).unwrap();
        assert!(form.starts_with("a=1+2&oauth_consumer_key=me&") && !form.contains("old"));
        assert_eq!(names(form).len(), 7, "{form}");
    }
    let error = wait(credentials.authorize(&mut request(URL))).unwrap_err();
    assert!(error.to_string().contains("form-encoded body"), "{error}");
}

#[test]
fn a_signature_of_an_earlier_call_is_replaced_and_the_callers_own_is_kept() {
    let credentials = client("");
    // The first call waits for the exchange, the others do not.
    for _ in 0..2 {
        let mut parts = request(URL);
        for own in ["Basic YTpi", "OAuth oauth_consumer_key=\"you\", oauth_nonce=\"n\""] {
            parts.headers.insert("authorization", own.parse().unwrap());
            let mut used = Used::default();
            wait(credentials.authorize(Request::from(&mut parts).with_used(&mut used))).unwrap();
            assert_eq!(parts.headers["authorization"], own);
            assert!(used.token().is_none());
        }
        let ours = "OAuth oauth_consumer_key=\"me\", oauth_nonce=\"n\", oauth_signature=\"x\"";
        parts.headers.insert("authorization", ours.parse().unwrap());
        let mut used = Used::default();
        wait(credentials.authorize(Request::from(&mut parts).with_used(&mut used))).unwrap();
        assert!(header(&parts).keys().eq(PROTOCOL));
        assert!(used.token().is_some());
    }
    let replacing = client("override = true");
    let mut parts = request(URL);
    parts.headers.insert("authorization", "Basic YTpi".parse().unwrap());
    wait(replacing.authorize(&mut parts)).unwrap();
    assert!(header(&parts).keys().eq(PROTOCOL));
}

#[test]
fn a_form_must_be_known_and_other_bodies_need_not() {
    let post = |kind: &str| {
        let request = http::Request::post(URL).header("content-type", kind).body(()).unwrap();
        request.into_parts().0
    };
    let (plain, hashed) = (client(""), client("body_hash = true"));
    let form = "application/x-www-form-urlencoded";
    for (credentials, kind) in [(&plain, form), (&hashed, form), (&hashed, "application/json")] {
        let error = wait(credentials.authorize(&mut post(kind))).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("the body of this request is not known, so the request"), "{error}");
    }
    let mut parts = post("application/json");
    wait(plain.authorize(&mut parts)).unwrap();
    assert!(!header(&parts).contains_key("oauth_body_hash"));
    for (method, body, expected) in [
        // The digests are those of FIPS 180: of "abc", and of nothing.
        ("HMAC-SHA1", Body::Bytes(b"abc"), Some("qZk%2BNkcGgWq6PiVxeFDCbJzQ2J0%3D")),
        ("HMAC-SHA1", Body::Empty, Some("2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D")),
        (
            "HMAC-SHA256",
            Body::Bytes(b"abc"),
            Some("ungWv48Bz%2BpBQUDeXa4iI7ADYaOWF3qctBD%2FYfIAFa0%3D"),
        ),
    ] {
        let credentials = client(&format!("body_hash = true\nsignature_method = '{method}'"));
        let mut parts = post("application/json");
        wait(credentials.authorize(Request::from(&mut parts).with_known_body(body))).unwrap();
        assert_eq!(header(&parts).get("oauth_body_hash").map(String::as_str), expected);
    }
    let mut parts = post(form);
    wait(hashed.authorize(Request::from(&mut parts).with_known_body(Body::Bytes(b"a=1")))).unwrap();
    assert!(!header(&parts).contains_key("oauth_body_hash"), "a form is signed itself");
}

#[test]
fn no_two_requests_have_the_same_nonce() {
    const THREADS: usize = 8;
    const CALLS: usize = 10_000 / THREADS;
    let credentials = client("");
    let nonces = Mutex::new(HashSet::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..CALLS {
                    let parts = authorized(&credentials, URL);
                    let nonce = header(&parts).remove("oauth_nonce").unwrap();
                    assert!(
                        nonce.len() == 26 && nonce.bytes().all(|it| it.is_ascii_alphanumeric())
                    );
                    assert!(nonces.lock().unwrap().insert(nonce));
                }
            });
        }
    });
    assert_eq!(nonces.lock().unwrap().len(), THREADS * CALLS);
}

#[test]
fn a_refusal_because_of_the_clocks_is_answered_with_the_servers_time() {
    let credentials = load_at(&format!("[credentials.oauth1]\n{CLIENT}"), Clock::system()).unwrap();
    let now = SystemTime::now();
    let later = now + Duration::from_hours(1);
    let timestamp = || header(&authorized(&credentials, URL))["oauth_timestamp"].parse::<u64>();
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(timestamp().unwrap() < seconds(now) + 60);
    let answered = |status: StatusCode, date: SystemTime| {
        let mut used = Used::default();
        let mut parts = request(URL);
        wait(credentials.authorize(Request::from(&mut parts).with_used(&mut used))).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("date", httpdate::fmt_http_date(date).parse().unwrap());
        let uri = Uri::from_static(URL);
        credentials.response(&ResponseHead::new(&Method::GET, &uri, status, &headers), &used)
    };
    assert_eq!(answered(StatusCode::OK, later), Reaction::Pass);
    assert_eq!(answered(StatusCode::UNAUTHORIZED, now), Reaction::Invalidate);
    assert_eq!(answered(StatusCode::UNAUTHORIZED, later), Reaction::Retry);
    assert!(timestamp().unwrap() + 60 > seconds(later));
    assert_eq!(answered(StatusCode::UNAUTHORIZED, later), Reaction::Invalidate);
}

#[test]
fn a_client_goes_on_after_a_refusal() {
    let credentials = client("");
    for _ in 0..2 {
        let mut used = Used::default();
        let mut parts = request(URL);
        wait(credentials.authorize(Request::from(&mut parts).with_used(&mut used))).unwrap();
        credentials.invalidate(used.token().unwrap());
    }
    assert!(authorized(&credentials, URL).headers.contains_key("authorization"));
}

/// Writes the key backwards.
struct Reversed;

impl SignatureMethod for Reversed {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        assert!(input.base_string().starts_with("GET&https%3A%2F%2Fapi.example.com%2Fa&"));
        assert_eq!(format!("{input:?}"), "SignatureInput(..)");
        Ok(input.key().expose().chars().rev().collect())
    }
}

crate::signature_method!("REVERSED", Reversed);

#[test]
fn a_method_of_ones_own_signs() {
    let parts = authorized(&client("signature_method = 'REVERSED'"), URL);
    let found = header(&parts);
    assert_eq!(found["oauth_signature"], "%26terc3s");
    assert_eq!(found["oauth_signature_method"], "REVERSED");
}
