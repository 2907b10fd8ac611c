//! `Proof`: a signed token that proves for one request that the sender has the key (RFC 9449, 4.2).

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use authn::{Result, Url};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::key::SessionKey;
use crate::random::random;

/// Random bytes of a proof's identifier: too many to repeat.
const IDENTIFIER_BYTES: usize = 16;

/// What one proof is for.
pub(super) struct Proof<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a Target,
    /// The access token, in a request to an API.
    pub(super) token: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
    /// The time at the server.
    pub(super) at: SystemTime,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl Proof<'_> {
    /// Signs it. A server takes each proof once.
    pub(super) fn sign(&self, key: &SessionKey) -> Result<String> {
        let identifier = random::<IDENTIFIER_BYTES>()?;
        let since_epoch = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        key.pair.sign(&Claims {
            jti: &identifier,
            htm: self.method,
            htu: &self.target.address,
            iat: since_epoch.as_secs(),
            ath: self.token.map(hash),
            nonce: self.nonce,
        })
    }
}

/// The hash of an access token (RFC 9449, 4.2).
fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

/// The address of a request.
pub(super) struct Target {
    /// Without the query and the fragment, and normalised (RFC 9449, 4.2; RFC 3986, 6.2.2 and 6.2.3).
    address: String,
    /// Scheme, host and port.
    pub(super) origin: Arc<str>,
}

impl Target {
    /// Parses an address; `None` if it has no host.
    pub(super) fn of(address: &str) -> Option<Self> {
        let mut url = Url::parse(address).ok().filter(Url::has_host)?;
        url.set_query(None);
        url.set_fragment(None);
        // Neither can fail, because there is a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let origin = url.origin().ascii_serialization().into();
        Some(Self { address: url.into(), origin })
    }
}

/// What is known of a request with a proof when its answer comes.
#[derive(Clone)]
pub(in crate::oauth) struct Sent {
    pub(super) origin: Arc<str>,
    pub(super) nonce: Option<Arc<str>>,
    /// The time of this machine at which it was sent.
    pub(super) at: SystemTime,
    /// By how many seconds the server's clock was taken to be ahead.
    pub(super) ahead: i64,
}

/// Returns a time that many seconds later.
pub(super) fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    shifted.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jws::{KeyPairAlgorithm, KeySet, Signed};

    #[test]
    fn a_proof_has_the_claims_of_the_specification() {
        // The examples of RFC 9449, 4.2 and 7.1.
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_562_262_618_900);
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
        for (method, address, token, nonce, expected) in [
            (
                "POST",
                "https://server.example.com/token",
                None,
                None,
                json!({ "htm": "POST", "htu": "https://server.example.com/token" }),
            ),
            (
                "GET",
                "https://resource.example.org/protectedresource?a=b#c",
                Some(token),
                Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
                json!({
                    "htm": "GET", "htu": "https://resource.example.org/protectedresource",
                    "ath": ath, "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v",
                }),
            ),
        ] {
            for algorithm in KeyPairAlgorithm::ALL.iter().copied() {
                let key = SessionKey::generate(algorithm).unwrap();
                let target = Target::of(address).unwrap();
                let proof = Proof { method, target: &target, token, nonce, at };
                let (first, second) = (proof.sign(&key).unwrap(), proof.sign(&key).unwrap());
                let header = URL_SAFE_NO_PAD.decode(first.split('.').next().unwrap()).unwrap();
                let header: Value = serde_json::from_slice(&header).unwrap();
                assert_eq!(header["typ"], "dpop+jwt");
                let keys =
                    KeySet::read(&json!({ "keys": [header["jwk"]] }).to_string().into_bytes());
                let keys = keys.unwrap();
                let claims = |proof: &str| {
                    let signed = Signed::parse(proof).unwrap();
                    serde_json::from_slice::<Value>(signed.verify(&keys).unwrap()).unwrap()
                };
                let (mut first, second) = (claims(&first), claims(&second));
                let identifier = first.as_object_mut().unwrap().remove("jti").unwrap();
                assert_ne!(identifier, second["jti"]);
                assert_eq!(
                    first.as_object_mut().unwrap().remove("iat"),
                    Some(json!(1_562_262_618))
                );
                assert_eq!(first, expected);
            }
        }
    }

    #[test]
    fn an_address_has_no_query_and_is_normalised() {
        for (address, expected, origin) in [
            ("https://a.test", "https://a.test/", "https://a.test"),
            ("https://a.test/", "https://a.test/", "https://a.test"),
            ("HTTPS://A.Test:443/Path", "https://a.test/Path", "https://a.test"),
            ("http://127.0.0.1:80/x", "http://127.0.0.1/x", "http://127.0.0.1"),
            ("https://a.test:8443/x", "https://a.test:8443/x", "https://a.test:8443"),
            ("https://a.test/x?y=z", "https://a.test/x", "https://a.test"),
            ("https://a.test?y=z", "https://a.test/", "https://a.test"),
            ("https://a.test/x?", "https://a.test/x", "https://a.test"),
            ("https://a.test/x#y", "https://a.test/x", "https://a.test"),
            ("https://a.test/x/../y/./z", "https://a.test/y/z", "https://a.test"),
            ("https://a.test/x%20y", "https://a.test/x%20y", "https://a.test"),
            ("https://u:p@a.test/x", "https://a.test/x", "https://a.test"),
            ("https://[::1]:8080/x", "https://[::1]:8080/x", "https://[::1]:8080"),
        ] {
            let target = Target::of(address).unwrap();
            assert_eq!((&*target.address, &*target.origin), (expected, origin), "{address}");
        }
        for address in ["", "/x", "a.test/x", "mailto:a@a.test"] {
            assert!(Target::of(address).is_none(), "{address}");
        }
    }

    #[test]
    fn a_time_that_can_not_be_is_left() {
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(shifted(epoch, 5), epoch + Duration::from_secs(5));
        assert_eq!(shifted(epoch, -5), epoch - Duration::from_secs(5));
        let later = epoch + Duration::from_secs(1);
        assert_eq!(shifted(later, i64::MAX), later);
    }
}
