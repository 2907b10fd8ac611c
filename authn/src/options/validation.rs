//! `Validation`: what is wrong with options that can be read one by one and don't go together.

use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode},
};

/// Collects what is wrong with options, each under its key, so that all of it is reported at once.
///
/// A provider makes one in its `validate`; a struct with `#[derive(authn::Options)]` is given one by
/// `#[options(validate = …)]`.
///
/// ```
/// # fn validate(role: Option<&str>, region: Option<&str>) -> authn::Result<()> {
/// let mut problems = authn::Validation::new();
/// if role.is_some() && region.is_none() {
///     problems.at("region").error("a role is taken on in a region", "set `region` beside `role`");
/// }
/// problems.finish()
/// # }
/// # assert!(validate(None, None).is_ok());
/// # assert!(validate(Some("admin"), None).unwrap_err().to_string().contains("region: a role"));
/// ```
#[derive(Debug, Default)]
pub struct Validation {
    problems: Vec<Problem>,
}

/// The place of one option, at which something is wrong.
#[derive(Debug)]
#[must_use = "say what is wrong there with `error`"]
pub struct At<'a> {
    validation: &'a mut Validation,
    key: String,
}

impl Validation {
    /// Makes one that holds no problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses an option by its key in the table: `role`, and `role.name` or `roles.0.name` within one. An
    /// empty key is the table as a whole.
    pub fn at(&mut self, key: impl Into<String>) -> At<'_> {
        At { validation: self, key: key.into() }
    }

    /// Returns whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Fails with everything that is wrong, if anything is.
    pub fn finish(self) -> Result<()> {
        match self.problems {
            problems if problems.is_empty() => Ok(()),
            problems => Err(Error::problems_found("the options are not valid".into(), problems)),
        }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl At<'_> {
    /// Adds what is wrong there, and what helps. Both hold no value: it could be a misplaced secret.
    pub fn error(self, message: impl Into<String>, help: impl Into<String>) {
        let code =
            if self.key.is_empty() { ProblemCode::Invalid } else { ProblemCode::InvalidValue };
        let problem = Problem::error(code, message).with_help(help);
        let is_whole = self.key.is_empty();
        self.validation.problems.push(if is_whole { problem } else { problem.with_key(self.key) });
    }
}
