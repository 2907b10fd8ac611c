//! Key sets, valid and invalid.

use proptest::prelude::*;

use super::*;

/// Returns how many of the keys are kept. A good key is added, which must be found among them.
fn kept(keys: Vec<Value>) -> usize {
    let good = public(keys::ED25519, &json!({ "kid": "good" }));
    let all: Vec<Value> = keys.into_iter().chain([good]).collect();
    let set = set(&all);
    let token =
        signed(&json!({ "alg": "EdDSA", "kid": "good" }), &key_of(keys::ED25519), Algorithm::EdDsa);
    assert!(verified(&token, &set).is_ok(), "a bad key hides a good one: {all:?}");
    set.len() - 1
}

fn rsa(bits: usize, exponent: &[u8]) -> Value {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] = 0xff >> (modulus.len() * 8 - bits);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "RSA", "n": encode(&modulus), "e": encode(exponent) })
}

fn with(private: &str, name: &str, value: impl Into<Value>) -> Value {
    let mut jwk = public(private, &json!({}));
    jwk[name] = value.into();
    jwk
}

/// A point whose coordinates have the right length together only.
fn shifted() -> Value {
    let mut jwk = public(keys::P256, &json!({}));
    let [x, y] =
        ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap());
    let both = [x, y].concat();
    let (x, y) = both.split_at(31);
    (jwk["x"], jwk["y"]) = (URL_SAFE_NO_PAD.encode(x).into(), URL_SAFE_NO_PAD.encode(y).into());
    jwk
}

#[test]
fn unusable_keys_are_left_out() {
    let (x, y) =
        (public(keys::P256, &json!({}))["x"].clone(), public(keys::P256, &json!({}))["y"].clone());
    let ed25519 = public(keys::ED25519, &json!({}))["x"].as_str().unwrap().to_owned();
    for bad in [
        json!(null),
        json!(1),
        json!("key"),
        json!([]),
        json!(["OKP", null, null, "EdDSA", "k", "Ed25519", null, null, ed25519, null]),
        json!({}),
        json!({ "kty": 1 }),
        json!({ "kty": "oct", "k": "AAAA" }),
        json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": x, "y": y }),
        json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y }),
        json!({ "kty": "EC", "crv": "P-256", "x": x }),
        json!({ "kty": "EC", "crv": "P-256", "x": y, "y": x }),
        json!({ "kty": "EC", "x": x, "y": y }),
        json!({ "kty": "OKP", "crv": "X25519", "x": ed25519 }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": &ed25519[1..] }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": format!("{ed25519}=") }),
        with(keys::P256, "x", "AAAA"),
        shifted(),
        with(keys::P256, "use", "enc"),
        with(keys::P256, "use", 1),
        with(keys::P256, "key_ops", json!([])),
        with(keys::P256, "key_ops", "verify"),
        with(keys::P256, "alg", "ES384"),
        with(keys::P256, "alg", "ECDH-ES"),
        with(keys::P256, "alg", "HS256"),
        with(keys::P256, "alg", "none"),
        with(keys::RSA, "alg", "RSA-OAEP"),
        with(keys::RSA, "alg", "ES256"),
        with(keys::RSA, "n", ""),
        with(keys::RSA, "n", Value::Null),
        with(keys::RSA, "n", "AAAA"),
        with(keys::RSA, "e", ""),
        rsa(1024, &[1, 0, 1]),
        rsa(2047, &[1, 0, 1]),
        rsa(8193, &[1, 0, 1]),
        rsa(16384, &[1, 0, 1]),
        rsa(2048, &[1]),
        rsa(2048, &[0, 0, 1]),
        rsa(2048, &[2]),
        rsa(2048, &[0]),
    ] {
        let described = bad.to_string();
        assert_eq!(kept(vec![bad]), 0, "{described}");
    }
}

#[test]
fn usable_keys_are_kept() {
    for good in [
        rsa(2048, &[1, 0, 1]),
        rsa(2049, &[3]),
        rsa(8192, &[1, 0, 1]),
        with(keys::RSA, "x5c", json!(["AAAA", 1])),
        with(keys::P256, "use", "sig"),
        with(keys::P256, "use", Value::Null),
        with(keys::P256, "alg", "ES256"),
        with(keys::P256, "key_ops", json!(["verify"])),
        with(keys::P256, "kid", ""),
    ] {
        let described = good.to_string();
        assert_eq!(kept(vec![good]), 1, "{described}");
    }
    // A leading zero of a modulus is wrong but harmless.
    let mut padded = public(keys::RSA, &json!({}));
    let modulus = URL_SAFE_NO_PAD.decode(padded["n"].as_str().unwrap()).unwrap();
    padded["n"] = URL_SAFE_NO_PAD.encode([vec![0], modulus].concat()).into();
    let token = signed(&json!({ "alg": "PS512" }), &key_of(keys::RSA), Algorithm::Ps512);
    assert!(verified(&token, &set(&[padded])).is_ok());
}

#[test]
fn a_set_is_an_object_with_a_list_and_has_limits() {
    for bad in ["", "{", "[]", "null", "1", "\"keys\"", "{}", r#"{"keys":null}"#, r#"{"keys":{}}"#]
    {
        assert!(KeySet::read(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(KeySet::read(br#"{"keys":[],"more":1}"#).is_ok_and(|set| set.len() == 0));
    let deep = format!("{{\"keys\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(KeySet::read(deep.as_bytes()).is_err());
    let many = vec![public(keys::ED25519, &json!({})); 1000];
    assert_eq!(set(&many).len(), 100);
    let large = format!("{{\"keys\":[],\"more\":\"{}\"}}", "x".repeat(256 * 1024));
    assert_eq!(KeySet::read(large.as_bytes()).map(drop), Err("more than 256 KiB"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_panics(body: Vec<u8>, token in ".*", header in ".*", signature: Vec<u8>) {
        drop(KeySet::read(&body));
        let keys = set(&[public(keys::RSA, &json!({})), public(keys::P256, &json!({}))]);
        prop_assert!(verified(&token, &keys).is_err());
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        for header in [header.as_str(), r#"{"alg":"RS256"}"#, r#"{"alg":"ES256"}"#] {
            let token =
                format!("{}.{}.{}", encode(header.as_bytes()), encode(&body), encode(&signature));
            prop_assert!(verified(&token, &keys).is_err());
        }
    }
}
