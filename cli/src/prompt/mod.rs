//! The terminal prompt of a login: links, codes, questions, and a countdown.
//!
//! - [`screen`]: the size and abilities of the terminal
//! - [`layout`]: the texts, laid out for that size
//! - [`qr`]: the QR code
//! - [`spinner`]: the last line, which counts down
//! - [`question`]: the user's answers
//! - [`modes`]: the terminal while a secret is typed
//! - [`signals`]: the signals meanwhile
//!
//! Everything is written to standard error: standard output is for data. Addresses and codes are never broken, so
//! that they can be copied. They are plain text, not hyperlinks (OSC 8): terminals recognise an address by
//! themselves, and some would show the unknown sequence.

mod layout;
#[cfg(unix)]
mod modes;
#[cfg(not(unix))]
#[path = "modes_elsewhere.rs"]
mod modes;
mod qr;
mod question;
mod screen;
#[cfg(unix)]
mod signals;
mod spinner;

use std::{
    io::{self, IsTerminal as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anstream::AutoStream;
use authn::{
    Error, Result, SecretString, Url,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};

use self::{layout::Awaited, modes::Modes, screen::Screen, spinner::Spinner};
use crate::{output::write, style::plain};

/// Shows a login on this process's terminal, and asks there.
///
/// ```no_run
/// # use authn::{Login, Result};
/// use authn_cli::TerminalPrompt;
///
/// # async fn example() -> Result<()> {
/// let credentials = authn::load()?;
/// let prompt = TerminalPrompt::new().with_colour(false).without_spinner();
/// credentials.login(Login::new(prompt)).await?;
/// # Ok(()) }
/// ```
///
/// Everything is written to standard error. If that is not a terminal, or one that can't move its cursor
/// (`TERM=dumb`), there is neither a spinner nor any control character.
///
/// A secret is read from the controlling terminal without echo, everything else from standard input. To cancel, a
/// program drops the login's future, for example by `tokio::select!` with `tokio::signal::ctrl_c()`. That restores the
/// terminal's echo. The thread that was reading consumes one more line of standard input before it ends.
///
/// # Signals
///
/// From the first secret on, and until the program ends, this listens to SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP.
/// It restores the terminal, and then the signal ends or stops the program as by default. After SIGCONT it asks again.
/// If the program handles a signal that would end it, the question fails with
/// [`Cancelled`](authn::ErrorKind::Cancelled) instead. So a program must start to handle these signals before a secret
/// is asked for. A signal that the program was started to ignore stays ignored.
///
/// SIGKILL, SIGSTOP and [`std::process::exit`] leave the terminal as it is. Outside of Linux, a signal that ends the
/// program does so too, unless the program handles it and drops the login's future.
#[derive(Clone, Debug)]
pub struct TerminalPrompt {
    colour: bool,
    animated: bool,
    /// Whether the program drops the login's future after a signal.
    ends_by_itself: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What is waited for, because it was shown last.
    shown: Option<Awaited>,
    spinner: Option<Spinner>,
    /// What was last printed as waited for, if there is no spinner.
    printed: Option<Awaited>,
    /// Whether the user is typing, so that nothing else may be written.
    is_asking: bool,
    /// The page that was shown with the last question.
    page: Option<Url>,
}

impl TerminalPrompt {
    /// Creates a prompt, in colour if standard error shows it and `NO_COLOR` is not set.
    pub fn new() -> Self {
        Self {
            colour: AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
            animated: screen::is_animated(),
            ends_by_itself: false,
            state: Arc::default(),
        }
    }

    /// Sets whether to use colour.
    #[must_use]
    pub fn with_colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// Disables the spinner, for a program that writes logs to the same terminal.
    #[must_use]
    pub fn without_spinner(mut self) -> Self {
        self.animated = false;
        self
    }

    /// Leaves it to the program to drop the login's future after a signal.
    pub(crate) fn without_cancelling(mut self) -> Self {
        self.ends_by_itself = true;
        self
    }

    /// Writes a paragraph, above the spinner if there is one.
    pub(crate) fn say(&self, text: &str) {
        let text = layout::paragraph(text, &Screen::now(self.colour));
        match &self.state().spinner {
            Some(spinner) => spinner.suspend(|| write(&text)),
            None => write(&text),
        }
    }

    /// Shows a link or a code, and resets the wait.
    fn show(&self, text: &str, awaited: Awaited) {
        let mut state = self.state();
        state.spinner = None;
        state.printed = None;
        state.shown = Some(awaited);
        write(text);
    }

    fn wait(&self, awaited: Awaited, left: Option<Duration>) {
        let mut state = self.state();
        if state.is_asking {
            return;
        }
        let screen = Screen::now(self.colour);
        match &state.spinner {
            Some(spinner) => spinner.change(awaited, left, &screen),
            None if self.animated => state.spinner = Some(Spinner::start(awaited, left, &screen)),
            None => {
                if state.printed.replace(awaited) != Some(awaited) {
                    write(&(layout::waiting(awaited, left, screen.columns) + "\n"));
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TerminalPrompt {
    fn default() -> Self {
        Self::new()
    }
}

impl Prompt for TerminalPrompt {
    fn show_link(&self, link: &Link) {
        self.show(&layout::link(link, &Screen::now(self.colour)), Awaited::Browser);
    }

    fn show_code(&self, code: &UserCode) {
        self.show(&layout::code(code, &Screen::now(self.colour)), Awaited::Code);
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        if !io::stdin().is_terminal() {
            return Err(Error::login_required(format!(
                "the {} must be typed in, and standard input is not a terminal",
                plain(question.label())
            ))
            .with_help("log in at a terminal"));
        }
        loop {
            let mut open = OpenQuestion::start(self, question)?;
            let answer = question::read(open.modes.as_mut()).await?;
            open.is_on_its_line = question.is_secret();
            if let Some(answer) = answer {
                open.modes.iter_mut().for_each(Modes::answered);
                return Ok(answer);
            }
            drop(open);
            self.say(
                "The answer is too long: the terminal accepts at most 4095 characters. \
                 Enter a shorter one.",
            );
        }
    }

    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::OtherLogin => self.wait(Awaited::OtherLogin, None),
            Progress::BrowserFailed(why) => self.say(&format!("Open the link yourself: {why}")),
            Progress::Waiting { left } => {
                let awaited = self.state().shown.unwrap_or(Awaited::User);
                self.wait(awaited, Some(*left));
            }
            Progress::Notice(text) => self.say(&format!("Note: {text}")),
            Progress::Exchanging => self.wait(Awaited::Server, None),
            Progress::Ended => self.state().spinner = None,
            // The user sees the browser, so that needs no message.
            _ => {}
        }
    }
}

/// A question that is being answered. Dropping it restores the terminal.
struct OpenQuestion<'a> {
    prompt: &'a TerminalPrompt,
    modes: Option<Modes>,
    /// Whether the cursor is still on the question's line.
    is_on_its_line: bool,
}

impl<'a> OpenQuestion<'a> {
    fn start(prompt: &'a TerminalPrompt, question: &Question) -> Result<Self> {
        let mut open = Self { prompt, modes: None, is_on_its_line: false };
        let mut state = prompt.state();
        state.spinner = None;
        state.is_asking = true;
        let is_new_page = state.page.as_ref() != question.page();
        state.page = question.page().cloned();
        let text = layout::question(question, is_new_page, &Screen::now(prompt.colour));
        // An empty line separates it from the link or code.
        let gap = if state.shown.take().is_some() { "\n" } else { "" };
        drop(state);
        if question.is_secret() {
            // Before the question is shown, and so before anything is typed.
            let modes = Modes::without_echo(&text, prompt.ends_by_itself);
            open.modes = Some(modes.map_err(|error| question::unanswered(&error))?);
        }
        write(&format!("{gap}{text}"));
        open.is_on_its_line = true;
        Ok(open)
    }
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        drop(self.modes.take());
        if self.is_on_its_line {
            write("\n");
        }
        self.prompt.state().is_asking = false;
    }
}
