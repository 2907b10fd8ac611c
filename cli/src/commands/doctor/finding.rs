//! The finding of a check, with its state and its help.

use authn::{
    Error,
    config::{Problem, Severity},
};
use serde::Serialize;

use crate::{
    exit::{Code, code_of},
    report::{Cause, Note},
};

/// One finding of a check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The name of the check, from the list of checks.
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) message: String,
    /// How to fix it, with commands in backquotes.
    pub(super) help: Option<String>,
    /// The exit code if this were the only finding.
    #[serde(skip)]
    pub(super) code: Code,
    /// The same for the object of a failure, if it is one of the library.
    #[serde(skip)]
    pub(super) note: Option<Note>,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Warning,
    Problem,
    /// It was not tried.
    Skipped,
}

impl Finding {
    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self {
            check: "",
            state: State::Ok,
            message: message.into(),
            help: None,
            code: Code::Success,
            note: None,
        }
    }

    pub(super) fn skipped(message: impl Into<String>) -> Self {
        Self { state: State::Skipped, ..Self::ok(message) }
    }

    pub(super) fn warning(message: impl Into<String>) -> Self {
        Self { state: State::Warning, ..Self::ok(message) }
    }

    pub(super) fn problem(code: Code, message: impl Into<String>) -> Self {
        Self { state: State::Problem, code, ..Self::ok(message) }
    }

    /// Converts a problem of the library.
    pub(super) fn of(code: Code, problem: &Problem) -> Self {
        let provenance = problem.provenance().map(|provenance| format!("{provenance}: "));
        let key = problem.key().map(|key| format!("{key}: "));
        let place = provenance.unwrap_or_default() + &key.unwrap_or_default();
        let message = place + problem.message();
        let finding = match problem.severity() {
            Severity::Warning => Self::warning(message),
            _ => Self::problem(code, message),
        };
        let note = Some(Note::problem(problem));
        Self { help: problem.help().map(str::to_owned), note, ..finding }
    }

    /// Converts an error.
    pub(super) fn failure(error: &Error) -> Self {
        let help = error.help().map(str::to_owned);
        let note = Some(Note::error(&Cause::of(error), error.message(), error.help()));
        Self { help, note, ..Self::problem(code_of(error), error.message()) }
    }

    /// Returns what it says in the object of a failure; `None` if it is neither a problem nor a warning.
    pub(super) fn noted(&self) -> Option<Note> {
        let (message, help) = (&*self.message, self.help.as_deref());
        let own = match self.state {
            State::Ok | State::Skipped => return None,
            State::Warning => Note::warning(message, help),
            State::Problem => Note::error(&Cause::default(), message, help),
        };
        Some(self.note.clone().unwrap_or(own))
    }

    /// Sets the help.
    #[must_use]
    pub(super) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Skipped => "skipped",
        }
    }
}
