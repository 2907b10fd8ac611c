//! `Prompt`: how a login speaks with a person.
//!
//! Nothing in this library writes to a terminal or opens a window. What a login has to show or to ask goes
//! through the [`Prompt`] that the program brings; without one, no user is ever asked for anything.

use std::{fmt::Debug, future::Future, time::Duration};

use url::Url;

use crate::{Result, SecretString, runtime::Boxed};

/// Shows a person what a login needs, and asks for what it lacks.
///
/// It is called on a thread of the login's own, so it may block, such as by reading a line. While it does, the login
/// does not notice that its caller has gone.
///
/// ```
/// use authn::{Error, Result, SecretString, prompt::{Link, Progress, Prompt, Question, UserCode}};
///
/// /// Prints links and codes, and answers no question.
/// #[derive(Debug)]
/// struct Plain;
///
/// impl Prompt for Plain {
///     fn show_link(&self, link: &Link) {
///         println!("log in at {}", link.url());
///     }
///     fn show_code(&self, code: &UserCode) {
///         println!("type {} at {}", code.code(), code.url());
///     }
///     async fn ask(&self, question: &Question) -> Result<SecretString> {
///         Err(Error::login_required(format!("{} is missing", question.label())).with_help("set it"))
///     }
///     fn progress(&self, _: &Progress) {}
/// }
/// ```
pub trait Prompt: Debug + Send + Sync + 'static {
    /// Shows the link at which a user logs in. It is always shown, and before a browser is started.
    fn show_link(&self, link: &Link);

    /// Shows the code that is to be typed in on some device, and where (RFC 8628, 3.3).
    fn show_code(&self, code: &UserCode);

    /// Asks for a text and waits for it. The answer to a [secret](Question::is_secret) question must not be
    /// echoed. A user who gives up makes it an error of kind [`Cancelled`](crate::ErrorKind::Cancelled).
    fn ask(&self, question: &Question) -> impl Future<Output = Result<SecretString>> + Send
    where
        Self: Sized;

    /// Reports how far the login is.
    fn progress(&self, progress: &Progress);
}

/// A [`Prompt`] behind a pointer: what no pointer can call has a twin here that one can.
pub(crate) trait ErasedPrompt: Prompt {
    fn ask_boxed<'a>(&'a self, question: &'a Question) -> Boxed<'a, Result<SecretString>>;
}

impl<P: Prompt> ErasedPrompt for P {
    fn ask_boxed<'a>(&'a self, question: &'a Question) -> Boxed<'a, Result<SecretString>> {
        Box::pin(self.ask(question))
    }
}

/// Where a user logs in.
#[derive(Clone, Debug)]
pub struct Link {
    url: Url,
    opens_browser: bool,
}

impl Link {
    /// Makes a link that no browser is started for.
    pub fn new(url: Url) -> Self {
        Self { url, opens_browser: false }
    }

    /// Says that a browser is about to be started for it.
    #[must_use]
    pub fn with_browser(self) -> Self {
        Self { opens_browser: true, ..self }
    }

    /// Returns the address. It holds what is used once, and no secret.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns whether a browser is about to be started for it.
    pub fn opens_browser(&self) -> bool {
        self.opens_browser
    }
}

/// A code that is typed in at an address, on whatever device (RFC 8628, 3.2).
#[derive(Clone, Debug)]
pub struct UserCode {
    code: String,
    url: Url,
    complete: Option<Url>,
}

impl UserCode {
    /// Makes a code, and the address to type it in at.
    pub fn new(code: impl Into<String>, url: Url) -> Self {
        Self { code: code.into(), url, complete: None }
    }

    /// Adds the address that holds the code already, for a QR code.
    #[must_use]
    pub fn with_complete_url(self, url: Url) -> Self {
        Self { complete: Some(url), ..self }
    }

    /// Returns the code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the address to type it in at.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the address that holds the code already, if the server has one.
    pub fn complete_url(&self) -> Option<&Url> {
        self.complete.as_ref()
    }
}

/// What a person is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    label: String,
    page: Option<Url>,
    is_secret: bool,
}

impl Question {
    /// Asks for what a label names, as `client ID`.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), page: None, is_secret: false }
    }

    /// Says that the answer must not be echoed.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Adds the page where the answer is to be had.
    #[must_use]
    pub fn with_page(self, page: Url) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Returns the name of what is asked for.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the page where the answer is to be had.
    pub fn page(&self) -> Option<&Url> {
        self.page.as_ref()
    }

    /// Returns whether the answer must not be echoed.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }
}

/// How far a login is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is logging in; this one waits for what comes of it.
    OtherLogin,
    /// A browser was started.
    BrowserOpened,
    /// No browser could be started: the user must open the link. The text says why.
    BrowserFailed(String),
    /// The user has to act, within the time that is left.
    Waiting {
        /// Time that is left from now on.
        left: Duration,
    },
    /// Something that is worth knowing and stops nothing, as a server that can't be reached just now.
    Notice(String),
    /// The server has what it needs, and is asked for the tokens.
    Exchanging,
    /// Nothing is waited for any more. It is the last one.
    Ended,
}
