//! The user's answers, read on a separate thread so that the caller can stop waiting at once.

use std::{
    io::{self, ErrorKind},
    thread,
};

use authn::{Error, Result, SecretString};
use rpassword::ConfigBuilder;
use tokio::sync::oneshot;

/// The longest line that a terminal in line mode accepts, without its end (Linux: `N_TTY_BUF_SIZE`). Other
/// systems accept less, and reject the rest with a bell.
const LONGEST_LINE: usize = 4095;

/// The terminal that secrets are read from.
#[cfg(unix)]
const TERMINAL: &str = "/dev/tty";

/// Reads an answer after its question was written; a secret one without echo. Returns `None` if the terminal has
/// cut the answer off.
pub(super) async fn read(is_secret: bool) -> Result<Option<SecretString>> {
    let (answer, answered) = oneshot::channel();
    let work = move || {
        let read = if is_secret { secret() } else { line() };
        // The caller may have stopped waiting.
        drop(answer.send(read));
    };
    let thread = thread::Builder::new().name("authn-prompt".to_owned());
    thread.spawn(work).map_err(|error| unanswered(&error))?;
    let read = answered.await.unwrap_or_else(|_| Err(ErrorKind::Other.into()));
    read.map_err(|error| unanswered(&error))
}

fn secret() -> io::Result<Option<SecretString>> {
    // The question and the end of its line are written by the caller.
    let config = ConfigBuilder::new().output_discard();
    // With a reader it changes no terminal modes. The caller restores those, and this may end long after.
    #[cfg(unix)]
    let config = config.input_reader(std::fs::File::open(TERMINAL)?);
    rpassword::read_password_with_config(config.build()).map(|text| Some(text.into()))
}

fn line() -> io::Result<Option<SecretString>> {
    let mut text = String::new();
    if io::stdin().read_line(&mut text)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let is_whole = text.trim_end_matches(['\r', '\n']).len() < LONGEST_LINE;
    Ok(is_whole.then(|| trimmed(text)))
}

/// Removes the spaces around a pasted text, without a copy that is not wiped.
fn trimmed(mut text: String) -> SecretString {
    text.truncate(text.trim_end().len());
    text.drain(..text.len() - text.trim_start().len());
    text.into()
}

fn unanswered(error: &io::Error) -> Error {
    match error.kind() {
        // Ctrl-D or Ctrl-C was typed.
        ErrorKind::UnexpectedEof | ErrorKind::Interrupted => {
            Error::cancelled("the login was cancelled").with_help("log in again")
        }
        kind => Error::login_required(format!("the terminal can't be read ({kind})"))
            .with_help("log in at another terminal"),
    }
}

/// The modes of the terminal, restored when this is dropped.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Modes {
    terminal: std::fs::File,
    before: rustix::termios::Termios,
    is_answered: bool,
}

#[cfg(unix)]
impl Modes {
    /// Disables the echo of the controlling terminal, from which secrets are read. Each key is then read at once and
    /// unchanged: a typed Ctrl-C is read too.
    pub(super) fn without_echo() -> Result<Self> {
        Self::hide().map_err(|error| unanswered(&error))
    }

    fn hide() -> io::Result<Self> {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
        };
        let terminal = std::fs::File::open(TERMINAL)?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        let shown = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.local_modes.remove(shown);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        let kept = Self { terminal, before, is_answered: false };
        tcsetattr(&kept.terminal, OptionalActions::Now, &hidden)?;
        Ok(kept)
    }

    /// Notes that the whole secret was read. Otherwise its typed part is discarded, so that no shell reads it.
    pub(super) fn answered(&mut self) {
        self.is_answered = true;
    }
}

#[cfg(unix)]
impl Drop for Modes {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let unread = if self.is_answered { OptionalActions::Now } else { OptionalActions::Flush };
        // The terminal may no longer exist.
        let _ = tcsetattr(&self.terminal, unread, &self.before);
    }
}

/// On Windows, Ctrl-C ends the read, which then restores the console's mode.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Modes;

#[cfg(not(unix))]
impl Modes {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn without_echo() -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn answered(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_around_a_pasted_text_are_removed() {
        for (pasted, text) in [("  a b\t\r\n", "a b"), ("\n", ""), ("", ""), ("ä\n", "ä")] {
            assert_eq!(&*trimmed(pasted.to_owned()).expose(), text);
        }
    }
}
