//! Tokens that a server has signed, in the compact form of RFC 7515, 7.1, and the keys that verify them.
//!
//! - [`key_set`]: the keys that a server publishes; [`public_key`]: one of them
//! - [`algorithm`]: the accepted algorithms
//!
//! aws-lc verifies. The members `jwk`, `jku`, `x5c` and `x5u` of a token's header are ignored, so that a token can't
//! provide its own key.

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

/// Largest token that is parsed, in bytes. A token with a list of a thousand groups is smaller.
const LARGEST: usize = 256 * 1024;

/// A parsed token that is not verified yet. Only [`verify`](Self::verify) returns its payload.
pub(crate) struct Signed<'a> {
    algorithm: PublicKeyAlgorithm,
    key_id: Option<String>,
    /// Header and payload, as they were signed.
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a token can't be verified with any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// It is not a valid signed token. The text is the end of a sentence that starts with "the token".
    Malformed(&'static str),
    /// Its algorithm is not accepted.
    Algorithm,
}

/// Why a token's signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerifyError {
    /// The set does not contain the key.
    UnknownKey,
    /// The signature was not made with the key.
    Forged,
}

/// The members of a header that are used. A duplicate member is an error (RFC 7515, 4).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, rename = "crit", deserialize_with = "is_there")]
    has_critical: bool,
}

impl<'a> Signed<'a> {
    /// Parses a token.
    pub(crate) fn parse(token: &'a str) -> Result<Self, ParseError> {
        const NO_TOKEN: ParseError =
            ParseError::Malformed("is not a signed token in the compact form");
        if token.len() > LARGEST {
            return Err(ParseError::Malformed("has more than 256 KiB"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(NO_TOKEN)?;
        let (header, payload) = message.split_once('.').ok_or(NO_TOKEN)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| NO_TOKEN);
        let header = decode(header)?;
        // serde would also accept a list of the members.
        if header.first() != Some(&b'{') {
            return Err(NO_TOKEN);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| NO_TOKEN)?;
        // Unknown critical parameters must be refused (RFC 7515, 4.1.11), and none is known here.
        if header.has_critical {
            return Err(ParseError::Malformed(
                "has critical header parameters, which are not supported",
            ));
        }
        let algorithm = PublicKeyAlgorithm::by_name(&header.alg).ok_or(ParseError::Algorithm)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { algorithm, key_id: header.kid, message, payload, signature })
    }

    /// Returns whether the token names the key that signed it.
    pub(crate) fn names_key(&self) -> bool {
        self.key_id.is_some()
    }

    /// Returns the payload if a key of the set has signed it: the key that the token names, or if it names none, any
    /// key that fits.
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

/// Returns `true` for any value, including `null`.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
