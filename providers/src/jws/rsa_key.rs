//! `RsaKey`: signs with RSASSA-PKCS1-v1_5 (RFC 8017, 8.2), also with SHA-1, which protocols older than JWTs need.

use std::sync::OnceLock;

use authn::{Error, Result};
use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
    encoding::{AsDer as _, Pkcs8V1Der},
    signature::RsaKeyPair,
};
use rsa::{Pkcs1v15Sign, PrivateKey, pkcs8::DecodePrivateKey as _};

use super::{
    algorithm::Algorithm,
    key::{self, Key},
};

/// What stands before a digest of SHA-1 (RFC 8017, 9.2, note 1).
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// A private RSA key.
pub(crate) struct RsaKey {
    key: Key,
    /// The same for SHA-1, with which aws-lc-rs verifies but does not sign.
    for_sha1: OnceLock<Option<PrivateKey>>,
}

impl RsaKey {
    /// Reads a key: PEM (PKCS#8, PKCS#1) or a JWK. The error names the option `private_key`, and contains nothing of the
    /// key.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parsed = key::parse(text).and_then(|parsed| match parsed.key {
            key @ Key::Rsa(_) => Ok(Self { key, for_sha1: OnceLock::new() }),
            _ => Err("is not an RSA key"),
        });
        parsed.map_err(|what| {
            Error::configuration(format!("`private_key` {what}")).with_help(
                "set it to a private RSA key of 2048 to 8192 bits, in PEM (PKCS#8 or PKCS#1, without a passphrase) or \
                 as a JWK",
            )
        })
    }

    /// Signs a message with SHA-256.
    pub(crate) fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.key.sign(Algorithm::Rs256, message).ok_or_else(cannot_sign)
    }

    /// Signs a message with SHA-1.
    pub(crate) fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>> {
        let key = self.for_sha1.get_or_init(|| match &self.key {
            Key::Rsa(pair) => other(pair),
            _ => None,
        });
        let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: SHA1_PREFIX.into() };
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
        key.as_ref().and_then(|key| key.sign(padding, digest.as_ref()).ok()).ok_or_else(cannot_sign)
    }
}

/// Returns a key of aws-lc as one of the crate rsa. Both wipe it when it is dropped.
fn other(pair: &RsaKeyPair) -> Option<PrivateKey> {
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    PrivateKey::from_pkcs8_der(der.as_ref()).ok()
}

fn cannot_sign() -> Error {
    Error::configuration("`private_key` can't sign")
        .with_help("generate a new key pair and register it at the server")
}
