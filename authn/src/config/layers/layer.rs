//! A layer: the values of one source, its base and its profiles.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{LayerName, Source, SourceState};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, shortened},
    options::{Entries, Item, Key, MAX_NESTING, Value},
};

/// One source, and its values.
pub(crate) struct Layer {
    pub(crate) source: Source,
    pub(crate) base: Entries,
    pub(crate) profiles: BTreeMap<String, Entries>,
    /// Whether it is a project's file that the user has not trusted. It may choose a profile and nothing else.
    pub(crate) untrusted: bool,
    /// The text of the file, from which problems show lines.
    pub(crate) text: Option<Arc<SourceText>>,
}

impl Layer {
    /// Creates the layer of a source without values.
    pub(crate) fn empty(name: LayerName, path: Option<&Path>, state: SourceState) -> Self {
        Self {
            source: Source { name, path: path.map(Path::to_owned), state },
            base: Entries::new(),
            profiles: BTreeMap::new(),
            untrusted: false,
            text: None,
        }
    }

    /// Creates the layer of a source that is not a file.
    pub(crate) fn new(name: LayerName, values: Entries, problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::empty(name, None, SourceState::Absent);
        layer.fill(values, problems);
        if !layer.is_empty() {
            layer.source.state = SourceState::Read;
        }
        layer
    }

    /// Splits the values of a source into the base and the profiles.
    pub(crate) fn fill(&mut self, mut values: Entries, problems: &mut Vec<Problem>) {
        if let Some(Item { value, provenance, .. }) = values.remove("profile") {
            if let Value::Table(entries) = value {
                for (name, Item { value, provenance, .. }) in entries {
                    if let Value::Table(mut entries) = value {
                        problems.extend(misplaced(&name, &mut entries));
                        self.profiles.insert(name, entries);
                    } else {
                        let key = format!("profile.{name}");
                        problems.push(not_a_table(&key, "of a profile", provenance));
                    }
                }
            } else {
                problems.push(not_a_table("profile", "of profiles", provenance));
            }
        }
        self.base = values;
    }

    /// Removes the tables of other programs, also from the profiles.
    pub(crate) fn ignore(&mut self, tables: &[&str]) {
        for entries in std::iter::once(&mut self.base).chain(self.profiles.values_mut()) {
            entries.retain(|name, _| !tables.contains(&name.as_str()));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.base.is_empty() && self.profiles.is_empty()
    }
}

/// Returns the problem of values that are nested too deeply.
pub(crate) fn too_deep(provenance: Provenance) -> Problem {
    Problem::error(ProblemCode::TooDeep, "the values are nested too deeply")
        .with_provenance(provenance)
        .with_help(format!("nest at most {MAX_NESTING} tables and lists in each other"))
}

/// Removes from a profile what can't be in one, and returns a problem for each.
fn misplaced(profile: &str, entries: &mut Entries) -> Vec<Problem> {
    let help = [
        ("default_profile", "it belongs at the top, before every table"),
        ("profile", "a profile is a table at the top: `[profile.NAME.credentials]`"),
    ];
    let problem = |(name, help): (&str, &str)| {
        let item = entries.remove(name)?;
        let key = Key::new(&["profile", profile, name]);
        let message = format!("there is no `{name}` in the profile `{}`", shortened(profile));
        let problem = Problem::error(ProblemCode::UnknownKey, message).with_key(key);
        Some(problem.with_provenance(item.provenance).with_help(help))
    };
    help.into_iter().filter_map(problem).collect()
}

fn not_a_table(key: &str, of: &str, provenance: Provenance) -> Problem {
    Problem::error(ProblemCode::WrongType, format!("expected a table {of}"))
        .with_key(key)
        .with_provenance(provenance)
        .with_help(
            "write a profile as `[profile.NAME.credentials]`, and choose one with `default_profile = \"NAME\"` at the top",
        )
}
