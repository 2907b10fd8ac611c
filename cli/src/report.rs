//! What went wrong as JSON: with `--json`, a failure is one object on standard error.

use authn::{
    Error,
    config::{Problem, Severity},
};
use serde::{Serialize, Serializer};

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
    /// The code of the first problem of the configuration, such as `unknown-key`, or else that of the kind, such as
    /// `login-required`.
    code: Code,
    /// The code that the server's answer has, such as `invalid_client` (RFC 6749, 5.2). Null if no server has refused.
    server_code: Option<String>,
    message: String,
    help: Option<String>,
    exit: u8,
    /// What else was found, such as each problem of the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Note>,
}

/// The code of a failure.
#[derive(Clone, Copy, Debug)]
enum Code {
    /// That of a problem of the configuration.
    Problem(&'static str),
    /// That of a kind, which has hyphens as those of problems have.
    Kind(&'static str),
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Problem(code) => serializer.serialize_str(code),
            Self::Kind(kind) => serializer.serialize_str(&kind.replace('_', "-")),
        }
    }
}

/// What an error is, besides its message and its help.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause {
    /// The name of the kind of an error of the library.
    pub(crate) kind: Option<&'static str>,
    /// The code that the server's answer has.
    pub(crate) server_code: Option<String>,
}

impl Cause {
    pub(crate) fn of(error: &Error) -> Self {
        let server_code = error.server_code().map(str::to_owned);
        Self { kind: Some(error.kind().name()), server_code }
    }
}

/// One message, as in the list of the JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Note {
    severity: &'static str,
    kind: Option<&'static str>,
    /// Null for a warning that is no problem of the configuration, and for what `doctor` itself has found.
    code: Option<Code>,
    server_code: Option<String>,
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
    pub(crate) fn error(cause: &Cause, message: &str, help: Option<&str>) -> Self {
        Self {
            severity: "error",
            kind: cause.kind,
            code: cause.kind.map(Code::Kind),
            server_code: cause.server_code.clone(),
            key: None,
            place: None,
            message: plain(message),
            help: help.map(plain),
        }
    }

    pub(crate) fn warning(message: &str, help: Option<&str>) -> Self {
        Self { severity: "warning", ..Self::error(&Cause::default(), message, help) }
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        let place = problem.provenance().map(ToString::to_string);
        Self {
            severity: severity(problem.severity()),
            kind: None,
            code: Some(Code::Problem(problem.code().as_str())),
            key: problem.key().map(plain),
            place: place.as_deref().map(plain),
            ..Self::error(&Cause::default(), problem.message(), problem.help())
        }
    }

    /// Returns the code of a problem of the configuration that is an error.
    fn problem_code(&self) -> Option<Code> {
        self.code.filter(|code| self.is_error() && matches!(code, Code::Problem(_)))
    }

    fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

impl Report {
    /// Returns the report of a command that has failed with these messages.
    pub(crate) fn of(ended: &Ended, mut notes: Vec<Note>) -> Self {
        // A problem of the configuration is the cause of the error that follows it.
        let is_main = |note: &Note| note.is_error() && note.problem_code().is_none();
        let main = notes.iter().position(is_main).map(|at| notes.remove(at));
        let cause = notes.iter().find(|note| note.problem_code().is_some());
        let kind = main.as_ref().and_then(|main| main.kind).unwrap_or(ended.kind);
        let help = main.as_ref().and_then(|main| main.help.clone());
        Self {
            kind,
            code: cause.and_then(Note::problem_code).unwrap_or(Code::Kind(kind)),
            server_code: main.as_ref().and_then(|main| main.server_code.clone()),
            help: help.or_else(|| cause?.help.clone()),
            message: main.map_or_else(|| ended.message.to_owned(), |main| main.message),
            exit: ended.exit,
            problems: notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use authn::ErrorKind;

    use super::*;

    #[test]
    fn each_kind_is_documented() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/troubleshooting.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        let (_, section) = guide.split_once("## Failures as JSON").unwrap();
        let of_library = [
            ErrorKind::Configuration,
            ErrorKind::LoginRequired,
            ErrorKind::Origin,
            ErrorKind::NoToken,
            ErrorKind::NotApplicable,
            ErrorKind::InvalidToken,
            ErrorKind::Expired,
            ErrorKind::Refused,
            ErrorKind::Protocol,
            ErrorKind::Network,
            ErrorKind::Store,
            ErrorKind::Closed,
            ErrorKind::Cancelled,
            ErrorKind::Internal,
        ];
        let of_program = ["other", "usage", "provider", "not_executable", "not_found", "cancelled"];
        for kind in of_library.map(ErrorKind::name).into_iter().chain(of_program) {
            assert!(section.contains(&format!("`{kind}`")), "{kind}");
        }
    }

    #[test]
    fn a_failure_has_a_code_whatever_its_kind_is() {
        let ended = Ended { exit: 4, kind: "login_required", message: "failed" };
        let written = |notes| serde_json::to_value(Report::of(&ended, notes)).unwrap();
        assert_eq!(written(Vec::new())["code"], "login-required");
        let cause = Cause { kind: Some("refused"), server_code: Some("invalid_client".to_owned()) };
        let refused = written(vec![Note::error(&cause, "refused", None)]);
        assert_eq!((&refused["code"], &refused["kind"]), (&"refused".into(), &"refused".into()));
        assert_eq!(refused["server_code"], "invalid_client");
    }
}
