//! What a check has found: what it is, how bad it is, and what mends it.

use std::path::Path;

use authn::{
    Error,
    config::{Problem, Severity},
};
use serde::Serialize;

use crate::exit::{Code, code_of};

/// One thing that a check has found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) message: String,
    /// What mends it; a command stands in backquotes.
    pub(super) help: Option<String>,
    /// The exit code that it would give alone.
    #[serde(skip)]
    pub(super) code: Code,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Warning,
    Problem,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: State::Ok, message: message.into(), help: None, code: Code::Done }
    }

    pub(super) fn warning(check: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Warning, ..Self::ok(check, message) }
    }

    pub(super) fn problem(check: &'static str, code: Code, message: impl Into<String>) -> Self {
        Self { state: State::Problem, code, ..Self::ok(check, message) }
    }

    /// Takes what the library has found.
    pub(super) fn of(check: &'static str, code: Code, problem: &Problem) -> Self {
        let origin = problem.origin().map(|origin| format!("{origin}: "));
        let key = problem.key().map(|key| format!("{key}: "));
        let place = origin.unwrap_or_default() + &key.unwrap_or_default();
        let message = place + problem.message();
        let finding = match problem.severity() {
            Severity::Warning => Self::warning(check, message),
            _ => Self::problem(check, code, message),
        };
        Self { help: problem.help().map(str::to_owned), ..finding }
    }

    /// Takes an error, which ends in what to do as a rule.
    pub(super) fn failure(check: &'static str, error: &Error) -> Self {
        let text = error.to_string();
        let (message, help) = match text.split_once("; ") {
            Some((message, help)) => (message, Some(help.to_owned())),
            None => (&*text, None),
        };
        Self { help, ..Self::problem(check, code_of(error.kind()), message) }
    }

    /// Says what mends it.
    #[must_use]
    pub(super) fn mended_by(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// Writes a path so that a shell takes it as one word.
pub(super) fn word(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_command() {
        for (path, expected) in
            [("/a/b-c.toml", "/a/b-c.toml"), ("/a b", "'/a b'"), ("/it's;x", r"'/it'\''s;x'")]
        {
            assert_eq!(word(Path::new(path)), expected);
        }
    }
}
