//! What a preset needs beside it: `needs` names options of its provider, and the configuration must set them.

use super::Preset;
use crate::{
    diagnostic::{Problem, ProblemCode, shortened},
    options::{Entries, Item, Value},
    registry::Entry,
};

/// What is between the options of a need of which one is enough.
const OR: &str = " or ";

/// Returns the problem of a preset that needs what is no option of its provider.
pub(crate) fn unknown(preset: &Preset, entry: &Entry) -> Option<Problem> {
    let is_option = |path: &&str| {
        let first = path.split('.').next().unwrap_or_default();
        entry.fields().any(|field| field.key() == first)
    };
    let mut all = preset.needs.iter().flat_map(|need| need.split(OR));
    let unknown = shortened(all.find(|path| !is_option(path))?);
    let provider = entry.name();
    let message = format!("the preset needs `{unknown}`, which is not an option of `{provider}`");
    let problem = Problem::error(ProblemCode::Invalid, message)
        .with_help(format!("name an option of `{provider}` in `needs`, with its whole path"));
    Some(problem.with_provenance(preset.provenance.clone()))
}

/// Returns the problem of a table that lacks what its preset needs, with all of it.
pub(crate) fn unset(preset: &Preset, entries: &Entries) -> Option<Problem> {
    let has_one = |need: &&String| need.split(OR).any(|path| is_set(entries, path));
    let lacking: Vec<String> = preset
        .needs
        .iter()
        .filter(|need| !has_one(need))
        .map(|need| format!("`{}`", shortened(&need.replace(OR, "` or `"))))
        .collect();
    let (last, others) = lacking.split_last()?;
    let named = match others {
        [] => last.clone(),
        _ => format!("{} and {last}", others.join(", ")),
    };
    let message =
        format!("the preset `{}` needs {named}, which the configuration lacks", preset.name);
    Some(Problem::error(ProblemCode::MissingKey, message).with_help(format!(
        "set what is missing beside `preset`; the page {} says more",
        shortened(&preset.source)
    )))
}

/// Returns whether a table has a value at a path. An empty text is none.
fn is_set(entries: &Entries, path: &str) -> bool {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match (entries.get(first).map(|item: &Item| &item.value), rest) {
        (None, _) => false,
        (Some(Value::Text(text)), "") => !text.is_empty(),
        (Some(_), "") => true,
        (Some(Value::Table(below)), rest) => is_set(below, rest),
        // Such as the text of a variable, which is parsed when the option is read.
        (Some(_), _) => true,
    }
}
