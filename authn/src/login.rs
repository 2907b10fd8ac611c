//! `Login`: one login of a person, from the program's side and from the source's.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{
    Environment, Error, Result, SecretString,
    prompt::{ErasedPrompt, Link, Progress, Prompt, Question, UserCode},
    runtime::Boxed,
    time::before,
};

/// What a source wants to do once it is known what came of its login.
type AtEnd = Box<dyn FnOnce(bool) -> Boxed<'static, ()> + Send>;

/// How a login is to go, for [`Credentials::login`](crate::Credentials::login); and, within it, what a
/// [`TokenSource`](crate::TokenSource) reaches the person by.
///
/// ```no_run
/// # use authn::{Credentials, Login, prompt::Prompt};
/// # async fn example(credentials: Credentials, prompt: impl Prompt) -> authn::Result<()> {
/// credentials.login(Login::new(prompt)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is given to `Credentials::login`"]
pub struct Login {
    prompt: Arc<dyn ErasedPrompt>,
    way: Option<Way>,
    opens_browser: Option<bool>,
    environment: Arc<Environment>,
    /// Its sender goes with the caller that waits for the login.
    caller: Option<watch::Receiver<()>>,
    at_end: Arc<Mutex<Option<AtEnd>>>,
}

/// By which way a user logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// A browser on this machine, which comes back to it (RFC 8252, 7.3).
    Browser,
    /// A browser anywhere, and its last address or the code pasted here.
    Console,
    /// A code that is typed in on any device (RFC 8628).
    Device,
}

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginOutcome {
    /// A user has logged in.
    LoggedIn,
    /// Another process was logging in at the same time, and its session serves here too.
    ByAnother,
    /// The configuration is all that the provider needs: there is no user to log in.
    NotNeeded,
}

/// How a login would go, as far as that is known without asking a server; see
/// [`Credentials::login_plan`](crate::Credentials::login_plan). Its text is a clause, such as `a login opens a browser
/// on this machine, because DISPLAY is set`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPlan {
    /// The way; `None` if it depends on what the server offers, or if there is none.
    pub way: Option<Way>,
    /// What the user will see, such as `a login opens a browser on this machine`.
    pub what: String,
    /// Why that is so, such as `DISPLAY is set`.
    pub why: Option<String>,
}

impl LoginPlan {
    /// Makes a plan; `what` is a clause in the third person.
    pub fn new(way: Option<Way>, what: impl Into<String>) -> Self {
        Self { way, what: what.into(), why: None }
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
    /// Makes a login whose way follows from the configuration and the surroundings.
    pub fn new(prompt: impl Prompt) -> Self {
        Self {
            prompt: Arc::new(prompt),
            way: None,
            opens_browser: None,
            environment: Arc::new(Environment::of_process()),
            caller: None,
            at_end: Arc::default(),
        }
    }

    /// Chooses the way.
    pub fn with_way(self, way: Way) -> Self {
        Self { way: Some(way), ..self }
    }

    /// Starts no browser: the user opens the link that is shown.
    pub fn without_browser(self) -> Self {
        Self { opens_browser: Some(false), ..self }
    }

    /// Brings the surroundings, instead of the process's.
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment: Arc::new(environment), ..self }
    }

    /// Returns the way that was chosen; `None` where it follows from the configuration and the surroundings.
    pub fn way(&self) -> Option<Way> {
        self.way
    }

    /// Returns whether a browser is to be started for a link.
    pub fn opens_browser(&self) -> bool {
        self.opens_browser.unwrap_or_else(|| self.environment.has_browser())
    }

    /// Returns whether a browser may be started where the configuration names one, whatever the surroundings
    /// say.
    pub fn may_open_browser(&self) -> bool {
        self.opens_browser != Some(false)
    }

    /// Returns whether a browser on this machine can be seen by the user who logs in.
    pub fn has_browser(&self) -> bool {
        self.environment.has_browser()
    }

    /// Returns the value of a variable of the surroundings.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// Shows the link at which a user logs in.
    pub fn show_link(&self, link: &Link) {
        self.prompt.show_link(link);
    }

    /// Shows the code that is to be typed in.
    pub fn show_code(&self, code: &UserCode) {
        self.prompt.show_code(code);
    }

    /// Asks for a text, until the caller has gone.
    pub async fn ask(&self, question: &Question) -> Result<SecretString> {
        self.unless_cancelled(self.prompt.ask_boxed(question)).await?
    }

    /// Reports how far the login is.
    pub fn progress(&self, progress: &Progress) {
        self.prompt.progress(progress);
    }

    /// Waits for what a person does, and ends with an error of kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled) once the caller has gone. What a server
    /// gives only once must not be waited for within it.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let Some(mut caller) = self.caller.clone() else { return Ok(work.await) };
        // Nothing is ever sent: it ends when the sender is dropped.
        let gone = Box::pin(async move { drop(caller.changed().await) });
        let done = before(work, gone).await;
        done.ok_or_else(|| Error::cancelled("the login was given up").with_help("start it again"))
    }

    /// Has something done at the end, when it is known whether a user is logged in now: what a source gives
    /// may still be another user's than the expected one's, or not be kept. The login does not end before it
    /// is done, so it must not take long. The last one that is given counts.
    pub fn at_end<Done>(&self, tell: impl FnOnce(bool) -> Done + Send + 'static)
    where
        Done: Future<Output = ()> + Send + 'static,
    {
        let tell: AtEnd = Box::new(|is_logged_in| Box::pin(tell(is_logged_in)));
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    }

    /// Does what was given for the end.
    pub(crate) async fn end(&self, is_logged_in: bool) {
        let tell = self.at_end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tell) = tell {
            tell(is_logged_in).await;
        }
    }

    /// Ties the login to a caller: what a person does is waited for until the guard is dropped.
    pub(crate) fn tied(mut self) -> (watch::Sender<()>, Self) {
        let (guard, caller) = watch::channel(());
        self.caller = Some(caller);
        // The caller's own may serve several logins at once.
        self.at_end = Arc::default();
        (guard, self)
    }
}

impl Environment {
    /// Returns whether a browser on this machine can be seen by the user who logs in: not over SSH, and on Unix
    /// not without a display. `BROWSER` says that there is one all the same, as editors set it that work on
    /// another machine.
    pub fn has_browser(&self) -> bool {
        self.browser().0
    }

    /// Returns why a browser can be seen or not, such as `SSH_TTY is set`; `None` where a display is taken for
    /// granted.
    pub fn browser_reason(&self) -> Option<String> {
        match self.browser() {
            (_, Some(name)) => Some(format!("{name} is set")),
            (true, None) => None,
            (false, None) => Some("there is no display".to_owned()),
        }
    }

    /// Returns whether a browser can be seen, and the variable that says so.
    fn browser(&self) -> (bool, Option<&'static str>) {
        // One that is empty counts as not set.
        let set =
            |names: &[&'static str]| names.iter().copied().find(|name| self.get(name).is_some());
        if let Some(name) = set(&["BROWSER"]) {
            return (true, Some(name));
        }
        if let Some(name) = set(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]) {
            return (false, Some(name));
        }
        // The Windows beside a Linux has one.
        let display = set(&["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "WSL_INTEROP"]);
        (display.is_some() || cfg!(not(unix)) || cfg!(target_os = "macos"), display)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("prompt", &self.prompt)
            .field("way", &self.way)
            .field("opens_browser", &self.opens_browser)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_surroundings_say_whether_a_browser_is_seen() {
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
    fn the_reason_is_the_variable_that_counts() {
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
        let plan = LoginPlan::new(Some(Way::Console), "a login shows a link");
        assert_eq!(plan.to_string(), "a login shows a link");
        assert_eq!(plan.because(Some("x".into())).to_string(), "a login shows a link, because x");
    }
}
