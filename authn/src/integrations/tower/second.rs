//! `SecondSending`: the error of a request that was sent once more in vain. It says that the first sending had an answer.

use std::{error::Error, fmt};

use http::StatusCode;

use super::BoxError;

/// Why the second sending of a request failed. Its source is the error of the client.
#[derive(Debug)]
pub(super) struct SecondSending {
    /// The answer to the first sending.
    first: StatusCode,
    error: BoxError,
}

impl SecondSending {
    /// Returns what makes such an error of one of the client.
    pub(super) fn failed<E: Into<BoxError>>(first: StatusCode) -> impl Fn(E) -> BoxError {
        move |error| Self { first, error: error.into() }.into()
    }
}

impl fmt::Display for SecondSending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first.as_u16();
        write!(f, "the request was answered with status {first}, and sending it once more failed")
    }
}

impl Error for SecondSending {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}
