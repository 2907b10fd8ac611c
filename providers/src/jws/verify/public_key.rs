//! `PublicKey`: one key of a set (RFC 7517, 4; RFC 7518, 6; RFC 8037, 2).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RsaPublicKeyComponents,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::algorithm::PublicKeyAlgorithm;

/// The sizes that an RSA modulus may have, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key that verifies signatures.
pub(super) struct PublicKey {
    id: Option<String>,
    /// The only algorithm that the key may be used with, if it names one.
    only: Option<PublicKeyAlgorithm>,
    material: Material,
}

enum Material {
    /// An RSA key, which works with several algorithms.
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A point, which works with the algorithm of its curve only.
    Point(PublicKeyAlgorithm, ParsedPublicKey),
}

/// The members of a JWK that are used.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<PublicKeyAlgorithm>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl PublicKey {
    /// Makes a key of its members. Returns `None` if it is invalid, of an unknown type or not for signatures.
    pub(super) fn new(jwk: Jwk) -> Option<Self> {
        let signs = jwk.r#use.as_deref().is_none_or(|what| what == "sig");
        let verifies = |operations: &Vec<String>| operations.iter().any(|what| what == "verify");
        if !signs || !jwk.key_ops.as_ref().is_none_or(verifies) {
            return None;
        }
        let material = match (&*jwk.kty, jwk.crv.as_deref()) {
            ("RSA", _) => rsa(member(jwk.n)?, member(jwk.e)?)?,
            ("EC", Some(curve)) => {
                let (algorithm, verification, length) = match curve {
                    "P-256" => (PublicKeyAlgorithm::Es256, &ECDSA_P256_SHA256_FIXED, 32),
                    "P-384" => (PublicKeyAlgorithm::Es384, &ECDSA_P384_SHA384_FIXED, 48),
                    "P-521" => (PublicKeyAlgorithm::Es512, &ECDSA_P521_SHA512_FIXED, 66),
                    _ => return None,
                };
                // Uncompressed (SEC 1, 2.3.3); aws-lc checks that the point is on the curve.
                let point = [vec![4], coordinate(jwk.x, length)?, coordinate(jwk.y, length)?];
                let key = ParsedPublicKey::new(verification, point.concat()).ok()?;
                Material::Point(algorithm, key)
            }
            ("OKP", Some("Ed25519")) => {
                let point = coordinate(jwk.x, 32)?;
                Material::Point(
                    PublicKeyAlgorithm::Ed25519,
                    ParsedPublicKey::new(&ED25519, point).ok()?,
                )
            }
            _ => return None,
        };
        let key = Self { id: jwk.kid, only: jwk.alg, material };
        jwk.alg.is_none_or(|only| key.fits(only)).then_some(key)
    }

    /// Returns whether the key has this identifier.
    pub(super) fn is(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }

    /// Returns whether the key is for this algorithm.
    pub(super) fn fits(&self, algorithm: PublicKeyAlgorithm) -> bool {
        self.only.is_none_or(|only| only == algorithm)
            && match &self.material {
                Material::Rsa(_) => algorithm.rsa().is_some(),
                Material::Point(own, _) => *own == algorithm,
            }
    }

    /// Returns whether the key is for this algorithm and its owner has signed the message.
    pub(super) fn verifies(
        &self,
        algorithm: PublicKeyAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.fits(algorithm)
            && match (&self.material, algorithm.rsa()) {
                (Material::Rsa(key), Some(parameters)) => {
                    key.verify(parameters, message, signature).is_ok()
                }
                (Material::Rsa(_), None) => false,
                (Material::Point(_, key), _) => key.verify_sig(message, signature).is_ok(),
            }
    }
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Option<Material> {
    let (n, e) = (without_zeros(n), without_zeros(e));
    let unused = n.first()?.leading_zeros() as usize;
    // With the exponent 1 every message would be its own signature. An even exponent has no private key.
    let is_exponent = e.last().is_some_and(|last| last % 2 == 1) && e != [1];
    (RSA_BITS.contains(&(n.len() * 8 - unused)) && is_exponent)
        .then_some(Material::Rsa(RsaPublicKeyComponents { n, e }))
}

/// Removes leading zeros. A number must not have any (RFC 7518, 2), but some libraries write one.
fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

/// Decodes a coordinate, which must have its full length (RFC 7518, 6.2.1.2). Otherwise bytes could be moved from one
/// coordinate to the other.
fn coordinate(text: Option<String>, length: usize) -> Option<Vec<u8>> {
    member(text).filter(|bytes| bytes.len() == length)
}

fn member(text: Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}
