//! `Failure`: why an ID token counts for nothing.

use authn::{Error, ErrorKind};

use crate::jws::{Unfit, Unverified};

/// Why an ID token was not believed. Whatever it is, it is not known then who has logged in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was looked at, and something in it is wrong.
    Mismatch(Error),
    /// It could not be checked: its signature is of a kind that is not believed, or the key is not available.
    Unable(Error),
}

impl Failure {
    /// Makes the failure of a check; the text goes on after "the ID token".
    pub(crate) fn mismatch(what: &str) -> Self {
        Self::Mismatch(error(what))
    }

    fn unable(what: &str) -> Self {
        Self::Unable(error(what))
    }
}

fn error(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the ID token {what}"))
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Malformed(what) => Self::mismatch(&format!(
                "{what}; check that the server signs the ID tokens of this client, and does not encrypt them"
            )),
            Unfit::Algorithm => Self::unable(
                "is not signed with an algorithm that is believed; \
                 have the server sign the ID tokens of this client with RS256, PS256, ES256 or EdDSA",
            ),
        }
    }
}

impl From<Unverified> for Failure {
    fn from(unverified: Unverified) -> Self {
        match unverified {
            Unverified::UnknownKey => Self::unable(
                "is signed with a key that the server does not publish; \
                 try again in a minute, and check `jwks_url` if it is set",
            ),
            Unverified::Forged => Self::mismatch(
                "has a signature that is not the server's; \
                 check `issuer_url` and `jwks_url`, and who stands between here and the server",
            ),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Mismatch(error) | Failure::Unable(error) => error,
        }
    }
}
