//! `Host`: what reading options needs of the configuration that they stand in.

use std::any::Any;

use super::{Item, Key};
use crate::{
    Error, SecretString,
    diagnostic::{Problem, ProblemCode, Provenance, nearest},
    secret::Target,
};

/// A provider behind a pointer that its owner alone can look behind.
pub(crate) type BuiltProvider = Box<dyn Any + Send + Sync>;

/// The configuration that a table stands in, as far as options need it.
pub(crate) trait LoadContext {
    /// Notes a problem at a value. `hide` masks the value in the line that is shown.
    fn report(&self, problem: Problem, at: Option<&Item>, hide: bool);

    /// Returns the environment variable of a key.
    fn variable(&self, key: &Key) -> String;

    /// Lists the kinds of references to secrets that this program can resolve.
    fn reference_kinds(&self) -> Vec<&'static str>;

    /// Returns whether a key is a kind of reference, also one that this program can't resolve.
    fn is_reference(&self, key: &str) -> bool;

    /// Returns what a reference refers to.
    fn target(&self, kind: &str, text: &str, at: &Provenance) -> Result<Target, Box<Problem>>;

    /// Takes note of a secret that was read.
    fn record_secret(&self, secret: &SecretString);

    /// Builds the provider of a table.
    fn provider(&self, key: &Key, name: &str, item: &Item) -> Option<BuiltProvider>;
}

/// Notes what a validation found in the table at a key, each problem at its option. The problem of an option that
/// is not there is noted at the table that would hold it.
pub(crate) fn report_invalid(
    context: &dyn LoadContext,
    problems: Vec<Problem>,
    key: &Key,
    table: &Item,
) {
    for problem in problems {
        let path: Vec<&str> = problem.key().map_or_else(Vec::new, |key| key.split('.').collect());
        let full = path.iter().fold(key.clone(), |key, segment| key.child(segment));
        let at = (0..=path.len()).rev().find_map(|length| table.get(&path[..length]));
        let is_there = !path.is_empty() && table.get(&path).is_some();
        let at = at.filter(|item| item.provenance != Provenance::Default);
        context.report(problem.with_key(&full), at, is_there);
    }
}

/// Notes why what was made of the table at a key can't be used.
pub(crate) fn report_failure(context: &dyn LoadContext, error: &Error, key: &Key, table: &Item) {
    if error.problems().is_empty() {
        let problem = error.as_problem(ProblemCode::Invalid).with_key(key);
        context.report(
            problem,
            Some(table).filter(|item| item.provenance != Provenance::Default),
            false,
        );
    } else {
        report_invalid(context, error.problems().to_vec(), key, table);
    }
}

/// Notes a key that nothing reads.
pub(crate) fn report_unknown_key<'k>(
    context: &dyn LoadContext,
    key: &Key,
    item: &Item,
    known: impl Iterator<Item = &'k str>,
) {
    let name = key.segments().last().map_or("", String::as_str);
    let problem = Problem::error(ProblemCode::UnknownKey, "unknown key").with_key(key);
    let problem = match nearest(name, known) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem.with_help("remove it, or check its spelling"),
    };
    context.report(problem, Some(item), true);
}
