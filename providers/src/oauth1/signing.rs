//! `Signing`: makes the `oauth_` parameters of one request, with its signature (RFC 5849, 3.1).

use authn::{Context, Error, Result};
use http::{HeaderMap, Uri, header};

use super::{
    OAuth1,
    base_string::{Parameters, address},
    encoding::{encoded, push_encoded},
    method::{SignatureInput, unsigned},
};
use crate::random::random_bytes;

const BODY_HASH: &str = "oauth_body_hash";
const CONSUMER_KEY: &str = "oauth_consumer_key";
const NONCE: &str = "oauth_nonce";
const SIGNATURE: &str = "oauth_signature";
const SIGNATURE_METHOD: &str = "oauth_signature_method";
const TIMESTAMP: &str = "oauth_timestamp";
pub(super) const TOKEN: &str = "oauth_token";
const VERSION: &str = "oauth_version";

/// The parameters that an authorised request can have.
pub(super) const NAMES: [&str; 8] =
    [BODY_HASH, CONSUMER_KEY, NONCE, SIGNATURE, SIGNATURE_METHOD, TIMESTAMP, TOKEN, VERSION];

/// What signs a request: the client, and the token if there is one.
pub(super) struct Signing<'a> {
    pub(super) options: &'a OAuth1,
    pub(super) context: &'a Context,
    pub(super) token: Option<&'a str>,
    pub(super) token_secret: &'a str,
    /// Further parameters, such as `oauth_verifier`.
    pub(super) more: &'a [(&'static str, &'a str)],
}

/// A request as it is signed.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a Uri,
    pub(super) host: Option<&'a str>,
    pub(super) body: SignedBody<'a>,
}

/// How a body is signed.
pub(super) enum SignedBody<'a> {
    /// By its parameters (RFC 5849, 3.4.1.3.1).
    Form(&'a [u8]),
    /// By its hash, if the option `body_hash` is set.
    Other(Option<&'a [u8]>),
}

/// The `oauth_` parameters of a request.
pub(super) type Protocol = Vec<(&'static str, String)>;

impl Signing<'_> {
    /// Signs a request with a new nonce and the server's time.
    pub(super) fn sign(&self, request: &Signed<'_>) -> Result<Protocol> {
        let timestamp = self.options.__server_clock.now(self.context.clock());
        self.sign_with(request, &nonce()?, &timestamp.to_string())
    }

    pub(super) fn sign_with(
        &self,
        request: &Signed<'_>,
        nonce: &str,
        timestamp: &str,
    ) -> Result<Protocol> {
        let options = self.options;
        let method = options.method()?;
        let mut protocol: Protocol = vec![
            (CONSUMER_KEY, options.client_id.clone()),
            (NONCE, nonce.to_owned()),
            (SIGNATURE_METHOD, options.signature_method.clone()),
            (TIMESTAMP, timestamp.to_owned()),
            (VERSION, "1.0".to_owned()),
        ];
        protocol.extend(self.token.map(|token| (TOKEN, token.to_owned())));
        protocol.extend(self.more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut parameters = Parameters::default();
        match request.body {
            SignedBody::Form(form) => parameters.add_form(form),
            SignedBody::Other(Some(body)) if options.body_hash => {
                protocol.push((BODY_HASH, method.body_hash(body)));
            }
            SignedBody::Other(None) if options.body_hash => return Err(unknown_body()),
            SignedBody::Other(_) => {}
        }
        parameters.add_form(request.uri.query().unwrap_or_default().as_bytes());
        for (name, value) in &protocol {
            parameters.add(name.as_bytes(), value.as_bytes());
        }
        let address = address(request.uri, request.host)
            .ok_or_else(|| unsigned("the URI is relative", "pass the whole address"))?;
        let base_string = parameters.base_string(request.method, &address);
        let client_secret = options._client_secret.as_ref().map(|secret| secret.expose());
        let private_key = options._private_key.as_ref().map(|key| key.expose());
        let signature = method.sign(&SignatureInput {
            base_string: &base_string,
            client_secret: client_secret.as_deref().unwrap_or_default(),
            token_secret: self.token_secret,
            private_key: private_key.as_deref(),
            parsed_key: &options.__parsed_key,
        })?;
        protocol.push((SIGNATURE, signature));
        Ok(protocol)
    }
}

/// Returns whether a body is form-encoded, so that its parameters are signed (RFC 5849, 3.4.1.3.1).
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Returns the value of the header `Authorization` (RFC 5849, 3.5.1).
pub(super) fn header_value(protocol: &Protocol, realm: Option<&str>) -> String {
    let mut value = "OAuth ".to_owned();
    if let Some(realm) = realm {
        // A quoted string (RFC 9110, 5.6.4).
        let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
        value = format!("{value}realm=\"{quoted}\", ");
    }
    for (index, (name, of)) in protocol.iter().enumerate() {
        value.push_str(if index > 0 { ", " } else { "" });
        value.push_str(name);
        value.push_str("=\"");
        push_encoded(&mut value, of.as_bytes());
        value.push('"');
    }
    value
}

/// Returns whether a value of the header `Authorization` is a signature of this client.
pub(super) fn is_signature_of(value: &str, client_id: &str) -> bool {
    let Some((scheme, parameters)) = value.split_once(' ') else { return false };
    let own = format!("{CONSUMER_KEY}=\"{}\"", encoded(client_id));
    scheme.eq_ignore_ascii_case("OAuth") && parameters.split(',').any(|one| one.trim() == own)
}

pub(super) fn unknown_body() -> Error {
    unsigned(
        "the body of this request is not known",
        "send a body that is in memory, or pass it with `Request::with_known_body`",
    )
}

/// Returns 128 random bits as letters and digits. Some servers take no other characters, and at most 30 of them.
fn nonce() -> Result<String> {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    const LENGTH: usize = 26;
    let number = u128::from_le_bytes(*random_bytes()?);
    let digit = |at: usize| char::from(DIGITS[(number >> (5 * at)) as usize & 31]);
    Ok((0..LENGTH).map(digit).collect())
}
