//! Signed tokens of others, in the compact form of RFC 7515, 7.1, and the keys that verify them.
//!
//! - [`key_set`]: the keys that a server publishes; [`public_key`]: one of them
//! - [`algorithm`]: the algorithms whose signatures are believed
//!
//! What verifies is aws-lc, as what signs. No key is ever taken from the token itself (`jwk`, `jku`, `x5c`,
//! `x5u`): these members are not looked at.

mod algorithm;
mod key_set;
mod public_key;
#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use algorithm::PublicKeyAlgorithm;
pub(crate) use key_set::KeySet;
use public_key::PublicKey;

/// Largest token that is looked at, in bytes. A list of a thousand groups has room in it.
const LARGEST: usize = 256 * 1024;

/// A token of which nothing is believed yet. Its payload comes out by [`verify`](Self::verify) alone.
pub(crate) struct Signed<'a> {
    algorithm: PublicKeyAlgorithm,
    key_id: Option<String>,
    /// Header and payload, as they were signed.
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a token can't be verified whatever the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// It is no signed token, or not one as it should be. The text goes on after "the token".
    Malformed(&'static str),
    /// Its algorithm is none whose signatures are believed.
    Algorithm,
}

/// Why a token's signature counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerifyError {
    /// The set does not have the key that is meant.
    UnknownKey,
    /// The key that is meant has not made the signature.
    Forged,
}

/// The members of a header that count. One that stands there twice is an error (RFC 7515, 4).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, rename = "crit", deserialize_with = "is_there")]
    has_critical: bool,
}

impl<'a> Signed<'a> {
    /// Takes a token apart.
    pub(crate) fn parse(token: &'a str) -> Result<Self, ParseError> {
        const NO_TOKEN: ParseError =
            ParseError::Malformed("is no signed token in the compact form");
        if token.len() > LARGEST {
            return Err(ParseError::Malformed("has more than 256 KiB"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(NO_TOKEN)?;
        let (header, payload) = message.split_once('.').ok_or(NO_TOKEN)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| NO_TOKEN);
        let header = decode(header)?;
        // serde would also take a list for the members of a struct.
        if header.first() != Some(&b'{') {
            return Err(NO_TOKEN);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| NO_TOKEN)?;
        // What is critical and not known must be refused (RFC 7515, 4.1.11), and nothing is known here.
        if header.has_critical {
            return Err(ParseError::Malformed(
                "has critical header parameters, of which none is known",
            ));
        }
        let algorithm = PublicKeyAlgorithm::by_name(&header.alg).ok_or(ParseError::Algorithm)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { algorithm, key_id: header.kid, message, payload, signature })
    }

    /// Returns whether it says which key has signed.
    pub(crate) fn names_key(&self) -> bool {
        self.key_id.is_some()
    }

    /// Returns the payload if a key of the set has signed it: the one that the token names, else any that fits.
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<&[u8], VerifyError> {
        let candidates = keys.candidates(self.key_id.as_deref(), self.algorithm);
        if candidates.is_empty() {
            return Err(VerifyError::UnknownKey);
        }
        let message = self.message.as_bytes();
        let signed = |key: &PublicKey| key.verifies(self.algorithm, message, &self.signature);
        if candidates.into_iter().any(signed) {
            Ok(&self.payload)
        } else {
            Err(VerifyError::Forged)
        }
    }
}

/// `true` for whatever stands there, `null` too.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
