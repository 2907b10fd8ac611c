//! ID tokens of a server on the loopback interface.
//!
//! - [`claims`]: the claims that a token must have
//! - [`keys`]: where the key of a token comes from

mod claims;
mod keys;

use std::time::Duration;

use authn::{
    Context, Error, ErrorKind,
    time::{Clock, ManualClock},
};
use aws_lc_rs::{
    encoding::{AsBigEndian as _, Curve25519SeedBin},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::{
    jws::{self, Signer},
    oauth::loopback::{Loopback, loaded},
    testing::wait,
};

const METADATA: &str = "/.well-known/openid-configuration";
const JWKS: &str = "/jwks";

/// A text in every token that must not be in any error.
const MARKER: &str = "M4rK3r";

/// A key pair of the server's.
struct Pair {
    private: String,
    public: Value,
}

impl Pair {
    fn new(id: Option<&str>) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let seed: Curve25519SeedBin<'_> = pair.seed().unwrap().as_be_bytes().unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()), "kid": id,
        });
        let public = jwk.clone();
        jwk["d"] = encode(seed.as_ref()).into();
        Self { private: jwk.to_string(), public }
    }
}

/// A server with one client, and the client.
struct Login {
    server: Loopback,
    manual: ManualClock,
    options: OAuth,
    context: Context,
}

impl Login {
    /// Creates a server that publishes these keys, and a client that discovers them.
    fn new(pairs: &[&Pair]) -> Self {
        let server = Loopback::start();
        let issuer = server.url("");
        let metadata = json!({ "issuer": issuer, "jwks_uri": server.url(JWKS) });
        server.serve(METADATA, &metadata.to_string());
        let login = Self::with(server, &format!("issuer_url = '{issuer}'"));
        login.publish(pairs);
        login
    }

    fn with(server: Loopback, options: &str) -> Self {
        let manual = ManualClock::new();
        let options = format!("{options}\nclient_id = 'me'\nclient_secret = 's'");
        let (options, context) = loaded(&options, Clock::custom(manual.clone()));
        Self { server, manual, options, context }
    }

    fn publish(&self, pairs: &[&Pair]) {
        let keys: Vec<&Value> = pairs.iter().map(|pair| &pair.public).collect();
        self.server.serve(JWKS, &json!({ "keys": keys }).to_string());
    }

    /// Issues a token for the client. The claims are added to the usual ones or replace them.
    fn issue(&self, pair: &Pair, claims: &Value) -> String {
        let lifetime = Duration::from_mins(10);
        let mut all = jws::Claims::valid_for(lifetime, self.context.clock())
            .unwrap()
            .with("iss", self.server.url(""))
            .with("aud", "me")
            .with("sub", MARKER)
            .with("nonce", "n");
        for (name, value) in claims.as_object().unwrap() {
            all = all.with(name, value.clone());
        }
        let signer = Signer::with_private_key(&pair.private, None, None).unwrap();
        signer.sign(&all).unwrap().to_string()
    }

    fn verify(&self, token: &str) -> Result<Claims, Failure> {
        wait(verify(&self.options, &self.context, token, Asked { nonce: Some("n"), max_age: None }))
    }

    /// Returns the error of a wrong token.
    fn mismatch(&self, token: &str) -> String {
        match self.verify(token) {
            Err(Failure::Mismatch(error)) => shown(&error),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the error of a token that can't be checked.
    fn unable(&self, token: &str) -> String {
        match self.verify(token) {
            Err(Failure::Unable(error)) => shown(&error),
            other => panic!("{other:?}"),
        }
    }
}

fn shown(error: &Error) -> String {
    let text = format!("{error} {error:?}");
    assert!(!text.contains(MARKER), "{text}");
    text
}

#[test]
fn a_token_says_who_has_logged_in() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    let token = login.issue(
        &pair,
        &json!({
            "sub": "248", "preferred_username": "alice", "email": "alice@a.test", "name": "Alice A.",
            "email_verified": true, "upn": "a", "groups": ["x"], "level": 3, "picture": "p".repeat(2000),
        }),
    );
    let claims = login.verify(&token).unwrap();
    assert_eq!(claims.subject(), "248");
    for (name, expected) in [
        ("sub", Some("248")),
        ("preferred_username", Some("alice")),
        ("email", Some("alice@a.test")),
        ("name", Some("Alice A.")),
        ("upn", Some("a")),
        ("groups", None),
        ("level", None),
        ("picture", None),
        ("email_verified", Some("true")),
        ("none", None),
    ] {
        assert_eq!(claims.text(name), expected, "{name}");
    }
    assert_eq!(format!("{claims:?}"), "Claims { .. }");
}

#[test]
fn a_tampered_token_is_a_mismatch() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    let token = login.issue(&pair, &json!({}));
    assert!(login.verify(&token).is_ok());
    login.manual.advance(Duration::from_mins(1));
    let mut parts = token.split('.');
    let (header, signature) = (parts.next().unwrap(), parts.next_back().unwrap());
    let forged = URL_SAFE_NO_PAD.encode(json!({ "sub": "mallory", MARKER: MARKER }).to_string());
    let error = login.mismatch(&format!("{header}.{forged}.{signature}"));
    assert!(error.contains("a signature that is not the server's"), "{error}");
    let error = login.mismatch(&format!("{header}.{forged}"));
    assert!(error.contains("is not a signed token"), "{error}");
    let error = login.mismatch(&format!("{header}.{MARKER}.{MARKER}.{MARKER}.{MARKER}"));
    assert!(error.contains("does not encrypt them"), "{error}");
    // The key is known, so the server is not asked for new keys.
    assert_eq!(login.server.asked(JWKS), 1);
}

#[test]
fn an_algorithm_that_is_not_accepted_is_found_before_anything_is_sent() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    let claims = jws::Claims::valid_for(Duration::from_mins(1), login.context.clock()).unwrap();
    let shared = pair.public["x"].as_str().unwrap();
    let hmac = Signer::with_shared_secret(shared, None).unwrap().sign(&claims).unwrap();
    let none = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    for token in [hmac.as_str(), &none] {
        let error = login.unable(token);
        assert!(error.contains("with an accepted algorithm"), "{error}");
    }
    assert_eq!((login.server.asked(METADATA), login.server.asked(JWKS)), (0, 0));
}

#[test]
fn both_failures_are_errors_of_the_protocol() {
    let (pair, other) = (Pair::new(Some("k")), Pair::new(Some("other")));
    let login = Login::new(&[&pair]);
    for token in [login.issue(&pair, &json!({ "aud": "you" })), login.issue(&other, &json!({}))] {
        let error = Error::from(login.verify(&token).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
}
