//! `Error`: what went wrong, in words that hold no secret.
//!
//! An error is cheap to clone, because everybody who waited for one exchange shares its failure. It holds
//! no response body, no configuration value and no text of serde or figment.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use crate::diagnostic::Problem;

/// The result of what can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed; the [`kind`](Self::kind) says what a program can do about it.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    retry_after: Option<Duration>,
    problems: Vec<Problem>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is wrong: somebody must change it.
    Configuration,
    /// Nobody is logged in, or the session has ended: somebody must log in.
    LoginRequired,
    /// The request goes to an origin that these credentials are not for; nothing was added to it.
    Origin,
    /// This provider has no token to give (an API key is not one), or none just now.
    NoToken,
    /// What was given as a token cannot be one.
    InvalidToken,
    /// The token has expired and nothing can renew it.
    Expired,
    /// The server refused, with an error of its own.
    Refused,
    /// The server answered with something that is not a token response.
    Protocol,
    /// The server could not be reached, or did not answer in time.
    Network,
    /// The token store can't be read or written, or the record of trust in a project's file.
    Store,
    /// The credentials were closed.
    Closed,
    /// Whoever wanted it gave up.
    Cancelled,
    /// A provider failed by a fault in its code.
    Internal,
}

impl Error {
    /// Makes an error of a kind. The message is lower case, says what happened and ends in what to do; it
    /// never holds a value, a secret or a response body.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Arc::new(Inner { kind, message, retry_after: None, problems: Vec::new() }))
    }

    /// Makes the error of a provider that authorises requests without a token.
    pub fn no_token() -> Self {
        Self::new(
            ErrorKind::NoToken,
            "this provider has no token to give; authorise a request with it instead",
        )
    }

    pub(crate) fn problems_found(summary: String, problems: Vec<Problem>) -> Self {
        let mut error = Self::configuration(summary);
        error.inner().problems = problems;
        error
    }

    /// Says how long the server asked to wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner().retry_after = Some(wait);
        self
    }

    /// Puts the place where it happened before the message.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        let inner = self.inner();
        inner.message = format!("{place}: {}", inner.message);
        self
    }

    /// Gives the sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Gives how long the server asked to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Gives each problem of a configuration that could not be used; empty for other errors.
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

macro_rules! constructors {
    ($($name:ident: $kind:ident;)*) => {
        impl Error {$(
            #[doc = concat!(
                "Makes an error of kind [`", stringify!($kind), "`](ErrorKind::", stringify!($kind), ").",
            )]
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            }
        )*}
    };
}

constructors! {
    configuration: Configuration;
    login_required: LoginRequired;
    refused: Refused;
    protocol: Protocol;
    network: Network;
    cancelled: Cancelled;
    invalid_token: InvalidToken;
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for problem in &self.0.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(wait) = self.0.retry_after {
            debug.field("retry_after", &wait);
        }
        if !self.0.problems.is_empty() {
            debug.field("problems", &self.0.problems);
        }
        debug.finish()
    }
}

impl StdError for Error {}
