//! `LoadContext`: the services that options need from the configuration while they are read.

use std::{any::Any, path::PathBuf};

use super::{Item, Key};
use crate::{
    Error, SecretString,
    diagnostic::{Problem, ProblemCode, Provenance, shortened},
    secret::Target,
};

/// A provider that was built. Only the implementation of [`LoadContext`] knows its type.
pub(crate) type BuiltProvider = Box<dyn Any + Send + Sync>;

/// The configuration that is being loaded, for the options in one of its tables.
pub(crate) trait LoadContext {
    /// Reports a problem at a value. `hide` masks the value in the line that is shown.
    fn report(&self, problem: Problem, at: Option<&Item>, hide: bool);

    /// Returns whether the next problem is one of those that are shown, so that it needs a suggestion.
    fn explains(&self) -> bool;

    /// Returns how a key is set, as the help of a problem.
    fn how_to_set(&self, key: &Key) -> String;

    /// Returns whether values are written as text, in a file or a variable, and not in code.
    fn is_written(&self) -> bool;

    /// Returns what is meant by a key that its table doesn't know, as the help of a problem.
    fn meant(&self, key: &Key, item: &Item) -> Option<String>;

    /// Returns where the options of a provider are described, as the help of a problem.
    fn how_to_learn(&self, provider: &str) -> String;

    /// Returns the kinds of references to secrets that this program can resolve.
    fn reference_kinds(&self) -> Vec<&'static str>;

    /// Returns whether a key is a kind of reference, also one that this program can't resolve.
    fn is_reference(&self, key: &str) -> bool;

    /// Returns the target of a reference.
    fn target(&self, kind: &str, text: &str, at: &Provenance) -> Result<Target, Box<Problem>>;

    /// Returns the target of a reference to what a command prints.
    fn command(&self, command: Vec<String>) -> Target;

    /// Returns the absolute path of a text.
    fn path(&self, text: &str, at: &Provenance) -> Result<PathBuf, Box<Problem>>;

    /// Records a secret that was read.
    fn record_secret(&self, secret: &SecretString);

    /// Returns whether a secret may be absent, because the provider is one of a chain.
    fn allows_absence(&self) -> bool;

    /// Records a secret that is absent.
    fn record_absent(&self, secret: &SecretString);

    /// Returns whether references to secrets are left alone.
    fn leaves_references(&self) -> bool;

    /// Records why what a reference names is absent.
    fn record_absence(&self, key: &Key, error: Error);

    /// Sets whether the next provider is one of a chain.
    fn set_is_link(&self, is_link: bool);

    /// Builds the provider that a table configures.
    fn provider(&self, key: &Key, name: &str, item: &Item) -> Option<BuiltProvider>;
}

/// Reports the problems that a validation found in the table at a key, each at its option. The problem of an absent option
/// is reported at the table that would contain it.
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

/// Reports why the struct that was read from the table at a key can't be used. A message that starts with the name of an
/// option that is set is shown at that option.
pub(crate) fn report_failure(context: &dyn LoadContext, error: &Error, key: &Key, table: &Item) {
    let named = error.message().strip_prefix('`').and_then(|rest| rest.split_once('`'));
    if let Some((name, _)) = named.filter(|_| error.problems().is_empty())
        && let Some(item) = table.get(&[name]).filter(|item| item.provenance != Provenance::Default)
    {
        let problem = error.as_problem(ProblemCode::InvalidValue).with_key(key.child(name));
        context.report(problem, Some(item), true);
    } else if error.problems().is_empty() {
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

/// Reports a key that no option has.
pub(crate) fn report_unknown_key(context: &dyn LoadContext, key: &Key, item: &Item) {
    let (name, table) = match key.segments().split_last() {
        Some((name, table)) => (name.as_str(), Key::new(table)),
        None => ("", Key::default()),
    };
    // A reference is the value of an option.
    let is_table =
        item.as_table().is_some_and(|entries| !entries.keys().any(|key| context.is_reference(key)));
    let absent = if is_table { "there is no table" } else { "there is no option" };
    let name_shown = shortened(name);
    let message = if table.segments().is_empty() {
        format!("{absent} `{name_shown}` at the top of a configuration or a profile")
    } else {
        format!("{absent} `{name_shown}` in `{}`", shortened(&table.to_string()))
    };
    let problem = Problem::error(ProblemCode::UnknownKey, message).with_key(key);
    let help = context.explains().then(|| context.meant(key, item)).flatten();
    let help = help.unwrap_or_else(|| "check its spelling, or remove it".to_owned());
    // Of a table, the excerpt shows the name alone.
    context.report(problem.with_help(help), Some(item), !is_table);
}
