//! `KeyPair`: a key pair that this program makes for itself. Each token that it signs contains the public key
//! (RFC 7515, 4.1.3).

use authn::{Error, Result};
use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsBigEndian as _,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    algorithm::Algorithm,
    key::{self, Key},
};
use crate::choice::choice;

choice! {
    /// An algorithm for which a key pair is made at once. An RSA key takes too long.
    pub(crate) enum KeyPairAlgorithm {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

/// A key pair. The private key is wiped when it is dropped.
pub(crate) struct KeyPair {
    key: Key,
    algorithm: Algorithm,
    /// The header of its tokens, encoded.
    header: String,
    thumbprint: String,
}

/// The header of a token with its public key.
#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    jwk: &'a Public,
}

/// The members of a public key that a thumbprint covers, in their order there (RFC 7638, 3.2; RFC 8037, 2).
#[derive(Serialize)]
struct Public {
    crv: &'static str,
    kty: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// A private key as a JWK (RFC 7517; RFC 7518, 6.2.2; RFC 8037, 2).
#[derive(Serialize)]
struct Private<'a> {
    #[serde(flatten)]
    public: &'a Public,
    alg: &'a str,
    d: &'a str,
}

impl KeyPair {
    /// Makes a key pair, as the JWK of the private key.
    pub(crate) fn generate(algorithm: KeyPairAlgorithm) -> Result<Zeroizing<String>> {
        let made = match algorithm {
            KeyPairAlgorithm::Es256 => {
                elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING).map(|(pair, d)| (Key::P256(pair), d))
            }
            KeyPairAlgorithm::Es384 => {
                elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING).map(|(pair, d)| (Key::P384(pair), d))
            }
            KeyPairAlgorithm::EdDsa => edwards().map(|(pair, d)| (Key::Ed25519(pair), d)),
        };
        let text = made.and_then(|(key, d)| {
            let d = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*d));
            let private = Private { public: &public(&key)?, alg: algorithm.name(), d: &d };
            serde_json::to_string(&private).ok().map(Zeroizing::new)
        });
        text.ok_or_else(|| {
            Error::internal("this system can't make a key pair")
                .with_help("check the system's entropy source")
        })
    }

    /// Reads a private key that [`generate`](Self::generate) has made, for tokens of a type; `None` if it is none.
    pub(crate) fn parse(jwk: &str, typ: &str) -> Option<Self> {
        let key = key::parse(jwk).ok()?.key;
        let algorithm = key.usual_algorithm();
        let jwk = public(&key)?;
        let header = Header { typ, alg: algorithm.name(), jwk: &jwk };
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?);
        let thumbprint = thumbprint(&serde_json::to_string(&jwk).ok()?);
        Some(Self { key, algorithm, header, thumbprint })
    }

    /// Returns the thumbprint of the public key (RFC 7638).
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Signs claims and returns the token.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String> {
        let failed = || Error::internal("a claim or a key pair is invalid").with_help("report it");
        let mut token = self.header.clone();
        token.push('.');
        URL_SAFE_NO_PAD
            .encode_string(serde_json::to_vec(claims).map_err(|_| failed())?, &mut token);
        let signature = self.key.sign(self.algorithm, token.as_bytes()).ok_or_else(failed)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// Returns the thumbprint of a public key, from the members that it covers in their order (RFC 7638, 3).
fn thumbprint(jwk: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes()))
}

type PrivateBytes = Zeroizing<Vec<u8>>;

fn elliptic(curve: &'static EcdsaSigningAlgorithm) -> Option<(EcdsaKeyPair, PrivateBytes)> {
    let pair = EcdsaKeyPair::generate(curve).ok()?;
    let private = pair.private_key().as_be_bytes().ok()?.as_ref().to_vec();
    Some((pair, Zeroizing::new(private)))
}

fn edwards() -> Option<(Ed25519KeyPair, PrivateBytes)> {
    let pair = Ed25519KeyPair::generate().ok()?;
    let seed = pair.seed().ok()?.as_be_bytes().ok()?.as_ref().to_vec();
    Some((pair, Zeroizing::new(seed)))
}

fn public(key: &Key) -> Option<Public> {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = |crv, pair: &EcdsaKeyPair| {
        // Uncompressed (SEC 1, 2.3.3): 4, and two coordinates of the same length.
        let [_, coordinates @ ..] = pair.public_key().as_ref() else { return None };
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        Some(Public { crv, kty: "EC", x: encode(x), y: Some(encode(y)) })
    };
    match key {
        Key::P256(pair) => point("P-256", pair),
        Key::P384(pair) => point("P-384", pair),
        Key::Ed25519(pair) => {
            let x = encode(pair.public_key().as_ref());
            Some(Public { crv: "Ed25519", kty: "OKP", x, y: None })
        }
        Key::Shared(_) | Key::Rsa(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jws::{KeySet, Signed};

    /// Returns the header of a token, and its payload if the key in the header has signed it.
    fn verified(token: &str) -> (Value, Value) {
        let part = |at| URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&part(0)).unwrap();
        let keys = json!({ "keys": [header["jwk"]] }).to_string();
        let keys = KeySet::read(keys.as_bytes()).unwrap();
        let signed = Signed::parse(token).unwrap();
        let payload = serde_json::from_slice(signed.verify(&keys).unwrap()).unwrap();
        (header, payload)
    }

    #[test]
    fn a_token_is_verified_with_the_public_key_in_it() {
        for algorithm in KeyPairAlgorithm::ALL.iter().copied() {
            let text = KeyPair::generate(algorithm).unwrap();
            let pair = KeyPair::parse(&text, "test+jwt").unwrap();
            let (header, payload) = verified(&pair.sign(&json!({ "a": "ü\"" })).unwrap());
            assert_eq!(payload, json!({ "a": "ü\"" }));
            assert_eq!(
                (&header["typ"], &header["alg"]),
                (&json!("test+jwt"), &json!(algorithm.name()))
            );
            assert!(header["jwk"].get("d").is_none() && header.as_object().unwrap().len() == 3);
            // The text is a JWK that another program can read.
            let private: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(private["x"], header["jwk"]["x"]);
            assert_eq!(private["alg"], header["alg"]);
            assert_eq!(thumbprint(&header["jwk"].to_string()), pair.thumbprint());
            let again = KeyPair::parse(&text, "test+jwt").unwrap();
            assert_eq!(again.thumbprint(), pair.thumbprint());
            assert_ne!(KeyPair::generate(algorithm).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_key_pair_is_not_read() {
        for text in ["", "{}", "abc", r#"{"kty":"oct","k":"AAAA"}"#] {
            assert!(KeyPair::parse(text, "t").is_none(), "{text}");
        }
    }

    #[test]
    fn thumbprints_are_those_of_the_specifications() {
        let rsa = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
        let elliptic = Public {
            crv: "P-256",
            kty: "EC",
            x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs".to_owned(),
            y: Some("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA".to_owned()),
        };
        let elliptic = serde_json::to_string(&elliptic).unwrap();
        for (specification, jwk, expected) in [
            ("RFC 7638, 3.1", rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            ("RFC 9449, 6.1", &elliptic, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        ] {
            assert_eq!(thumbprint(jwk), expected, "{specification}");
        }
    }
}
