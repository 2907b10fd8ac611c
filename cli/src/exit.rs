//! The end of a run: exit codes, and the report of a failure.

use std::{fmt::Display, io, process::ExitCode};

use authn::{
    Error, ErrorKind, Recovery,
    config::Severity,
    diagnostic::{limit_help, reason},
};

use crate::{
    output::{self, Output},
    report::{Cause, Ended},
    style::{hanging, plain},
};

/// The exit codes. `commands/man/exit_status.roff` describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Success = 0,
    Other = 1,
    Usage = 2,
    Configuration = 3,
    LoginRequired = 4,
    Provider = 5,
    NotExecutable = 126,
    NotFound = 127,
    HungUp = 129,
    Interrupted = 130,
    Quit = 131,
    Terminated = 143,
}

/// The reason why a command fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of the library.
    Authn(Error),
    /// An error of the command. It has a cause if it was one of the library.
    Message { code: Code, cause: Cause, message: String, help: Option<String> },
    /// The reason has been printed.
    Silent(Code),
}

impl Code {
    /// Returns how a command ends with this code; `None` if it has not failed.
    pub(crate) fn ended(self) -> Option<Ended> {
        const SIGNAL: &str = "a signal has ended the command";
        const FAILED: &str = "the command has failed";
        let (kind, message) = match self {
            Self::Success => return None,
            Self::Other => ("other", FAILED),
            Self::Usage => ("usage", FAILED),
            Self::Configuration => ("configuration", FAILED),
            Self::LoginRequired => ("login_required", FAILED),
            Self::Provider => ("provider", FAILED),
            Self::NotExecutable => ("not_executable", FAILED),
            Self::NotFound => ("not_found", FAILED),
            Self::HungUp | Self::Interrupted | Self::Quit | Self::Terminated => {
                ("cancelled", SIGNAL)
            }
        };
        Some(Ended { exit: self as u8, kind, message })
    }
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::Message { code, cause: Cause::default(), message: message.into(), help: None }
    }

    /// Returns the failure of writing a file.
    pub(crate) fn unwritten(what: impl Display, error: &io::Error) -> Self {
        Self::new(Code::Other, format!("{what} can't be written ({})", reason(error)))
            .with_help(limit_help(error).unwrap_or("check the path and its permissions"))
    }

    /// Sets the help. The problems of a configuration have their own, so it is not changed for them.
    #[must_use]
    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        match self {
            Self::Message { code, cause, message, .. } => {
                Self::Message { code, cause, message, help }
            }
            Self::Authn(error) if error.problems().is_empty() => Self::Message {
                code: code_of(&error),
                cause: Cause::of(&error),
                message: error.message().to_owned(),
                help,
            },
            other => other,
        }
    }

    /// Prints the failure to standard error, and returns the exit code.
    pub(crate) fn report(self, output: &Output) -> Code {
        match &self {
            Self::Authn(error) => {
                output.problems(error.problems());
                output.failure(&Cause::of(error), error.message(), error.help());
            }
            Self::Message { cause, message, help, .. } => {
                output.failure(cause, message, help.as_deref());
            }
            Self::Silent(_) => {}
        }
        self.code()
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Authn(error) => code_of(error),
            Self::Message { code, .. } | Self::Silent(code) => *code,
        }
    }

    /// Returns the message and the help on one line, for a protocol that has errors of its own.
    pub(crate) fn one_line(&self) -> String {
        let text = match self {
            Self::Authn(error) => {
                match error.problems().iter().find(|it| it.severity() == Severity::Error) {
                    Some(problem) => format!("{}: {problem}", error.message()),
                    None => one_line(error),
                }
            }
            Self::Message { message, help: Some(help), .. } => format!("{message}; {help}"),
            Self::Message { message, help: None, .. } => message.clone(),
            Self::Silent(_) => String::new(),
        };
        plain(&text).replace('\n', " ")
    }
}

/// Prints the message of clap: help and version to standard output, errors to standard error.
pub(crate) fn usage(error: &clap::Error, output: &Output) -> Code {
    let text = error.render();
    if error.use_stderr() && output.is_json() {
        let text = text.to_string();
        let message = text.lines().take_while(|line| !line.is_empty());
        let message = message.map(str::trim).collect::<Vec<_>>().join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
        output.error(message, tip.or(Some("`--help` shows what is possible")));
        output.end(Code::Usage.ended().as_ref());
        return Code::Usage;
    }
    let shown = |colour| if colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let columns = output::columns_of_messages().unwrap_or(usize::MAX);
        let line = |line: &str| {
            let tip = line.find("tip:").and_then(|at| Some(at + line[at..].find(' ')? + 1));
            let (label, text) = line.split_at(tip.unwrap_or(0));
            if tip.is_none() && line.starts_with(' ') {
                return line.to_owned();
            }
            hanging(label, text, columns)
        };
        let lines = shown(output.stderr_colour());
        output::write(&(lines.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"));
        return Code::Usage;
    }
    let written = output::data(shown(output.stdout_colour()));
    written.map_or_else(|error| Failure::from(error).report(output), |()| Code::Success)
}

/// Returns an error's message and help on one line, without the problems that it lists.
pub(crate) fn one_line(error: &Error) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", error.message()),
        None => error.message().to_owned(),
    }
}

/// Returns the exit code of an error.
pub(crate) fn code_of(error: &Error) -> Code {
    match error.kind() {
        ErrorKind::Configuration | ErrorKind::Origin => Code::Configuration,
        ErrorKind::LoginRequired if error.recovery() == Recovery::LogIn => Code::LoginRequired,
        ErrorKind::LoginRequired
        | ErrorKind::NoToken
        | ErrorKind::NotApplicable
        | ErrorKind::InvalidToken
        | ErrorKind::Expired
        | ErrorKind::Refused
        | ErrorKind::Protocol
        | ErrorKind::Network
        | ErrorKind::Internal => Code::Provider,
        ErrorKind::Cancelled => Code::Interrupted,
        _ => Code::Other,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Authn(error)
    }
}

impl From<io::Error> for Failure {
    /// Converts a failure of writing to standard output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // The reader has closed the pipe, which is not a failure.
            return Self::Silent(Code::Success);
        }
        Self::new(Code::Other, format!("standard output can't be written ({})", reason(&error)))
            .with_help("check where it is redirected to, and whether space is left")
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_code() {
        for (kind, code) in [
            (ErrorKind::Configuration, 3),
            (ErrorKind::Origin, 3),
            (ErrorKind::LoginRequired, 4),
            (ErrorKind::NoToken, 5),
            (ErrorKind::NotApplicable, 5),
            (ErrorKind::Refused, 5),
            (ErrorKind::Network, 5),
            (ErrorKind::Cancelled, 130),
            (ErrorKind::Store, 1),
            (ErrorKind::Closed, 1),
        ] {
            assert_eq!(code_of(&Error::new(kind, "it")) as u8, code, "{kind:?}");
        }
        // Where no user can log in, the configuration has to change.
        assert_eq!(code_of(&Error::login_required("it").without_login()), Code::Provider);
    }

    #[test]
    fn help_changes_neither_code_nor_message() {
        let failure = Failure::from(Error::network("no answer")).with_help("try again");
        let Failure::Message { code, message, help, .. } = failure else { panic!("{failure:?}") };
        assert_eq!(
            (code, &*message, help.as_deref()),
            (Code::Provider, "no answer", Some("try again"))
        );
    }

    #[test]
    fn a_closed_pipe_is_not_a_failure() {
        let output = Output::new(clap::ColorChoice::Never);
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.report(&output), Code::Success);
        let failure = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.report(&output), Code::Other);
    }
}
