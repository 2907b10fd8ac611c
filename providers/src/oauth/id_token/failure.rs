//! `Failure`: why an ID token is not accepted.

use authn::Error;

use crate::jws::{ParseError, VerifyError};

/// Why an ID token was not accepted. In both cases it is not known who has logged in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was checked, and it is wrong.
    Mismatch(Error),
    /// It could not be checked: its algorithm is not accepted, or the key is not available.
    Unable(Error),
}

impl Failure {
    /// Makes the failure of a check. `what` is the end of a sentence that starts with "the ID token".
    pub(super) fn mismatch(what: &str, help: &'static str) -> Self {
        Self::Mismatch(error(what, help))
    }

    fn unable(what: &str, help: &'static str) -> Self {
        Self::Unable(error(what, help))
    }
}

fn error(what: &str, help: &'static str) -> Error {
    Error::protocol(format!("the ID token {what}")).with_help(help)
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Malformed(what) => Self::mismatch(
                what,
                "check that the server signs the ID tokens of this client and does not encrypt them",
            ),
            ParseError::Algorithm => Self::unable(
                "is not signed with an accepted algorithm",
                "configure the server to sign the ID tokens of this client with RS256, PS256, ES256 or EdDSA",
            ),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::UnknownKey => Self::unable(
                "is signed with a key that the server does not publish",
                "try again in a minute, and check `jwks_url` if it is set",
            ),
            VerifyError::Forged => Self::mismatch(
                "has a signature that is not the server's",
                "check `issuer_url` and `jwks_url`, and proxies between here and the server",
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
