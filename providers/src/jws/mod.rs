//! Signed tokens: JWTs (RFC 7519) in the compact form of RFC 7515, 7.1.
//!
//! A client authenticates with them (`private_key_jwt`, `client_secret_jwt`), and provider `jwt_bearer` exchanges
//! them or sends them as they are. [`verify`] checks tokens that a server has signed. aws-lc signs and verifies; TLS
//! needs it anyway.

mod algorithm;
mod claims;
mod header;
mod jwk;
mod key;
mod key_pair;
#[cfg(feature = "oauth1")]
mod rsa_key;
#[cfg(test)]
mod vectors;
mod verify;

use authn::{Error, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub(crate) use algorithm::Algorithm;
pub(crate) use claims::Claims;
#[cfg(feature = "jwt_bearer")]
pub(crate) use header::Json;
pub(crate) use header::{Header, check as check_header};
use key::Key;
pub(crate) use key_pair::{KeyPair, KeyPairAlgorithm};
#[cfg(feature = "oauth1")]
pub(crate) use rsa_key::RsaKey;
pub(crate) use verify::{KeySet, ParseError, Signed, VerifyError};

/// The type of a token for which nothing else is said (RFC 7519, 5.1).
const TOKEN_TYPE: &str = "JWT";

/// The help for a key in whose place its path is.
pub(crate) const NOT_A_PATH: &str = "to read a file, write `{ file = \"/path\" }`";

/// Returns whether the text of a key is a path instead.
pub(crate) fn is_path(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['/', '.', '~']) && !text.contains('\n')
}

/// A key, and how tokens are signed with it.
pub(crate) struct Signer {
    key: Key,
    algorithm: Algorithm,
    key_id: Option<String>,
    /// Whether neither an option nor the key has named the algorithm.
    is_usual: bool,
    token_type: &'static str,
    header: Map<String, Value>,
}

impl Signer {
    /// Creates a signer with a private key: PEM (PKCS#8, PKCS#1, SEC1) or a JWK, which can contain `alg` and `kid`.
    ///
    /// The errors name the options `private_key` and `algorithm`, and contain nothing of the key.
    pub(crate) fn with_private_key(
        text: &str,
        algorithm: Option<Algorithm>,
        key_id: Option<&str>,
    ) -> Result<Self> {
        let parsed = key::parse(text).map_err(|what| {
            Error::configuration(format!("`private_key` {what}")).with_help(if is_path(text) {
                NOT_A_PATH
            } else {
                "set it to a private key in PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase) or to \
                 a JWK: RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519"
            })
        })?;
        let named = algorithm.or(parsed.algorithm);
        let algorithm = named.unwrap_or(parsed.key.usual_algorithm());
        if !parsed.key.signs(algorithm) {
            let fitting: Vec<String> =
                parsed.key.algorithms().map(|fitting| format!("`{}`", fitting.name())).collect();
            return Err(Error::configuration(format!(
                "`algorithm` {} does not fit this `private_key`",
                algorithm.name()
            ))
            .with_help(match fitting.as_slice() {
                [one] => format!("set it to {one}, or leave it out"),
                several => format!("set it to one of {}, or leave it out", several.join(", ")),
            }));
        }
        let key_id = key_id.map(str::to_owned).or(parsed.key_id);
        let is_usual = named.is_none();
        Ok(Self {
            key: parsed.key,
            algorithm,
            key_id,
            is_usual,
            token_type: TOKEN_TYPE,
            header: Map::new(),
        })
    }

    /// Creates a signer with a shared secret. The algorithm is `HS256` by default.
    pub(crate) fn with_shared_secret(secret: &str, algorithm: Option<Algorithm>) -> Result<Self> {
        let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
        let key = Key::shared(secret);
        if !key.signs(algorithm) {
            return Err(Error::configuration(format!(
                "`algorithm` {} needs a private key",
                algorithm.name()
            ))
            .with_help("set it to HS256, HS384 or HS512, or leave it out"));
        }
        Ok(Self {
            key,
            algorithm,
            key_id: None,
            is_usual: false,
            token_type: TOKEN_TYPE,
            header: Map::new(),
        })
    }

    /// Chooses the first algorithm for this type of key that a server accepts, unless an option or the key has named one.
    /// Returns `None` if it accepts none of them. `accepted` is empty if the server does not say what it accepts.
    pub(crate) fn accepted_by(self, accepted: &[Algorithm]) -> Option<Self> {
        if !self.is_usual || accepted.is_empty() || accepted.contains(&self.algorithm) {
            return Some(self);
        }
        let algorithm = self.key.algorithms().find(|algorithm| accepted.contains(algorithm))?;
        Some(Self { algorithm, ..self })
    }

    /// Sets the type of the tokens (`typ`), which is `JWT` otherwise.
    #[must_use]
    pub(crate) fn with_type(self, token_type: &'static str) -> Self {
        Self { token_type, ..self }
    }

    /// Adds members to the header of each token.
    #[must_use]
    pub(crate) fn with_header(self, header: &Header) -> Self {
        Self { header: header::members(header), ..self }
    }

    /// Signs the claims and returns the token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<Zeroizing<String>> {
        let mut header = self.header.clone();
        header.insert("alg".to_owned(), self.algorithm.name().into());
        header.insert("typ".to_owned(), self.token_type.into());
        if let Some(key_id) = &self.key_id {
            header.insert("kid".to_owned(), key_id.as_str().into());
        }
        let encode = |json: String| URL_SAFE_NO_PAD.encode(json);
        let mut token = Zeroizing::new(encode(Value::Object(header).to_string()));
        token.push('.');
        token.push_str(&encode(claims.to_json()));
        let signature = self.key.sign(self.algorithm, token.as_bytes()).ok_or_else(|| {
            Error::configuration("`private_key` can't sign")
                .with_help("generate a new key pair and register it at the server")
        })?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}
