//! `Error`: why a request failed, without its URL.

use std::{error::Error as _, fmt, iter};

/// The result of a request.
///
/// ```no_run
/// # async fn example(client: authn::reqwest::Client) -> authn::reqwest::Result<()> {
/// use authn::{Recovery, reqwest::Error};
///
/// match client.get("https://api.example.com/v1/things").send().await {
///     Err(Error::Authorization(error)) if matches!(error.recovery(), Recovery::LogIn) => eprintln!("{error}"),
///     other => drop(other?),
/// }
/// # Ok(()) }
/// ```
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed. It holds no URL, because a URL can hold a token.
#[non_exhaustive]
pub enum Error {
    /// The request could not be authorised.
    Authorization(crate::Error),
    /// The request could not be built or sent, or the response could not be received.
    Http(::reqwest::Error),
    /// The server redirected in a way that is not followed. The text says why, and what to do.
    Redirect(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization(error) => write!(f, "the request was not authorised: {error}"),
            Self::Http(error) => write!(f, "the request failed: {error}"),
            Self::Redirect(reason) => write!(f, "the redirect was not followed: {reason}"),
        }
    }
}

/// What a `main` that returns the error prints, so it is written for people.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization(error) => write!(f, "the request was not authorised: {error:?}"),
            Self::Http(error) => {
                write!(f, "{self}")?;
                let causes = iter::successors(error.source(), |&cause| cause.source());
                causes.into_iter().try_for_each(|cause| write!(f, "\n  caused by: {cause}"))
            }
            Self::Redirect(_) => write!(f, "{self}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Authorization(error) => Some(error),
            Self::Http(error) => Some(error),
            Self::Redirect(_) => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Self::Authorization(error)
    }
}

impl From<::reqwest::Error> for Error {
    fn from(error: ::reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}
