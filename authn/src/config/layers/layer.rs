//! A layer: the values of one source, its base and its profiles.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    diagnostic::{Origin, Problem, SourceText},
    options::{Entries, Item, Value},
};

/// One source of values.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) base: Entries,
    pub(crate) profiles: BTreeMap<String, Entries>,
    /// A project's file that nobody has trusted: it may choose a profile and nothing else.
    pub(crate) untrusted: bool,
    /// The text of its file, to show lines of it.
    pub(crate) text: Option<Arc<SourceText>>,
}

impl Layer {
    /// Sorts a source's values into base and profiles.
    pub(crate) fn new(mut values: Entries, problems: &mut Vec<Problem>) -> Self {
        let mut profiles = BTreeMap::new();
        if let Some(item) = values.remove("profile") {
            let Item { value, origin, .. } = item;
            match value {
                Value::Table(entries) => {
                    for (name, item) in entries {
                        let Item { value, origin, .. } = item;
                        if let Value::Table(entries) = value {
                            profiles.insert(name, entries);
                        } else {
                            problems.push(not_a_table(&format!("profile.{name}"), origin));
                        }
                    }
                }
                _ => problems.push(not_a_table("profile", origin)),
            }
        }
        Self { base: values, profiles, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.base.is_empty() && self.profiles.is_empty()
    }
}

fn not_a_table(key: &str, origin: Origin) -> Problem {
    Problem::error("wrong-type", "expected a table")
        .with_key(key)
        .with_origin(origin)
        .with_help("write a profile as `[profile.NAME.credentials]`")
}
