//! Attacks.

use aws_lc_rs::{hmac, signature::Ed25519KeyPair};

use super::*;

const ALGORITHM: Result<Vec<u8>, Refused> = Err(Refused::ParseError(ParseError::Algorithm));
const FORGED: Result<Vec<u8>, Refused> = Err(Refused::VerifyError(VerifyError::Forged));

#[test]
fn a_public_key_is_not_an_hmac_secret() {
    let jwk = public(keys::RSA, &json!({ "kid": "k" }));
    let modulus = jwk["n"].as_str().unwrap();
    for secret in [
        jwk.to_string().into_bytes(),
        modulus.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(modulus).unwrap(),
        Vec::new(),
    ] {
        for (name, algorithm) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            let message = message(&json!({ "alg": name, "kid": "k" }), "payload");
            let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), message.as_bytes());
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(verified(&token, &set(slice::from_ref(&jwk))), ALGORITHM);
            // A shared key in the set does not help.
            let shared = json!({ "kty": "oct", "kid": "k", "k": URL_SAFE_NO_PAD.encode(&secret) });
            assert_eq!(verified(&token, &set(&[shared])), ALGORITHM);
        }
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let keys = set(&[public(keys::RSA, &json!({})), public(keys::ED25519, &json!({}))]);
    for name in ["none", "None", "NONE", "nOnE", "", " ", "rs256", "RS256 ", "RSA-OAEP", "ES256K"] {
        let message = message(&json!({ "alg": name }), "payload");
        assert_eq!(verified(&format!("{message}."), &keys), ALGORITHM, "{name}");
        assert_eq!(verified(&format!("{message}.AAAA"), &keys), ALGORITHM, "{name}");
    }
    for name in ["RS256", "PS256", "EdDSA"] {
        let message = message(&json!({ "alg": name }), "payload");
        assert_eq!(verified(&format!("{message}."), &keys), FORGED, "{name}");
        assert!(verified(&message, &keys).is_err(), "{name}");
    }
}

#[test]
fn the_header_can_not_choose_another_algorithm_for_a_signature() {
    let names =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
    for private in [keys::RSA, keys::P256, keys::ED25519] {
        let key = key_of(private);
        let keys = set(&[public(private, &json!({ "kid": "k" }))]);
        for algorithm in key.algorithms() {
            for name in names {
                let header = json!({ "alg": name, "kid": "k" });
                let is_right = name == algorithm.name();
                let found = verified(&signed(&header, &key, algorithm), &keys);
                assert_eq!(found.is_ok(), is_right, "{name} {algorithm:?}");
                assert!(is_right || found == FORGED, "{name} {algorithm:?}");
            }
        }
    }
    // Nor an algorithm that the key is not for.
    let key = key_of(keys::RSA);
    let only = set(&[public(keys::RSA, &json!({ "kid": "k", "alg": "PS256" }))]);
    let header = |name: &str| json!({ "alg": name, "kid": "k" });
    assert_eq!(verified(&signed(&header("RS256"), &key, Algorithm::Rs256), &only), FORGED);
    assert!(verified(&signed(&header("PS256"), &key, Algorithm::Ps256), &only).is_ok());
}

#[test]
fn a_token_can_not_provide_its_own_key() {
    let attacker = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(attacker.public_key().as_ref());
    let own = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k" });
    let keys = set(&[public(keys::ED25519, &json!({ "kid": "k" }))]);
    for header in [
        json!({ "alg": "EdDSA", "kid": "k", "jwk": own }),
        json!({ "alg": "EdDSA", "jwk": own }),
        json!({ "alg": "EdDSA", "jku": "https://attacker.test/jwks" }),
        json!({ "alg": "EdDSA", "x5u": "https://attacker.test/x5u", "x5c": ["AAAA"] }),
    ] {
        let message = message(&header, "payload");
        let signature = URL_SAFE_NO_PAD.encode(attacker.sign(message.as_bytes()));
        assert_eq!(verified(&format!("{message}.{signature}"), &keys), FORGED, "{header}");
    }
}

#[test]
fn critical_parameters_and_invalid_tokens_are_refused() {
    let key = key_of(keys::ED25519);
    let keys = set(&[public(keys::ED25519, &json!({}))]);
    let critical = |value: Value| {
        let header = json!({ "alg": "EdDSA", "crit": value, "b64": false });
        verified(&signed(&header, &key, Algorithm::EdDsa), &keys)
    };
    for value in [json!(["b64"]), json!([]), json!(["exp"]), json!(null), json!(1)] {
        let found = critical(value);
        assert!(
            matches!(found, Err(Refused::ParseError(ParseError::Malformed(what))) if what.contains("critical"))
        );
    }
    let sign = |header: &str| {
        let message = format!("{}.e30", URL_SAFE_NO_PAD.encode(header));
        let signature = key.sign(Algorithm::EdDsa, message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    assert!(verified(&sign(r#"{"alg":"EdDSA","typ":"JWT","cty":[1]}"#), &keys).is_ok());
    let good = sign(r#"{"alg":"EdDSA"}"#);
    for bad in [
        sign(r#"{"alg":"EdDSA","alg":"EdDSA"}"#),
        sign(r#"{"alg":"EdDSA","crit":["a"],"crit":["b"]}"#),
        sign(r#"["EdDSA",null,false]"#),
        sign(r#" {"alg":"EdDSA"}"#),
        sign(r#"{"alg":"EdDSA"}{}"#),
        sign(r#"{"alg":1}"#),
        sign(r#"{"alg":"EdDSA","kid":1}"#),
        sign("{}"),
        sign(""),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{good}"),
        format!("{good}="),
        format!("{good}\n"),
        format!(" {good}"),
        good.replace('.', ":"),
        good.replacen("e30", "e30.e30", 1),
        good.replacen("e30", "e3=", 1),
        format!("ä{good}"),
        "A".repeat(LARGEST + 1),
    ] {
        let found = verified(&bad, &keys);
        assert!(
            matches!(found, Err(Refused::ParseError(ParseError::Malformed(_)))),
            "{bad}: {found:?}"
        );
    }
    assert!(verified(&good, &keys).is_ok());
}
