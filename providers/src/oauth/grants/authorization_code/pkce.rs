//! PKCE (RFC 7636): the server issues the tokens only to the program that started the login. The method is always
//! S256. A server without PKCE ignores it.

use authn::Result;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::random::random;

/// The method that derives the challenge from the verifier (RFC 7636, 4.3).
pub(super) const METHOD: &str = "S256";

/// Random bytes of a verifier, as RFC 7636, 4.1 recommends.
const VERIFIER_BYTES: usize = 32;

/// The secret of one login.
pub(super) struct Verifier(Zeroizing<String>);

impl Verifier {
    /// Makes a new verifier.
    pub(super) fn new() -> Result<Self> {
        random::<VERIFIER_BYTES>().map(Self)
    }

    /// Returns the verifier of a login that was suspended.
    pub(super) fn restored(verifier: Zeroizing<String>) -> Self {
        Self(verifier)
    }

    /// Returns the challenge, which is sent first. The verifier can't be derived from it.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()))
    }

    /// Returns the verifier, which is sent with the code.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let verifier = Verifier(Zeroizing::new(verifier.to_owned()));
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn each_login_has_its_own() {
        let [one, other] = [(); 2].map(|()| Verifier::new().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), other.expose());
    }
}
