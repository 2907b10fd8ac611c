//! The user's answers, read on a separate thread so that the caller can stop waiting at once.

use std::{
    future::pending,
    io::{self, ErrorKind},
    thread,
};

use authn::{
    Error, Result, SecretString,
    diagnostic::{limit_help, reason},
};
use rpassword::ConfigBuilder;
use tokio::{select, sync::oneshot};

use super::modes::{self, Input, Modes};

/// The longest line that a terminal in line mode accepts, without its end (Linux: `N_TTY_BUF_SIZE`). Other
/// systems accept less, and reject the rest with a bell.
const LONGEST_LINE: usize = 4095;

/// Reads an answer after its question was written; with modes, a secret one. Returns `None` if the terminal has cut
/// the answer off.
pub(super) async fn read(modes: Option<&mut Modes>) -> Result<Option<SecretString>> {
    let (answer, answered) = oneshot::channel();
    let is_secret = modes.is_some();
    let input = modes.as_ref().map(|modes| modes.input()).transpose();
    let input = input.map_err(|error| unanswered(&error))?;
    let work = move || {
        let read = input.map_or_else(line, secret);
        // The caller may have stopped waiting.
        drop(answer.send(read));
    };
    let thread = thread::Builder::new().name("authn-prompt".to_owned());
    thread.spawn(work).map_err(|error| unanswered(&error))?;
    let cancelled = async {
        match modes {
            Some(modes) => modes.cancelled().await,
            None => pending().await,
        }
    };
    let read = select! {
        biased;
        read = answered => read.unwrap_or_else(|_| Err(ErrorKind::Other.into())),
        () = cancelled => Err(ErrorKind::Interrupted.into()),
    };
    let is_interrupted = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted);
    if is_secret && is_interrupted && modes::interrupt_ends() {
        // The signal of Ctrl-C is on its way. The caller would end the program with another status before it.
        pending::<()>().await;
    }
    read.map_err(|error| unanswered(&error))
}

fn secret(input: Input) -> io::Result<Option<SecretString>> {
    // The question and the end of its line are written by the caller.
    let config = ConfigBuilder::new().output_discard();
    // With a reader it changes no terminal modes. The caller restores those, and this may end long after.
    let config = input.of(config);
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

pub(super) fn unanswered(error: &io::Error) -> Error {
    match error.kind() {
        // Ctrl-D or Ctrl-C was typed.
        ErrorKind::UnexpectedEof | ErrorKind::Interrupted => {
            Error::cancelled("the login was cancelled").with_help("log in again")
        }
        _ => Error::login_required(format!("the terminal can't be read ({})", reason(error)))
            .with_help(limit_help(error).unwrap_or("log in at another terminal")),
    }
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
