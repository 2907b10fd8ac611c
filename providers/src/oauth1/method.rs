//! `SignatureMethod`: how a request is signed (RFC 5849, 3.4). A program can register its own.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use authn::{Error, Location, Result, SecretString};
use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::encoding::push_encoded;
use crate::{
    jws::RsaKey,
    named::{Kind, Named},
};

/// A method that signs requests of [`OAuth1`](crate::OAuth1), which [`signature_method!`](crate::signature_method)
/// registers under a name.
///
/// ```
/// use authn::Result;
/// use authn_providers::{SignatureInput, SignatureMethod, signature_method};
///
/// /// Signs nothing. A real one signs the base string with the key.
/// struct Unsigned;
///
/// impl SignatureMethod for Unsigned {
///     fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
///         let message = input.base_string().as_bytes();
///         let (secret, token_secret) = (input.client_secret(), input.token_secret());
///         # let _ = (message, secret, token_secret, input.key(), input.private_key());
///         Ok(String::new())
///     }
///
///     fn body_hash(&self, body: &[u8]) -> String {
///         # let _ = body;
///         String::new()
///     }
/// }
///
/// signature_method!("UNSIGNED", Unsigned);
///
/// let provider = authn_providers::OAuth1::builder().client_id("app").signature_method("UNSIGNED");
/// assert!(provider.credentials().domain("api.example.com").build().is_ok());
/// ```
pub trait SignatureMethod: Send + Sync + 'static {
    /// Returns the value of `oauth_signature`, without percent-encoding. It runs for every request, so it must not wait.
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String>;

    /// Returns the value of `oauth_body_hash` for a body that is not form-encoded, without percent-encoding. By default it
    /// is the SHA-256 digest in base64; the built-in methods with SHA-1, and `PLAINTEXT`, have SHA-1.
    fn body_hash(&self, body: &[u8]) -> String {
        STANDARD.encode(digest::digest(&digest::SHA256, body))
    }
}

/// What a [`SignatureMethod`] signs, and its secrets. The secrets that are not configured are empty.
pub struct SignatureInput<'a> {
    pub(super) base_string: &'a str,
    pub(super) client_secret: &'a str,
    pub(super) token_secret: &'a str,
    pub(super) private_key: Option<&'a str>,
    pub(super) parsed_key: &'a ParsedKey,
}

impl SignatureInput<'_> {
    /// Returns the base string: the method, the address and the parameters (RFC 5849, 3.4.1.1).
    pub fn base_string(&self) -> &str {
        self.base_string
    }

    /// Returns the client's secret.
    pub fn client_secret(&self) -> &str {
        self.client_secret
    }

    /// Returns the token's secret.
    pub fn token_secret(&self) -> &str {
        self.token_secret
    }

    /// Returns both secrets as one: percent-encoded, with `&` between them (RFC 5849, 3.4.2).
    pub fn key(&self) -> SecretString {
        SecretString::from(self.shared_key().as_str())
    }

    /// Returns the text of the option `private_key`.
    pub fn private_key(&self) -> Option<&str> {
        self.private_key
    }

    fn shared_key(&self) -> Zeroizing<String> {
        let longest = 3 * (self.client_secret.len() + self.token_secret.len()) + 1;
        // With room for all, so that no part of it is left in memory.
        let mut key = Zeroizing::new(String::with_capacity(longest));
        push_encoded(&mut key, self.client_secret.as_bytes());
        key.push('&');
        push_encoded(&mut key, self.token_secret.as_bytes());
        key
    }

    fn rsa_key(&self) -> Result<Arc<RsaKey>> {
        self.parsed_key.of(self.private_key.unwrap_or_default())
    }
}

impl fmt::Debug for SignatureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureInput(..)")
    }
}

/// The private key, which is parsed once for each text that it has.
#[derive(Default)]
pub(super) struct ParsedKey(Mutex<Option<(Zeroizing<String>, Arc<RsaKey>)>>);

impl ParsedKey {
    pub(super) fn of(&self, text: &str) -> Result<Arc<RsaKey>> {
        let mut parsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = &*parsed
            && **of == text
        {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(RsaKey::parse(text)?);
        *parsed = Some((Zeroizing::new(text.to_owned()), Arc::clone(&key)));
        Ok(key)
    }
}

/// The secrets that a method needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// The client's secret, and the token's.
    Shared,
    /// The private key.
    Private,
    /// A method of a program's own uses what it likes.
    Any,
}

impl Secrets {
    /// Returns the secrets that the method with this name needs.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "HMAC-SHA1" | "HMAC-SHA256" | "PLAINTEXT" => Self::Shared,
            "RSA-SHA1" | "RSA-SHA256" => Self::Private,
            _ => Self::Any,
        }
    }
}

/// The shared secrets as they are (RFC 5849, 3.4.4).
struct Plaintext;

/// RFC 5849, 3.4.2.
struct HmacSha1;

/// HMAC-SHA1 with another digest.
struct HmacSha256;

/// RFC 5849, 3.4.3.
struct RsaSha1;

/// RSA-SHA1 with another digest.
struct RsaSha256;

impl SignatureMethod for Plaintext {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        Ok(input.shared_key().to_string())
    }

    fn body_hash(&self, body: &[u8]) -> String {
        sha1(body)
    }
}

impl SignatureMethod for HmacSha1 {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        Ok(hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, input))
    }

    fn body_hash(&self, body: &[u8]) -> String {
        sha1(body)
    }
}

impl SignatureMethod for HmacSha256 {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        Ok(hmac(hmac::HMAC_SHA256, input))
    }
}

impl SignatureMethod for RsaSha1 {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        Ok(STANDARD.encode(input.rsa_key()?.sign_sha1(input.base_string.as_bytes())?))
    }

    fn body_hash(&self, body: &[u8]) -> String {
        sha1(body)
    }
}

impl SignatureMethod for RsaSha256 {
    fn sign(&self, input: &SignatureInput<'_>) -> Result<String> {
        Ok(STANDARD.encode(input.rsa_key()?.sign_sha256(input.base_string.as_bytes())?))
    }
}

fn hmac(algorithm: hmac::Algorithm, input: &SignatureInput<'_>) -> String {
    let key = hmac::Key::new(algorithm, input.shared_key().as_bytes());
    STANDARD.encode(hmac::sign(&key, input.base_string.as_bytes()))
}

fn sha1(body: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, body))
}

authn::private::inventory::collect!(Named<dyn SignatureMethod>);

/// Registers a [`SignatureMethod`] for [`OAuth1`](crate::OAuth1) under a name, which is case-sensitive and becomes the
/// `oauth_signature_method`. The value must be a constant, such as a struct without fields.
///
/// Two methods with the same name are an error when a configuration chooses any method.
#[macro_export]
macro_rules! signature_method {
    ($name:expr, $method:expr) => {
        $crate::named!($crate::SignatureMethod, $name, $method);
    };
}

const METHODS: Kind = Kind { singular: "signature method", plural: "signature methods" };

const fn built_in(
    name: &'static str,
    method: &'static dyn SignatureMethod,
) -> Named<dyn SignatureMethod> {
    let location = Location {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        file: file!(),
        line: line!(),
        column: column!(),
    };
    Named::new(name, method, location)
}

// Not by the macro, so that a linker that drops what it submits leaves them.
static BUILT_IN: [Named<dyn SignatureMethod>; 5] = [
    built_in("HMAC-SHA1", &HmacSha1),
    built_in("HMAC-SHA256", &HmacSha256),
    built_in("PLAINTEXT", &Plaintext),
    built_in("RSA-SHA1", &RsaSha1),
    built_in("RSA-SHA256", &RsaSha256),
];

/// Returns the method with this name.
pub(super) fn find(name: &str) -> Result<&'static dyn SignatureMethod> {
    let linked = authn::private::inventory::iter::<Named<dyn SignatureMethod>>;
    METHODS.find(name, BUILT_IN.iter().chain(linked))
}

/// Returns the error of a request that can't be signed.
pub(super) fn unsigned(what: &str, help: &'static str) -> Error {
    Error::configuration(format!("{what}, so the request can't be signed")).with_help(help)
}
