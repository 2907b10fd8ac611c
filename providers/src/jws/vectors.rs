//! Signatures from the specifications, and keys in every form.

use aws_lc_rs::{
    encoding::AsDer as _,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _, UnparsedPublicKey,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::*;

pub(super) const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// RFC 7515, A.2.1.
pub(super) const RSA: &str = r#"{"kty":"RSA","kid":"a2","alg":"RS256",
    "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e":"AQAB",
    "d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    "p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    "q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    "dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    "dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    "qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// RFC 7515, A.3.1.
pub(super) const P256: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 8037, A.1.
pub(super) const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// RFC 7515, A.2.1.
pub(super) const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5\
    jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb\
    1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO\
    YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515, A.3.1.
pub(super) const ES256_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 8037, A.4.
pub(super) const ED25519_SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn sign(key: &Key, algorithm: Algorithm, message: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(algorithm, message.as_bytes()).unwrap())
}

#[test]
fn rfc_7515_a_1_hs256() {
    let secret = URL_SAFE_NO_PAD.decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let key = Key::Shared(secret.unwrap().into());
    let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}");
    assert_eq!(
        sign(&key, Algorithm::Hs256, &message),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
}

#[test]
fn rfc_7515_a_2_rs256() {
    let key = key::parse(RSA).unwrap().key;
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
    assert_eq!(sign(&key, Algorithm::Rs256, &message), RS256_SIGNATURE);
}

#[test]
fn rfc_7515_a_3_es256() {
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
    let public = [&[4], &*decoded("x"), &*decoded("y")].concat();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
    // Each signature differs, so ours is verified like the one in the specification.
    let ours = sign(&key::parse(P256).unwrap().key, Algorithm::Es256, &message);
    for signature in [ES256_SIGNATURE, &ours] {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(public.verify(message.as_bytes(), &signature).is_ok());
    }
}

#[test]
fn rfc_8037_a_4_ed25519() {
    let key = key::parse(ED25519).unwrap().key;
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(sign(&key, Algorithm::EdDsa, message), ED25519_SIGNATURE);
}

#[test]
fn keys_are_read_in_every_form_and_sign_with_all_their_algorithms() {
    for (text, algorithms) in [
        (RSA.to_owned(), "RS256 RS384 RS512 PS256 PS384 PS512"),
        (pem("PRIVATE KEY", &rsa_der()), "RS256 RS384 RS512 PS256 PS384 PS512"),
        // PKCS#8 contains PKCS#1 at its end, after 26 bytes that name the type.
        (pem("RSA PRIVATE KEY", &rsa_der()[26..]), "RS256 RS384 RS512 PS256 PS384 PS512"),
        (P256.to_owned(), "ES256"),
        (pem("PRIVATE KEY", p256().to_pkcs8v1().unwrap().as_ref()), "ES256"),
        (pem("EC PRIVATE KEY", p256().private_key().as_der().unwrap().as_ref()), "ES256"),
        (pem("PRIVATE KEY", p384().to_pkcs8v1().unwrap().as_ref()), "ES384"),
        (pem("EC PRIVATE KEY", p384().private_key().as_der().unwrap().as_ref()), "ES384"),
        (p384_jwk(), "ES384"),
        (ED25519.to_owned(), "EdDSA"),
        (pem("PRIVATE KEY", &ed25519_der()), "EdDSA"),
        (format!("a key:\n{}", pem("PRIVATE KEY", &ed25519_der())), "EdDSA"),
    ] {
        let key = match key::parse(&text) {
            Ok(parsed) => parsed.key,
            Err(what) => panic!("{what}: {text}"),
        };
        let found: Vec<_> = key.algorithms().map(Algorithm::name).collect();
        assert_eq!(found.join(" "), algorithms);
        assert!(key.signs(key.usual_algorithm()));
        for algorithm in key.algorithms() {
            assert!(key.sign(algorithm, b"message").is_some(), "{algorithm:?}");
        }
        assert!(key.sign(Algorithm::Hs256, b"message").is_none());
    }
}

#[test]
fn an_invalid_private_key_is_refused_and_not_shown() {
    let secret = "s3cr3t";
    let private = pem("PRIVATE KEY", &ed25519_der());
    for bad in [
        secret.to_owned(),
        String::new(),
        private.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        private.replace("PRIVATE KEY", "PUBLIC KEY"),
        private.replace("PRIVATE KEY", "EC PRIVATE KEY"),
        private.replace("-----END PRIVATE KEY-----", ""),
        pem("PRIVATE KEY", secret.as_bytes()),
        format!("{{\"kty\":\"{secret}\"}}"),
        format!("{{\"{secret}\"}}"),
        format!("{{\"kty\":\"oct\",\"k\":\"{secret}\"}}"),
        format!("{{\"keys\":[{ED25519}]}}"),
        ED25519.replace("\"x\"", "\"z\""),
        ED25519.replace("nWGx", "nWG="),
        ED25519.replace("nWGx", secret),
        P256.replace("f83O", "f83P"),
        P256.replace("P-256", "P-521"),
        RSA.replace("\"qi\"", "\"qj\""),
        RSA.replace("\"BwKf", "\"BwKg"),
        RSA.replace("RS256", secret),
    ] {
        let error = Signer::with_private_key(&bad, None, None).map(drop).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("`private_key`") && !text.contains(secret), "{bad}: {text}");
    }
}

#[test]
fn an_algorithm_must_fit_the_key() {
    for (algorithm, right) in [(Algorithm::Es256, false), (Algorithm::EdDsa, true)] {
        let signer = Signer::with_private_key(ED25519, Some(algorithm), None);
        assert_eq!(signer.is_ok(), right);
    }
    let error = Signer::with_private_key(RSA, Some(Algorithm::Es256), None).map(drop).unwrap_err();
    assert!(
        error.to_string().contains("`RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`"),
        "{error}"
    );
    assert!(Signer::with_shared_secret("secret", Some(Algorithm::Hs384)).is_ok());
    assert!(Signer::with_shared_secret("secret", Some(Algorithm::Rs256)).is_err());
}

#[test]
fn a_jwk_provides_its_identifier_and_algorithm_and_options_win() {
    let header = |signer: Signer| {
        let clock = authn::time::Clock::system();
        let claims = Claims::valid_for(std::time::Duration::from_mins(1), &clock).unwrap();
        let token = signer.sign(&claims).unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&header).unwrap()
    };
    let own = header(Signer::with_private_key(RSA, None, None).unwrap());
    assert_eq!(own, json!({ "alg": "RS256", "typ": "JWT", "kid": "a2" }));
    let options = Signer::with_private_key(RSA, Some(Algorithm::Ps384), Some("mine"));
    assert_eq!(header(options.unwrap()), json!({ "alg": "PS384", "typ": "JWT", "kid": "mine" }));
    let plain = header(Signer::with_private_key(ED25519, None, None).unwrap());
    assert_eq!(plain, json!({ "alg": "EdDSA", "typ": "JWT" }));
}

#[test]
fn an_algorithm_that_a_server_accepts_is_chosen_unless_one_is_named() {
    use Algorithm::{EdDsa, Es256, Ps256, Ps512, Rs256};
    let unnamed = pem("PRIVATE KEY", &rsa_der());
    for (key, named, accepted, chosen) in [
        (unnamed.as_str(), None, &[][..], Some(Rs256)),
        (&unnamed, None, &[Es256, Rs256], Some(Rs256)),
        (&unnamed, None, &[Es256, Ps512, Ps256], Some(Ps256)),
        (&unnamed, None, &[Es256, EdDsa], None),
        (&unnamed, Some(Rs256), &[Ps256], Some(Rs256)),
        // The JWK names one.
        (RSA, None, &[Ps256], Some(Rs256)),
        (ED25519, None, &[EdDsa], Some(EdDsa)),
        (ED25519, None, &[Es256], None),
    ] {
        let signer = Signer::with_private_key(key, named, None).unwrap();
        let found = signer.accepted_by(accepted).map(|signer| signer.algorithm);
        assert_eq!(found, chosen, "{named:?} {accepted:?}");
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn decoded(member: &str) -> Vec<u8> {
    let jwk: serde_json::Value = serde_json::from_str(P256).unwrap();
    URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
}

fn rsa_der() -> Vec<u8> {
    let Key::Rsa(pair) = key::parse(RSA).unwrap().key else { panic!("an RSA key") };
    pair.as_der().unwrap().as_ref().to_vec()
}

fn p256() -> EcdsaKeyPair {
    let Key::P256(pair) = key::parse(P256).unwrap().key else { panic!("a P-256 key") };
    pair
}

fn p384() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()
}

pub(super) fn p384_jwk() -> String {
    use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
    let pair = p384();
    let private: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (d, x, y) = (encode(private.as_ref()), encode(x), encode(y));
    json!({ "kty": "EC", "crv": "P-384", "d": d, "x": x, "y": y }).to_string()
}

fn ed25519_der() -> Vec<u8> {
    let Key::Ed25519(pair) = key::parse(ED25519).unwrap().key else { panic!("an Ed25519 key") };
    Ed25519KeyPair::to_pkcs8v1(&pair).unwrap().as_ref().to_vec()
}
