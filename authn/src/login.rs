//! `Login`: one login of a user, for the program that starts it and for the source that carries it out.

use std::{
    fmt,
    future::Future,
    panic,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::watch;

use crate::{
    Environment, Error, Result, SecretString,
    prompt::{ErasedPrompt, Link, Progress, Prompt, Question, UserCode},
    runtime::{Boxed, catch, caught},
    time::before,
};

/// What a source does at the end of its login, when it is known whether a user is logged in.
type AtEnd = Box<dyn FnOnce(bool) -> Boxed<'static, ()> + Send>;

/// One login of a user.
///
/// A program creates it for [`Credentials::login`](crate::Credentials::login). The
/// [`InteractiveSource`](crate::InteractiveSource) receives it, and reaches the user through it.
///
/// ```no_run
/// # use authn::{Credentials, Login, prompt::Prompt};
/// # async fn example(credentials: Credentials, prompt: impl Prompt) -> authn::Result<()> {
/// credentials.login(Login::new(prompt)).await?;
/// # Ok(()) }
/// ```
///
/// A source reaches the user through it:
///
/// ```no_run
/// use authn::{Login, Result, SecretString, Url, prompt::{Link, Progress, Question, UserCode}};
///
/// async fn ask_for_code(login: &Login, page: Url) -> Result<SecretString> {
///     login.at_end(|is_logged_in| async move { println!("logged in: {is_logged_in}") });
///     let link = Link::new(page.clone());
///     login.show_link(&if login.may_open_browser() { link.with_browser() } else { link });
///     login.show_code(&UserCode::new("BCDF-GHJK", page));
///     login.progress(&Progress::Exchanging);
///     // Waits as long as the caller of the login does.
///     login.unless_cancelled(std::future::ready(())).await?;
///     login.ask(&Question::new("Code").secret()).await
/// }
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is given to `Credentials::login`"]
pub struct Login {
    prompt: Arc<dyn ErasedPrompt>,
    method: Option<LoginMethod>,
    opens_browser: Option<bool>,
    environment: Arc<Environment>,
    /// Its sender is dropped with the caller that waits for the login.
    caller: Option<watch::Receiver<()>>,
    at_end: Arc<Mutex<Option<AtEnd>>>,
    /// The function of the prompt that has panicked.
    panicked: Arc<OnceLock<&'static str>>,
}

/// The method by which a user logs in.
///
/// ```
/// # use authn::{Login, prompt::Prompt};
/// use authn::LoginMethod;
///
/// # fn example(prompt: impl Prompt) {
/// let login = Login::new(prompt).with_method(LoginMethod::Device);
/// assert_eq!(login.method(), Some(LoginMethod::Device));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginMethod {
    /// A browser on this machine, which is redirected back to it (RFC 8252, 7.3).
    Browser,
    /// A browser on any machine. The user pastes its last address or the code here.
    Console,
    /// A code that the user types in on any device (RFC 8628).
    Device,
}

/// The outcome of a login.
///
/// ```no_run
/// # use authn::{Credentials, Login};
/// use authn::LoginOutcome;
///
/// # async fn example(credentials: Credentials, login: Login) -> authn::Result<()> {
/// if credentials.login(login).await? == LoginOutcome::NotNeeded {
///     println!("there is no user to log in");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginOutcome {
    /// A user has logged in.
    LoggedIn,
    /// Another process was logging in at the same time, and its session is used here, too.
    ByAnother,
    /// There is no user to log in: the provider needs only the configuration.
    NotNeeded,
}

/// A description of how a login would go, as far as that is known without asking a server.
///
/// [`Credentials::login_plan`](crate::Credentials::login_plan) returns it. As text it is a clause:
///
/// ```
/// use authn::{LoginPlan, LoginMethod};
///
/// let plan = LoginPlan::new(Some(LoginMethod::Browser), "a login opens a browser on this machine");
/// let plan = plan.because(Some("DISPLAY is set".to_owned()));
/// assert_eq!(plan.to_string(), "a login opens a browser on this machine, because DISPLAY is set");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPlan {
    /// The method; `None` if there is none, or if it depends on the server.
    pub method: Option<LoginMethod>,
    /// What the user sees, such as `a login opens a browser on this machine`.
    pub what: String,
    /// The reason, such as `DISPLAY is set`.
    pub why: Option<String>,
}

impl LoginPlan {
    /// Creates a plan without a reason. `what` is a clause in the third person.
    pub fn new(method: Option<LoginMethod>, what: impl Into<String>) -> Self {
        Self { method, what: what.into(), why: None }
    }

    /// Adds the reason, if there is one.
    #[must_use]
    pub fn because(self, why: Option<String>) -> Self {
        Self { why, ..self }
    }
}

impl fmt::Display for LoginPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, ", because {why}"))
    }
}

impl Login {
    /// Creates a login. Its method depends on the configuration and the environment.
    pub fn new(prompt: impl Prompt) -> Self {
        Self {
            prompt: Arc::new(prompt),
            method: None,
            opens_browser: None,
            environment: Arc::new(Environment::of_process()),
            caller: None,
            at_end: Arc::default(),
            panicked: Arc::default(),
        }
    }

    /// Sets the method.
    pub fn with_method(self, method: LoginMethod) -> Self {
        Self { method: Some(method), ..self }
    }

    /// Lets the user open the link, and starts no browser.
    ///
    /// ```
    /// # use authn::{Environment, Login, Result, SecretString, prompt::{Link, Progress, Prompt, Question, UserCode}};
    /// # #[derive(Debug)]
    /// # struct Silent;
    /// # impl Prompt for Silent {
    /// #     fn show_link(&self, _: &Link) {}
    /// #     fn show_code(&self, _: &UserCode) {}
    /// #     async fn ask(&self, _: &Question) -> Result<SecretString> { Ok("".into()) }
    /// #     fn progress(&self, _: &Progress) {}
    /// # }
    /// let login = Login::new(Silent).with_environment(Environment::empty()).without_browser();
    /// assert!(!login.opens_browser());
    /// ```
    pub fn without_browser(self) -> Self {
        Self { opens_browser: Some(false), ..self }
    }

    /// Sets the environment; that of the process unless set.
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment: Arc::new(environment), ..self }
    }

    /// Returns the method that was set; `None` if it depends on the configuration and the environment.
    pub fn method(&self) -> Option<LoginMethod> {
        self.method
    }

    /// Returns whether the login starts a browser for a link.
    pub fn opens_browser(&self) -> bool {
        self.opens_browser.unwrap_or_else(|| self.environment.has_browser())
    }

    /// Returns whether a browser that the configuration names may be started, whatever the environment is.
    pub fn may_open_browser(&self) -> bool {
        self.opens_browser != Some(false)
    }

    /// Returns whether the user who logs in can see a browser on this machine; see [`Environment::has_browser`].
    pub fn has_browser(&self) -> bool {
        self.environment.has_browser()
    }

    /// Returns an environment variable; `None` if it is not set or empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// Shows the link at which a user logs in.
    pub fn show_link(&self, link: &Link) {
        tracing::info!("login link shown");
        self.prompted("show_link", || self.prompt.show_link(link));
    }

    /// Shows the code that the user types in.
    pub fn show_code(&self, code: &UserCode) {
        tracing::info!("login code shown");
        self.prompted("show_code", || self.prompt.show_code(code));
    }

    /// Asks the user for a text. It is an error of kind [`Cancelled`](crate::ErrorKind::Cancelled) if the caller goes
    /// away meanwhile, or if the user gives up.
    pub async fn ask(&self, question: &Question) -> Result<SecretString> {
        let asked = caught(async { self.prompt.ask_boxed(question).await });
        let answer = self.unless_cancelled(asked).await?;
        answer.unwrap_or_else(|| self.prompted("ask", || panic::resume_unwind(Box::new(()))))
    }

    /// Shows the progress of the login.
    pub fn progress(&self, progress: &Progress) {
        log(progress);
        self.prompted("progress", || self.prompt.progress(progress));
    }

    /// Runs a function of the prompt. If it panics, the login ends, and its error names the function.
    fn prompted<T>(&self, function: &'static str, work: impl FnOnce() -> T) -> T {
        catch(work).unwrap_or_else(|| {
            // The first one counts.
            let _ = self.panicked.set(function);
            panic::resume_unwind(Box::new(()))
        })
    }

    /// Returns the error of a login that has panicked.
    pub(crate) fn crashed(&self) -> Error {
        match self.panicked.get() {
            Some(function) => Error::internal(format!("the prompt panicked in `{function}`"))
                .with_help("fix its code"),
            None => Error::internal("the provider panicked during the login")
                .with_help("report this to the provider's authors"),
        }
    }

    /// Waits for work of the user. It is an error of kind [`Cancelled`](crate::ErrorKind::Cancelled) if the caller goes
    /// away meanwhile.
    ///
    /// The work must not include a request whose response a server sends only once, such as that for the tokens: it
    /// would be lost.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let Some(mut caller) = self.caller.clone() else { return Ok(work.await) };
        // Nothing is ever sent: this ends when the sender is dropped.
        let gone = Box::pin(async move { drop(caller.changed().await) });
        let done = before(work, gone).await;
        done.ok_or_else(|| Error::cancelled("the login was abandoned").with_help("start it again"))
    }

    /// Sets a closure that is called at the end, with whether a user is logged in now. A source can't know this earlier:
    /// its grant may belong to another user than the expected one, or may fail to be stored.
    ///
    /// The login waits for its future, which should be short. A second closure replaces the first.
    pub fn at_end<Done>(&self, notify: impl FnOnce(bool) -> Done + Send + 'static)
    where
        Done: Future<Output = ()> + Send + 'static,
    {
        let notify: AtEnd = Box::new(|is_logged_in| Box::pin(notify(is_logged_in)));
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(notify);
    }

    /// Calls the closure of [`at_end`](Self::at_end), if there is one.
    pub(crate) async fn run_at_end(&self, is_logged_in: bool) {
        let notify = self.at_end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(notify) = notify {
            notify(is_logged_in).await;
        }
    }

    /// Returns the login of one caller, and the caller's guard. Once the guard is dropped, no user is waited for.
    pub(crate) fn for_caller(mut self) -> (watch::Sender<()>, Self) {
        let (guard, caller) = watch::channel(());
        self.caller = Some(caller);
        // The program may use the same `Login` for several logins at once. Each has its own closure.
        self.at_end = Arc::default();
        self.panicked = Arc::default();
        (guard, self)
    }
}

impl Environment {
    /// Returns whether the user who logs in can see a browser on this machine.
    ///
    /// Over SSH it can't be seen, and on Unix not without a display. If `BROWSER` is set, there is a browser in any case:
    /// editors that work on another machine set it.
    pub fn has_browser(&self) -> bool {
        self.browser().0
    }

    /// Returns why a browser can or can't be seen, such as `SSH_TTY is set`; `None` where a display is assumed.
    pub fn browser_reason(&self) -> Option<String> {
        match self.browser() {
            (_, Some(name)) => Some(format!("{name} is set")),
            (true, None) => None,
            (false, None) => Some("there is no display".to_owned()),
        }
    }

    /// Returns whether a browser can be seen, and the variable that decides it.
    fn browser(&self) -> (bool, Option<&'static str>) {
        // An empty variable is treated as not set.
        let set =
            |names: &[&'static str]| names.iter().copied().find(|name| self.get(name).is_some());
        if let Some(name) = set(&["BROWSER"]) {
            return (true, Some(name));
        }
        if let Some(name) = set(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]) {
            return (false, Some(name));
        }
        // WSL uses the display of Windows.
        let display = set(&["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "WSL_INTEROP"]);
        (display.is_some() || cfg!(not(unix)) || cfg!(target_os = "macos"), display)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("prompt", &self.prompt)
            .field("method", &self.method)
            .field("opens_browser", &self.opens_browser)
            .finish_non_exhaustive()
    }
}

/// Logs the progress of a login. Neither a link nor a code is logged.
fn log(progress: &Progress) {
    match progress {
        Progress::OtherLogin => tracing::info!("waiting for another login"),
        Progress::BrowserOpened => tracing::info!("browser opened"),
        Progress::BrowserFailed(why) => {
            tracing::info!(error.message = why.as_str(), "browser not opened");
        }
        Progress::Waiting { left } => {
            tracing::info!(authn.login.timeout = left.as_secs_f64(), "waiting for the user");
        }
        Progress::Notice(notice) => {
            tracing::info!(error.message = notice.as_str(), "login goes on");
        }
        Progress::Exchanging => tracing::info!("user is done"),
        Progress::Ended => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_environment_decides_whether_a_browser_can_be_seen() {
        for (variables, seen) in [
            (&[][..], false),
            (&["DISPLAY"], true),
            (&["WAYLAND_DISPLAY"], true),
            (&["WSL_DISTRO_NAME"], true),
            (&["DISPLAY", "SSH_CONNECTION"], false),
            (&["WSL_INTEROP", "SSH_TTY"], false),
            (&["SSH_CONNECTION", "BROWSER"], true),
            (&["BROWSER"], true),
        ] {
            let environment =
                variables.iter().fold(Environment::empty(), |all, name| all.variable(*name, "1"));
            assert_eq!(environment.has_browser(), seen, "{variables:?}");
        }
        assert!(!Environment::empty().variable("DISPLAY", "").has_browser());
    }

    #[test]
    fn the_reason_is_the_variable_that_decides() {
        let with = |name: &str| Environment::empty().variable("DISPLAY", ":0").variable(name, "1");
        for (name, has_browser) in [("BROWSER", true), ("SSH_TTY", false), ("DISPLAY", true)] {
            let environment = with(name);
            let reason = environment.browser_reason();
            assert_eq!(
                (environment.has_browser(), reason),
                (has_browser, Some(format!("{name} is set")))
            );
        }
        let reason = Environment::empty().browser_reason();
        let expected = cfg!(all(unix, not(target_os = "macos"))).then_some("there is no display");
        assert_eq!(reason.as_deref(), expected);
        let plan = LoginPlan::new(Some(LoginMethod::Console), "a login shows a link");
        assert_eq!(plan.to_string(), "a login shows a link");
        assert_eq!(plan.because(Some("x".into())).to_string(), "a login shows a link, because x");
    }
}
