//! `Validation`: the problems of options that can each be read but can't be used together.

use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode},
};

/// Collects the problems of options, each with its key, so that all are reported at once.
///
/// A provider creates one in its `validate`. A struct with `#[derive(authn::Options)]` gets one in the function that
/// `#[options(validate = …)]` names.
///
/// ```
/// # fn validate(role: Option<&str>, region: Option<&str>) -> authn::Result<()> {
/// let mut problems = authn::Validation::new();
/// if role.is_some() && region.is_none() {
///     problems.at("region").error("a role needs a region", "set `region`, or remove `role`");
/// }
/// problems.finish()
/// # }
/// # assert!(validate(None, None).is_ok());
/// # assert!(validate(Some("admin"), None).unwrap_err().to_string().contains("region: a role needs"));
/// ```
#[derive(Debug, Default)]
pub struct Validation {
    problems: Vec<Problem>,
}

/// The option at which a problem is. [`Validation::at`] returns it, and [`Validation`] has an example.
#[derive(Debug)]
#[must_use = "add the problem with `error`"]
pub struct At<'a> {
    validation: &'a mut Validation,
    key: String,
}

impl Validation {
    /// Creates a validation without problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects an option by its key in the table: `role`, or `role.name` and `roles.0.name` for an option within another.
    /// An empty key selects the table as a whole.
    pub fn at(&mut self, key: impl Into<String>) -> At<'_> {
        At { validation: self, key: key.into() }
    }

    /// Returns whether there are no problems so far.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns an error with all problems, if there are any.
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
    /// Adds a problem at the option: what is wrong, and how to fix it. Neither may contain the option's value, which could
    /// be a misplaced secret.
    pub fn error(self, message: impl Into<String>, help: impl Into<String>) {
        let code =
            if self.key.is_empty() { ProblemCode::Invalid } else { ProblemCode::InvalidValue };
        let problem = Problem::error(code, message).with_help(help);
        let is_whole = self.key.is_empty();
        self.validation.problems.push(if is_whole { problem } else { problem.with_key(self.key) });
    }
}
