//! The terminal's side of a login: what is shown, what is asked, and how much time is left.
//!
//! - [`screen`]: how wide and how able the terminal is
//! - [`layout`]: what is shown, as text of that width
//! - [`qr`]: the QR code
//! - [`spinner`]: the last line, which counts down
//! - [`question`]: what the user types in
//!
//! Everything goes to standard error: standard output is for data. Addresses and codes are never broken, so
//! that they can be copied. They are plain text and no hyperlinks (OSC 8): terminals find an address by
//! themselves, and those that don't know the sequence would show it.

mod layout;
mod qr;
mod question;
mod screen;
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

use self::{layout::Awaited, question::Modes, screen::Screen, spinner::Spinner};
use crate::{output::write, style::plain};

/// Shows a login on this process's terminal, and asks there.
///
/// ```no_run
/// # use authn::{Login, Result};
/// use authn_cli::TerminalPrompt;
///
/// # async fn example() -> Result<()> {
/// let credentials = authn::load()?;
/// credentials.login(Login::new(TerminalPrompt::new())).await?;
/// # Ok(()) }
/// ```
///
/// Everything is written to standard error. Where that is no terminal, or one that can't move its cursor
/// (`TERM=dumb`), there is neither a spinner nor any control character.
///
/// A secret is read from the controlling terminal without echo, everything else from standard input. Ctrl-C
/// is the program's matter: it must not end at once, as by default, but drop the login's future first, as
/// `tokio::select!` with `tokio::signal::ctrl_c()` does. That gives the terminal its echo back. The thread that
/// was reading takes one more line of standard input before it ends.
#[derive(Clone, Debug)]
pub struct TerminalPrompt {
    colour: bool,
    animated: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What the user was shown last, and so is waited for.
    shown: Option<Awaited>,
    spinner: Option<Spinner>,
    /// What was last said to be waited for, where nothing spins.
    said: Option<Awaited>,
    /// Somebody is typing: nothing may be written over it.
    is_asking: bool,
    /// The page that was shown with the last question.
    page: Option<Url>,
}

impl TerminalPrompt {
    /// Makes a prompt in colour where standard error shows it, unless `NO_COLOR` is set.
    pub fn new() -> Self {
        Self {
            colour: AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
            animated: screen::is_animated(),
            state: Arc::default(),
        }
    }

    /// Says whether to use colour.
    #[must_use]
    pub fn with_colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// Leaves the spinner out, as a program does that writes logs to the same terminal.
    #[must_use]
    pub fn without_spinner(mut self) -> Self {
        self.animated = false;
        self
    }

    /// Says something, above the spinner if there is one.
    pub(crate) fn say(&self, text: &str) {
        let text = layout::paragraph(text, &Screen::now(self.colour));
        match &self.state().spinner {
            Some(spinner) => spinner.suspend(|| write(&text)),
            None => write(&text),
        }
    }

    /// Shows what the user has to act on, and forgets what was waited for before.
    fn show(&self, text: &str, awaited: Awaited) {
        let mut state = self.state();
        state.spinner = None;
        state.said = None;
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
                if state.said.replace(awaited) != Some(awaited) {
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
                "the {} must be typed in, and standard input is no terminal",
                plain(question.label())
            ))
            .with_help("log in at one"));
        }
        loop {
            let mut asking = Asking::begin(self, question)?;
            let answer = question::read(question.is_secret()).await?;
            asking.is_on_its_line = question.is_secret();
            if let Some(answer) = answer {
                asking.modes.iter_mut().for_each(Modes::answered);
                return Ok(answer);
            }
            drop(asking);
            self.say(
                "The terminal has cut that off: it takes no line of more than 4095 characters. \
                 Type in something shorter.",
            );
        }
    }

    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::OtherLogin => self.wait(Awaited::OtherLogin, None),
            Progress::BrowserFailed(why) => self.say(&format!("Open the link yourself: {why}")),
            Progress::Waiting { left } => {
                let awaited = self.state().shown.unwrap_or(Awaited::Person);
                self.wait(awaited, Some(*left));
            }
            Progress::Notice(text) => self.say(&format!("Note: {text}")),
            Progress::Exchanging => self.wait(Awaited::Server, None),
            Progress::Ended => self.state().spinner = None,
            // Whoever was shown the link sees the browser.
            _ => {}
        }
    }
}

/// A question that is being answered. Dropped before the answer, it leaves the terminal as it was.
struct Asking<'a> {
    prompt: &'a TerminalPrompt,
    modes: Option<Modes>,
    /// Nobody has ended the question's line.
    is_on_its_line: bool,
}

impl<'a> Asking<'a> {
    fn begin(prompt: &'a TerminalPrompt, question: &Question) -> Result<Self> {
        // Before the question is seen, and so before anything is typed.
        let modes = question.is_secret().then(Modes::without_echo).transpose()?;
        let mut state = prompt.state();
        state.spinner = None;
        state.is_asking = true;
        let is_new_page = state.page.as_ref() != question.page();
        state.page = question.page().cloned();
        let text = layout::question(question, is_new_page, &Screen::now(prompt.colour));
        // What the user has just been shown stands apart.
        write(&if state.shown.take().is_some() { format!("\n{text}") } else { text });
        Ok(Self { prompt, modes, is_on_its_line: true })
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        drop(self.modes.take());
        if self.is_on_its_line {
            write("\n");
        }
        self.prompt.state().is_asking = false;
    }
}
