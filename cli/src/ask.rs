//! Yes-or-no questions at the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use authn::diagnostic::reason;

use crate::exit::{Code, Failure};

/// Returns whether the user can be asked: questions go to standard error, answers come from standard input.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for yes or no. An empty line means `default`; the end of input and any other answer mean no.
pub(crate) fn confirm(question: &str, default: bool) -> Result<bool, Failure> {
    let choice = if default { "[Y/n]" } else { "[y/N]" };
    let fail = |error: io::Error| {
        Failure::new(Code::Other, format!("the terminal can't be used ({})", reason(&error)))
    };
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} {choice} ").and_then(|()| stderr.flush()).map_err(fail)?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).map_err(fail)?;
    Ok(read > 0 && means_yes(&answer, default))
}

/// Asks for a text. An empty line means `default`.
pub(crate) fn text(question: &str, default: &str) -> Result<String, Failure> {
    let fail = |error: io::Error| {
        Failure::new(Code::Other, format!("the terminal can't be used ({})", reason(&error)))
    };
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [{default}]: ").and_then(|()| stderr.flush()).map_err(fail)?;
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).map_err(fail)? == 0 {
        return Err(Failure::new(Code::Interrupted, "nothing was answered"));
    }
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

fn means_yes(answer: &str, default: bool) -> bool {
    match answer.trim().to_lowercase().as_str() {
        "" => default,
        answer => matches!(answer, "y" | "yes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, default, meant) in [
            ("y\n", false, true),
            (" YES \r\n", false, true),
            ("\n", false, false),
            ("\n", true, true),
            ("n\n", true, false),
            ("yesterday\n", false, false),
            ("\u{1b}[A\n", true, false),
        ] {
            assert_eq!(means_yes(answer, default), meant, "{answer:?}");
        }
    }
}
