//! `Prompt`: how a login communicates with a user.
//!
//! Nothing in this library writes to a terminal or opens a window. A login shows and asks everything through the
//! program's [`Prompt`]; without one, no user is ever asked for anything.

use std::{
    fmt::{self, Debug},
    future::Future,
    time::{Duration, SystemTime},
};

use url::Url;

use crate::{Result, SecretString, runtime::Boxed};

/// Shows a login's link, code and progress to a user, and asks for missing values.
///
/// The login calls it on a thread of its own, so it may block, for example to read a line. While it blocks, the login
/// does not notice that its caller has gone. If a function panics, the login fails, and its error names the function.
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
    /// Shows the link at which a user logs in. It is shown before a browser is started, and also if none is.
    fn show_link(&self, link: &Link);

    /// Shows the code that the user types in on any device, and the address to type it in at (RFC 8628, 3.3).
    fn show_code(&self, code: &UserCode);

    /// Asks for a text and waits for it. The answer to a [secret](Question::is_secret) question must not be echoed.
    ///
    /// If the user gives up, it returns an error of kind [`Cancelled`](crate::ErrorKind::Cancelled).
    fn ask(&self, question: &Question) -> impl Future<Output = Result<SecretString>> + Send
    where
        Self: Sized;

    /// Shows the progress of the login.
    fn progress(&self, progress: &Progress);
}

/// A [`Prompt`] behind a pointer. A method that returns a future can't be called through a trait object, so `ask` has a
/// counterpart here that boxes its future.
pub(crate) trait ErasedPrompt: Prompt {
    fn ask_boxed<'a>(&'a self, question: &'a Question) -> Boxed<'a, Result<SecretString>>;
}

impl<P: Prompt> ErasedPrompt for P {
    fn ask_boxed<'a>(&'a self, question: &'a Question) -> Boxed<'a, Result<SecretString>> {
        Box::pin(self.ask(question))
    }
}

/// The link at which a user logs in, or [logs out at the server](crate::Credentials::open_logout). `{:?}` leaves out its query.
///
/// ```
/// # use authn::Url;
/// use authn::prompt::Link;
///
/// let link = Link::new(Url::parse("https://login.example.com/")?).with_browser();
/// assert!(link.opens_browser());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Link {
    url: Url,
    opens_browser: bool,
}

impl Link {
    /// Creates a link for which no browser is started.
    pub fn new(url: Url) -> Self {
        Self { url, opens_browser: false }
    }

    /// Marks the link as one for which a browser is about to be started.
    #[must_use]
    pub fn with_browser(self) -> Self {
        Self { opens_browser: true, ..self }
    }

    /// Returns the address. For a login it contains values for this login alone, and no secret. For a logout it contains the
    /// ID token, so it is for the user alone.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns whether a browser is about to be started for it.
    pub fn opens_browser(&self) -> bool {
        self.opens_browser
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = self.url.clone();
        page.set_query(None);
        let opens_browser = self.opens_browser;
        f.debug_struct("Link")
            .field("page", &page.as_str())
            .field("opens_browser", &opens_browser)
            .finish_non_exhaustive()
    }
}

/// A code that the user types in at an address, on any device: what the server has answered (RFC 8628, 3.2).
///
/// ```
/// # use authn::Url;
/// use authn::prompt::UserCode;
/// use std::time::{Duration, SystemTime};
///
/// /// Returns a code for the company's chat, which shows it until it expires.
/// fn message(code: &UserCode) -> String {
///     let address = code.complete_url().unwrap_or(code.url());
///     let end = code.expires_at().map(|end| format!(" until {end:?}")).unwrap_or_default();
///     format!("{} at {address}{end}", code.code())
/// }
///
/// let [code, login] = ["device", "device?user_code=WDJB-MJHT"].map(|path| format!("https://a.example/{path}"));
/// let now = SystemTime::now();
/// let code = UserCode::new("WDJB-MJHT", Url::parse(&code)?)
///     .with_complete_url(Url::parse(&login)?)
///     .with_interval(Duration::from_secs(5))
///     .with_lifetime(Duration::from_secs(600))
///     .with_received_at(now);
/// assert!(message(&code).starts_with("WDJB-MJHT at https://a.example/device?user_code=WDJB-MJHT until"));
/// assert_eq!(code.interval(), Some(Duration::from_secs(5)));
/// assert_eq!(code.lifetime(), Some(Duration::from_secs(600)));
/// assert_eq!(code.received_at(), Some(now));
/// assert_eq!(code.expires_at(), Some(now + Duration::from_secs(600)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct UserCode {
    code: String,
    url: Url,
    complete: Option<Url>,
    interval: Option<Duration>,
    lifetime: Option<Duration>,
    received_at: Option<SystemTime>,
}

impl UserCode {
    /// Creates a code with the address to type it in at.
    pub fn new(code: impl Into<String>, url: Url) -> Self {
        Self {
            code: code.into(),
            url,
            complete: None,
            interval: None,
            lifetime: None,
            received_at: None,
        }
    }

    /// Adds the address that already contains the code, for a QR code.
    #[must_use]
    pub fn with_complete_url(self, url: Url) -> Self {
        Self { complete: Some(url), ..self }
    }

    /// Adds the time that the server wants between two requests for the tokens.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// Adds how long the code is valid, from when it was received.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: Some(lifetime), ..self }
    }

    /// Adds when the code was received, on the wall clock.
    #[must_use]
    pub fn with_received_at(self, time: SystemTime) -> Self {
        Self { received_at: Some(time), ..self }
    }

    /// Returns the code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the address to type it in at.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the address that already contains the code, if the server has one.
    pub fn complete_url(&self) -> Option<&Url> {
        self.complete.as_ref()
    }

    /// Returns the time that the server wants between two requests for the tokens, in whole seconds; `None` if it has
    /// named none, which means 5 seconds (RFC 8628, 3.2). The login keeps to it by itself.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Returns how long the code is valid from when it was received, in whole seconds; `None` if the server has not said.
    /// The option `login_timeout` may end the login earlier, which [`Progress::Waiting`] tells.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// Returns when the code was received, on the wall clock; `None` if the provider has not said.
    pub fn received_at(&self) -> Option<SystemTime> {
        self.received_at
    }

    /// Returns when the code expires, on the wall clock; `None` if that is unknown.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.received_at?.checked_add(self.lifetime?)
    }
}

/// A value that the user is asked for.
///
/// ```
/// # use authn::Url;
/// use authn::prompt::Question;
///
/// let page = Url::parse("https://example.com/applications")?;
/// let question = Question::new("client secret").secret().with_page(page.clone());
/// assert_eq!((question.label(), question.is_secret()), ("client secret", true));
/// assert_eq!(question.page(), Some(&page));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Question {
    label: String,
    page: Option<Url>,
    is_secret: bool,
}

impl Question {
    /// Creates a question for the value that the label names, such as `client ID`.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), page: None, is_secret: false }
    }

    /// Marks the answer as secret: it must not be echoed.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Adds the page where the user finds the answer.
    #[must_use]
    pub fn with_page(self, page: Url) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Returns the name of the value.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the page where the user finds the answer.
    pub fn page(&self) -> Option<&Url> {
        self.page.as_ref()
    }

    /// Returns whether the answer must not be echoed.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }
}

/// The progress of a login.
///
/// ```
/// use authn::prompt::Progress;
///
/// fn line(progress: &Progress) -> Option<String> {
///     match progress {
///         Progress::Waiting { left } => Some(format!("waiting, {} s left", left.as_secs())),
///         Progress::Notice(notice) => Some(notice.clone()),
///         _ => None, // new ones may be added
///     }
/// }
/// # assert_eq!(line(&Progress::Notice("hello".into())).as_deref(), Some("hello"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is logging in, and this one waits for it to end.
    OtherLogin,
    /// A browser was started.
    BrowserOpened,
    /// No browser could be started, so the user must open the link. The text says why.
    BrowserFailed(String),
    /// The login waits for the user.
    Waiting {
        /// Time until the login gives up.
        left: Duration,
    },
    /// A notice that does not end the login, such as a server that can't be reached at the moment.
    Notice(String),
    /// The user is done, and the server is asked for the tokens.
    Exchanging,
    /// The login has ended. No other progress follows.
    Ended,
}
