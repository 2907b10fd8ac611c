//! What went wrong as JSON: with `--json`, a failure is one object on standard error.

use authn::config::{Problem, Severity};
use serde::Serialize;

use crate::style::plain;

/// How a command ends that fails.
pub(crate) struct Ended {
    pub(crate) exit: u8,
    /// The kind and the message of a failure that has no others.
    pub(crate) kind: &'static str,
    pub(crate) message: &'static str,
}

/// A failure, as in the JSON.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The kind of the error, such as `login_required`.
    kind: &'static str,
    /// The code of the first problem of the configuration, such as `unknown-key`. Null if there is no such problem.
    code: Option<&'static str>,
    message: String,
    help: Option<String>,
    exit: u8,
    /// What else was found, such as each problem of the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Note>,
}

/// One message, as in the list of the JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Note {
    severity: &'static str,
    kind: Option<&'static str>,
    code: Option<&'static str>,
    key: Option<String>,
    place: Option<String>,
    message: String,
    help: Option<String>,
}

/// Returns the severity as in the JSON.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        _ => "error",
    }
}

impl Note {
    pub(crate) fn error(kind: Option<&'static str>, message: &str, help: Option<&str>) -> Self {
        Self {
            severity: "error",
            kind,
            code: None,
            key: None,
            place: None,
            message: plain(message),
            help: help.map(plain),
        }
    }

    pub(crate) fn warning(message: &str, help: Option<&str>) -> Self {
        Self { severity: "warning", ..Self::error(None, message, help) }
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        let place = problem.provenance().map(ToString::to_string);
        Self {
            severity: severity(problem.severity()),
            kind: None,
            code: Some(problem.code().as_str()),
            key: problem.key().map(plain),
            place: place.as_deref().map(plain),
            ..Self::error(None, problem.message(), problem.help())
        }
    }

    fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

impl Report {
    /// Returns the report of a command that has failed with these messages.
    pub(crate) fn of(ended: &Ended, mut notes: Vec<Note>) -> Self {
        // A problem of the configuration is the cause of the error that follows it.
        let main = notes.iter().position(|note| note.is_error() && note.code.is_none());
        let main = main.map(|at| notes.remove(at));
        let cause = notes.iter().find(|note| note.is_error() && note.code.is_some());
        let kind = main.as_ref().and_then(|main| main.kind).unwrap_or(ended.kind);
        let help = main.as_ref().and_then(|main| main.help.clone());
        Self {
            kind,
            code: cause.and_then(|cause| cause.code),
            help: help.or_else(|| cause?.help.clone()),
            message: main.map_or_else(|| ended.message.to_owned(), |main| main.message),
            exit: ended.exit,
            problems: notes,
        }
    }
}
