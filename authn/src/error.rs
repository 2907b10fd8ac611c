//! `Error`: what went wrong, in words that hold no secret, what helps, and what a program can do about it.
//!
//! An error is cheap to clone, because all callers that waited for one exchange share its failure. It holds
//! no response body, no configuration value and no text of serde or figment.

use std::{borrow::Cow, error::Error as StdError, fmt, iter, sync::Arc, time::Duration};

use crate::{
    diagnostic::{Problem, ProblemCode, printable},
    time::duration,
};

/// The result of what can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed.
///
/// [`kind`](Self::kind) and [`recovery`](Self::recovery) are for programs, the rest is for people. As a text it is one
/// line, and one more for each [problem](Self::problems): the message, then after a semicolon what helps. Control
/// characters are escaped. `{:?}` writes both on lines of their own, with the errors
/// that caused it, which is what a `main` that returns it prints.
///
/// ```
/// use authn::{Error, ErrorKind, Recovery};
///
/// let error = Error::network("sts.example.com did not answer in time").with_help("check the network");
/// assert_eq!(error.kind(), ErrorKind::Network);
/// assert_eq!(error.recovery(), Recovery::Retry { after: None });
/// assert_eq!(error.to_string(), "sts.example.com did not answer in time; check the network");
/// assert_eq!(format!("{error:?}"), "sts.example.com did not answer in time\n  help: check the network");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Inner {
    kind: ErrorKind,
    message: String,
    help: Option<Cow<'static, str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    retry_after: Option<Duration>,
    /// Whether a chain asks its next provider, although the kind is another one.
    is_absence: bool,
    problems: Vec<Problem>,
    /// Whether the session may still be good, although a user has to log in.
    keeps_session: bool,
    /// Whether the session has ended, but no user can log in.
    needs_configuration: bool,
    /// Whether a store could not be reached.
    is_unreachable: bool,
    server_code: Option<String>,
    server_description: Option<String>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is wrong.
    Configuration,
    /// No user is logged in, or the session has ended.
    LoginRequired,
    /// The request goes to an origin that these credentials are not bound to; nothing was added to it.
    Origin,
    /// The provider authorises requests without a token, as with an API key.
    NoToken,
    /// The provider has nothing to say here, such as where no request is being served.
    NotApplicable,
    /// What was given as a token is not one.
    InvalidToken,
    /// The token has expired and can't be renewed.
    Expired,
    /// The server refused, with an error of its own.
    Refused,
    /// The server's answer is not a token response.
    Protocol,
    /// The server could not be reached, or did not answer in time.
    Network,
    /// The token store, or the record of trusted files, can't be read or written.
    Store,
    /// The credentials are closed.
    Closed,
    /// The user or the caller cancelled it.
    Cancelled,
    /// A provider failed by a fault in its code.
    Internal,
}

/// What a program can do about an [`Error`]; see [`Error::recovery`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Try again, not before `after` has passed if the server asked for it.
    Retry {
        /// The wait that the server asked for.
        after: Option<Duration>,
    },
    /// Let a user log in, with `Credentials::login`.
    LogIn,
    /// Have the configuration changed.
    ChangeConfiguration,
    /// Send another request, or this one with other credentials.
    ChangeRequest,
    /// Nothing: a person has to read the message.
    None,
}

impl ErrorKind {
    /// Returns its name in spans, in metrics and in the JSON of the command line, such as `login_required`.
    ///
    /// ```
    /// assert_eq!(authn::ErrorKind::LoginRequired.name(), "login_required");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::LoginRequired => "login_required",
            Self::Origin => "origin",
            Self::NoToken => "no_token",
            Self::NotApplicable => "not_applicable",
            Self::InvalidToken => "invalid_token",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Protocol => "protocol",
            Self::Network => "network",
            Self::Store => "store",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl Error {
    /// Makes an error of a kind. The message is lower case and says what happened, without a value, a secret or a
    /// response body; what helps is said by [`with_help`](Self::with_help).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            help: None,
            source: None,
            retry_after: None,
            is_absence: false,
            problems: Vec::new(),
            keeps_session: false,
            needs_configuration: false,
            is_unreachable: false,
            server_code: None,
            server_description: None,
        }))
    }

    /// Makes the error of a provider that authorises requests without a token, of kind
    /// [`NoToken`](ErrorKind::NoToken).
    pub fn no_token() -> Self {
        Self::new(ErrorKind::NoToken, "this provider has no token and only authorises requests")
    }

    pub(crate) fn problems_found(summary: String, problems: Vec<Problem>) -> Self {
        let mut error = Self::configuration(summary);
        error.inner().problems = problems;
        error
    }

    /// Says what helps: lower case, in the imperative, without a final stop.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.inner().help = Some(help.into());
        self
    }

    /// Adds the error that caused it. Its text is shown, so it must hold no secret.
    ///
    /// ```
    /// use authn::Error;
    ///
    /// let cause = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    /// let error = Error::store("the session can't be written").with_source(cause);
    /// assert!(format!("{error:?}").ends_with("caused by: permission denied"));
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner().source = Some(Arc::new(source));
        self
    }

    /// Says that the session may still be good, although a user has to log in. Only a refused refresh token ends it.
    #[doc(hidden)]
    #[must_use]
    pub fn keeping_session(mut self) -> Self {
        self.inner().keeps_session = true;
        self
    }

    /// Says that no user can log in, although the session has ended: the configuration has the credentials.
    #[doc(hidden)]
    #[must_use]
    pub fn without_login(mut self) -> Self {
        self.inner().needs_configuration = true;
        self
    }

    /// Says that a token store could not be reached, so that nothing is known of its leases and documents. An exchange that
    /// spends nothing is then made without the store; see [`TokenStore::lock`](crate::store::TokenStore::lock).
    ///
    /// ```
    /// use authn::Error;
    ///
    /// let error = Error::store("vault.example.com does not answer").as_unreachable();
    /// assert!(error.is_unreachable());
    /// assert!(!Error::store("another process has held the lease for 10 minutes").is_unreachable());
    /// ```
    #[must_use]
    pub fn as_unreachable(mut self) -> Self {
        self.inner().is_unreachable = true;
        self
    }

    /// Returns whether a token store could not be reached.
    pub fn is_unreachable(&self) -> bool {
        self.0.is_unreachable
    }

    pub(crate) fn keeps_session(&self) -> bool {
        self.0.keeps_session
    }

    /// Adds how long the server asked to wait before the next attempt. Unless something else helps, the help says it, too.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use authn::Error;
    ///
    /// let error = Error::network("sts.example.com is busy").with_retry_after(Duration::from_secs(120));
    /// assert_eq!(error.help(), Some("try again in 2m, as the server asks"));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        let inner = self.inner();
        inner.retry_after = Some(wait);
        if inner.help.as_deref().is_none_or(|help| help.starts_with("try again")) {
            // Whole seconds, and never too few.
            let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            let wait = duration::format(wait);
            inner.help = Some(format!("try again in {wait}, as the server asks").into());
        }
        self
    }

    /// Puts the place where it happened before the message.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        let inner = self.inner();
        inner.message = format!("{place}: {}", inner.message);
        self
    }

    /// Says that nothing is there that the provider could use, such as a file or a login, so that a chain asks its next
    /// provider.
    #[must_use]
    #[doc(hidden)]
    pub fn as_absence(mut self) -> Self {
        self.inner().is_absence = true;
        self
    }

    /// Adds a text to the end of the message.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.inner().message.push_str(more);
        self
    }

    /// Adds the server's own code and description.
    #[cfg(feature = "reqwest")]
    #[must_use]
    pub(crate) fn with_server(mut self, code: Option<String>, description: Option<String>) -> Self {
        let inner = self.inner();
        (inner.server_code, inner.server_description) = (code, description);
        self
    }

    /// Returns whether the provider has nothing to say, rather than having failed: the kind is
    /// [`NotApplicable`](ErrorKind::NotApplicable), the variable or file of a secret is absent, or no user has logged in yet.
    /// The provider `chain` then asks its next one.
    ///
    /// ```
    /// use authn::Error;
    ///
    /// assert!(Error::not_applicable("no request is being served here").is_not_applicable());
    /// assert!(!Error::network("sts.example.com did not answer in time").is_not_applicable());
    /// ```
    pub fn is_not_applicable(&self) -> bool {
        self.0.is_absence || self.0.kind == ErrorKind::NotApplicable
    }

    /// Returns the sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what happened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what helps.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns what a program can do about it.
    ///
    /// ```
    /// use authn::{Error, Recovery};
    ///
    /// # fn log_in() {}
    /// # let error = Error::login_required("no user is logged in");
    /// match error.recovery() {
    ///     Recovery::Retry { after } => println!("later: {after:?}"),
    ///     Recovery::LogIn => log_in(),
    ///     _ => eprintln!("{error}"),
    /// }
    /// ```
    pub fn recovery(&self) -> Recovery {
        if let Some(after) = self.0.retry_after {
            return Recovery::Retry { after: Some(after) };
        }
        match self.0.kind {
            ErrorKind::Network | ErrorKind::Store => Recovery::Retry { after: None },
            ErrorKind::LoginRequired if !self.0.needs_configuration => Recovery::LogIn,
            ErrorKind::LoginRequired
            | ErrorKind::Configuration
            | ErrorKind::InvalidToken
            | ErrorKind::Expired
            | ErrorKind::Refused => Recovery::ChangeConfiguration,
            ErrorKind::Origin | ErrorKind::NoToken | ErrorKind::NotApplicable => {
                Recovery::ChangeRequest
            }
            ErrorKind::Protocol
            | ErrorKind::Closed
            | ErrorKind::Cancelled
            | ErrorKind::Internal => Recovery::None,
        }
    }

    /// Returns how long the server asked to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the code of the error that the server answered with, such as `invalid_client` (RFC 6749, 5.2): 1 to 64
    /// letters, digits and `_.-`. It is also a part of the message.
    pub fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }

    /// Returns what the server says about its error (`error_description`; RFC 6749, 5.2), on one line of at most 300
    /// characters. It is also a part of the message. `None` if the server says nothing, or if what it says contains a part of
    /// a secret that was sent to it.
    ///
    /// ```
    /// # fn example(error: authn::Error) {
    /// if error.server_code() == Some("invalid_client") {
    ///     eprintln!("ask the server's operator: {}", error.server_description().unwrap_or_default());
    /// }
    /// # }
    /// ```
    pub fn server_description(&self) -> Option<&str> {
        self.0.server_description.as_deref()
    }

    /// Returns each problem of a configuration that can't be used; none for other errors.
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    /// Returns the problem of a configuration that it is.
    pub(crate) fn as_problem(&self, code: ProblemCode) -> Problem {
        let problem = Problem::error(code, self.message());
        match self.help() {
            Some(help) => problem.with_help(help),
            None => problem,
        }
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
    not_applicable: NotApplicable;
    refused: Refused;
    protocol: Protocol;
    network: Network;
    store: Store;
    cancelled: Cancelled;
    invalid_token: InvalidToken;
    expired: Expired;
    internal: Internal;
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.message))?;
        if let Some(help) = &self.0.help {
            write!(f, "; {}", printable(help))?;
        }
        for problem in &self.0.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// What a `main` that returns the error prints, so it is written for people; the methods have the parts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.message))?;
        for problem in &self.0.problems {
            let report = problem.render(false);
            write!(f, "\n\n{report}")?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n  help: {}", printable(help))?;
        }
        for cause in iter::successors(self.source(), |&cause| cause.source()) {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_what_a_person_reads_when_main_returns_it() {
        let cause = Error::store("the folder can't be written").with_help("make it writable");
        let error =
            Error::store("the login was not saved").with_help("log in again").with_source(cause);
        assert_eq!(error.to_string(), "the login was not saved; log in again");
        assert_eq!(
            format!("{error:?}"),
            "the login was not saved\n  help: log in again\n  \
             caused by: the folder can't be written; make it writable"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        let error = Error::refused("a\nb\u{1b}[31m").with_help("c\rd");
        assert_eq!(error.to_string(), r"a\nb\u{1b}[31m; c\rd");
        assert_eq!(format!("{error:?}"), "a\\nb\\u{1b}[31m\n  help: c\\rd");
    }

    #[test]
    fn what_the_server_asks_for_decides_the_recovery() {
        let after = Duration::from_secs(7);
        let error = Error::refused("too many requests");
        assert_eq!(error.recovery(), Recovery::ChangeConfiguration);
        let error = error.with_retry_after(after);
        assert_eq!(error.recovery(), Recovery::Retry { after: Some(after) });
        assert_eq!(Error::network("no answer").recovery(), Recovery::Retry { after: None });
        assert_eq!(Error::login_required("no session").recovery(), Recovery::LogIn);
        assert_eq!(Error::no_token().recovery(), Recovery::ChangeRequest);
    }
}
