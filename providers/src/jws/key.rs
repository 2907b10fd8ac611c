//! `Key`: a key that signs tokens, read from PEM or a JWK.

use authn::private::pem;
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, RsaEncoding, RsaKeyPair,
    },
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use zeroize::{Zeroize as _, Zeroizing};

use super::{algorithm::Algorithm, jwk};

/// A key that signs. aws-lc wipes private keys when they are dropped.
pub(super) enum Key {
    Shared(Zeroizing<Vec<u8>>),
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key, with the algorithm and the identifier in its text.
pub(super) struct Parsed {
    pub(super) key: Key,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) key_id: Option<String>,
}

/// Parses a private key: PEM or a JWK. The error is the end of a sentence that starts with the option's name, and
/// contains nothing of the key.
pub(super) fn parse(text: &str) -> Result<Parsed, &'static str> {
    if text.trim_start().starts_with('{') {
        return jwk::parse(text);
    }
    let mut der = PrivateKeyDer::from_pem_slice(pem(text).as_bytes())
        .map_err(|_| "holds no readable private key")?;
    let key = match &der {
        PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
        PrivateKeyDer::Sec1(der) => elliptic(der.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
        _ => None,
    };
    der.zeroize();
    let key = key.ok_or("is a key of an unsupported type or size")?;
    Ok(Parsed { key, algorithm: None, key_id: None })
}

fn pkcs8(der: &[u8]) -> Option<Key> {
    let ed25519 = || Ed25519KeyPair::from_pkcs8(der).ok().map(Key::Ed25519);
    rsa(RsaKeyPair::from_pkcs8(der)).or_else(|| elliptic(der)).or_else(ed25519)
}

fn rsa<E>(pair: Result<RsaKeyPair, E>) -> Option<Key> {
    pair.ok().map(Key::Rsa)
}

/// SEC1 (RFC 5915) or PKCS#8.
fn elliptic(der: &[u8]) -> Option<Key> {
    let pair = |curve| EcdsaKeyPair::from_private_key_der(curve, der).ok();
    let p384 = || pair(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Key::P384);
    pair(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Key::P256).or_else(p384)
}

impl Key {
    /// Makes a key of a secret that the server has too.
    pub(super) fn shared(secret: &str) -> Self {
        Self::Shared(Zeroizing::new(secret.as_bytes().to_vec()))
    }

    /// Returns the algorithm that is used by default.
    pub(super) fn usual_algorithm(&self) -> Algorithm {
        match self {
            Self::Shared(_) => Algorithm::Hs256,
            Self::Rsa(_) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::P384(_) => Algorithm::Es384,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Returns the algorithms for this type of key.
    pub(super) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.iter().copied().filter(|algorithm| self.signs(*algorithm))
    }

    /// Returns whether an algorithm is for this type of key.
    pub(super) fn signs(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Shared(_) => hmac_algorithm(algorithm).is_some(),
            Self::Rsa(_) => rsa_encoding(algorithm).is_some(),
            _ => self.usual_algorithm() == algorithm,
        }
    }

    /// Signs a message. Returns `None` if the algorithm is not for this type of key, or if aws-lc refuses.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        if !self.signs(algorithm) {
            return None;
        }
        let random = SystemRandom::new();
        Some(match self {
            Self::Shared(secret) => {
                let key = hmac::Key::new(hmac_algorithm(algorithm)?, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(algorithm)?, &random, message, &mut signature).ok()?;
                signature
            }
            Self::P256(pair) | Self::P384(pair) => {
                pair.sign(&random, message).ok()?.as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.try_sign(message).ok()?.as_ref().to_vec(),
        })
    }
}

fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_SHA512),
        _ => None,
    }
}
