//! Which tokens are accepted, and that all others are refused.
//!
//! - [`vectors`]: signatures from the specifications
//! - [`forgery`]: forged and invalid tokens
//! - [`sets`]: key sets, valid and invalid

mod forgery;
mod sets;
mod vectors;

use std::slice;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::jws::{Algorithm, Key, key, vectors as keys};

/// A set of these keys.
fn set(keys: &[Value]) -> KeySet {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// The public part of a key, with further members.
fn public(private: &str, more: &Value) -> Value {
    let mut jwk: Value = serde_json::from_str(private).unwrap();
    let members = jwk.as_object_mut().unwrap();
    for name in ["d", "p", "q", "dp", "dq", "qi", "alg", "kid"] {
        members.remove(name);
    }
    members.extend(more.as_object().unwrap().clone());
    jwk
}

/// Header and payload, ready to be signed.
fn message(header: &Value, payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(&header.to_string()), encode(payload))
}

fn signed(header: &Value, key: &Key, algorithm: Algorithm) -> String {
    let message = message(header, "payload");
    let signature = key.sign(algorithm, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key_of(private: &str) -> Key {
    key::parse(private).map_or_else(|what| panic!("{what}"), |parsed| parsed.key)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    ParseError(ParseError),
    VerifyError(VerifyError),
}

fn verified(token: &str, keys: &KeySet) -> Result<Vec<u8>, Refused> {
    let signed = Signed::parse(token).map_err(Refused::ParseError)?;
    signed.verify(keys).map(<[u8]>::to_vec).map_err(Refused::VerifyError)
}

/// A key of P-521, which is only verified, with its public part.
fn p521() -> (EcdsaKeyPair, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(66);
    let [x, y] = [x, y].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let jwk = json!({ "kty": "EC", "crv": "P-521", "x": x, "y": y });
    (pair, jwk)
}

#[test]
fn every_algorithm_is_accepted_only_with_a_key_of_its_type() {
    let p384 = keys::p384_jwk();
    let (p521_pair, p521_jwk) = p521();
    let publics = [
        ("RSA", public(keys::RSA, &json!({}))),
        ("P-256", public(keys::P256, &json!({}))),
        ("P-384", public(&p384, &json!({}))),
        ("P-521", p521_jwk),
        ("Ed25519", public(keys::ED25519, &json!({}))),
    ];
    let mut tokens = Vec::new();
    for (sort, private) in
        [("RSA", keys::RSA), ("P-256", keys::P256), ("P-384", &p384), ("Ed25519", keys::ED25519)]
    {
        let key = key_of(private);
        for algorithm in key.algorithms() {
            tokens.push((sort, signed(&json!({ "alg": algorithm.name() }), &key, algorithm)));
        }
    }
    let named_anew = json!({ "alg": "Ed25519" });
    tokens.push(("Ed25519", signed(&named_anew, &key_of(keys::ED25519), Algorithm::EdDsa)));
    let message = message(&json!({ "alg": "ES512" }), "payload");
    let signature = p521_pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    tokens.push(("P-521", format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))));

    assert_eq!(tokens.len(), 6 + 1 + 1 + 1 + 2);
    for (sort, token) in tokens {
        for (other, jwk) in &publics {
            let found = verified(&token, &set(slice::from_ref(jwk)));
            if sort == *other {
                assert_eq!(found, Ok(b"payload".to_vec()), "{sort}");
            } else {
                let unknown = Err(Refused::VerifyError(VerifyError::UnknownKey));
                assert_eq!(found, unknown, "{sort}, {other}");
            }
        }
        let all: Vec<Value> = publics.iter().map(|(_, jwk)| jwk.clone()).collect();
        assert!(verified(&token, &set(&all)).is_ok(), "{sort}");
    }
}

#[test]
fn the_token_names_its_key() {
    let key = key_of(keys::ED25519);
    let token = |header: &Value| signed(header, &key, Algorithm::EdDsa);
    let right = |more: &Value| public(keys::ED25519, more);
    let wrong = |more: &Value| {
        let other = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(other.public_key().as_ref());
        public(&json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string(), more)
    };
    let (a, b, none) = (json!({ "kid": "a" }), json!({ "kid": "b" }), json!({}));
    let (unknown, forged) = (
        Err(Refused::VerifyError(VerifyError::UnknownKey)),
        Err(Refused::VerifyError(VerifyError::Forged)),
    );
    let named = token(&json!({ "alg": "EdDSA", "kid": "a" }));
    let unnamed = token(&json!({ "alg": "EdDSA" }));
    assert!(Signed::parse(&named).is_ok_and(|token| token.names_key()));
    assert!(Signed::parse(&unnamed).is_ok_and(|token| !token.names_key()));
    let ok = || Ok(b"payload".to_vec());
    for (keys, with_name, without) in [
        (vec![], unknown.clone(), unknown.clone()),
        (vec![right(&a)], ok(), ok()),
        (vec![right(&b)], unknown.clone(), ok()),
        (vec![right(&none)], unknown.clone(), ok()),
        (vec![wrong(&a), right(&b)], forged.clone(), ok()),
        (vec![wrong(&b), right(&a)], ok(), ok()),
        // Two keys can have the same identifier (RFC 7517, 4.5).
        (vec![wrong(&a), right(&a)], ok(), ok()),
        (vec![wrong(&a), wrong(&none)], forged.clone(), forged.clone()),
        (vec![public(keys::RSA, &a)], forged.clone(), unknown.clone()),
        (vec![right(&json!({ "kid": "a", "use": "enc" }))], unknown.clone(), unknown.clone()),
        (vec![right(&json!({ "use": "sig", "kid": "a" }))], ok(), ok()),
        (
            vec![right(&json!({ "key_ops": ["sign"], "kid": "a" }))],
            unknown.clone(),
            unknown.clone(),
        ),
        (vec![right(&json!({ "key_ops": ["x", "verify"], "kid": "a" }))], ok(), ok()),
        (vec![right(&json!({ "alg": "EdDSA", "kid": "a" }))], ok(), ok()),
        (vec![right(&json!({ "alg": "ES256", "kid": "a" }))], unknown.clone(), unknown.clone()),
    ] {
        let described = format!("{keys:?}");
        let keys = set(&keys);
        assert_eq!(verified(&named, &keys), with_name, "{described}");
        assert_eq!(verified(&unnamed, &keys), without, "{described}");
    }
}
