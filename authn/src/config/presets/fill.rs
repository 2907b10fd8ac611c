//! `Filled`: fills in each provider's table that names a preset, once the layers are merged. So the highest layer that names
//! a preset chooses it, and every layer overrides its values.

use std::sync::Arc;

use super::Presets;
use crate::{
    config::{
        Class, LayerName, Source, SourceState,
        layers::{merge::Part, shorthand},
        visibility::{Place, Visibility},
    },
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, shortened},
    options::{Entries, Item, Key, Value, insert},
    registry::{Entry, PRESET, PresetDocument, preset_needs as needs},
};

/// What filling in presets has found.
#[derive(Default)]
pub(crate) struct Filled {
    /// The values of each preset that was used, below the key of the table that names it.
    pub(crate) parts: Vec<Part>,
    /// The texts of the user's own presets. The `layer` of a part is an index of this list.
    pub(crate) texts: Vec<Option<Arc<SourceText>>>,
    /// The files of the user's own presets.
    pub(crate) sources: Vec<Source>,
    pub(crate) faults: Vec<Fault>,
}

/// A problem of a preset.
pub(crate) struct Fault {
    /// The key of the table that names the preset.
    pub(crate) table: Key,
    pub(crate) problem: Problem,
    /// The value with the problem; `None` if the problem has a place of its own.
    pub(crate) item: Option<Item>,
}

impl Filled {
    /// Fills in the tables of a configuration. `first_layer` is the number of layers before those of the presets.
    pub(crate) fn fill(presets: &Presets<'_>, entries: &mut Entries, first_layer: usize) -> Self {
        Self::fill_in(presets, entries, first_layer, true)
    }

    /// Fills in the tables of one layer alone. What it lacks can be in another layer.
    pub(crate) fn fill_layer(presets: &Presets<'_>, entries: &mut Entries) -> Self {
        Self::fill_in(presets, entries, 0, false)
    }

    fn fill_in(
        presets: &Presets<'_>,
        entries: &mut Entries,
        first_layer: usize,
        is_whole: bool,
    ) -> Self {
        let mut filling = Filling { presets, first_layer, is_whole, filled: Self::default() };
        filling.tables(&Key::default(), entries, Visibility::top(presets.registry));
        filling.filled
    }
}

struct Filling<'a> {
    presets: &'a Presets<'a>,
    first_layer: usize,
    /// Whether the tables are those of the whole configuration.
    is_whole: bool,
    filled: Filled,
}

impl Filling<'_> {
    fn tables(&mut self, key: &Key, entries: &mut Entries, visibility: Visibility<'_>) {
        for (name, item) in entries {
            self.item(&key.child(name), item, visibility.child(name));
        }
    }

    fn item(&mut self, key: &Key, item: &mut Item, visibility: Visibility<'_>) {
        match &mut item.value {
            Value::Table(entries) if !visibility.is_whole() => {
                // The tables of a preset are not searched for presets: it can't name one.
                self.tables(key, entries, visibility);
                if let Place::Provider(entry) = visibility.place {
                    self.provider(key, entries, entry, visibility);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let index = index.to_string();
                    self.item(&key.child(&index), item, visibility.child(&index));
                }
            }
            _ => {}
        }
    }

    /// Fills in the table of a provider, if it names a preset.
    fn provider(
        &mut self,
        key: &Key,
        entries: &mut Entries,
        entry: &Entry,
        visibility: Visibility<'_>,
    ) {
        // A value that is no text is reported when the options are read.
        let Some(named) = entries.get(PRESET).cloned() else { return };
        let Some(name) = named.as_text() else { return };
        let mut problems = Vec::new();
        let found = self.presets.find(name, &mut problems);
        for problem in problems {
            let (problem, item) = match problem.provenance() {
                Some(_) => (problem, None),
                None => (problem.with_key(key.child(PRESET)), Some(named.clone())),
            };
            self.filled.faults.push(Fault { table: key.clone(), problem, item });
        }
        let path = self.presets.path(name);
        let own = |state| Source { name: LayerName::Preset, path: path.clone(), state };
        let Some((PresetDocument { preset, mut options }, text)) = found else {
            let is_own = path.as_ref().is_some_and(|path| path.exists());
            self.filled.sources.extend(is_own.then(|| own(SourceState::Failed)));
            return;
        };
        self.filled.sources.extend(text.is_some().then(|| own(SourceState::Read)));
        if preset.provider != entry.name() {
            let of = shortened(&preset.provider);
            let message =
                format!("this preset is one of the provider `{of}`, and not of `{}`", entry.name());
            let problem = Problem::error(ProblemCode::InvalidValue, message)
                .with_key(key.child(PRESET))
                .with_help(format!("use the table of `{of}`, or remove `{PRESET}`"));
            self.filled.faults.push(Fault { table: key.clone(), problem, item: Some(named) });
            return;
        }
        shorthand::expand(&mut options, visibility);
        let before = self.filled.faults.len();
        self.check(key, key, &options, visibility);
        let problem = needs::unknown(&preset, entry)
            .or_else(|| self.is_whole.then(|| needs::unset(&preset, entries)).flatten());
        self.part(key, &options, preset.provenance, text);
        if self.filled.faults.len() == before {
            add(entries, options, visibility);
        }
        if let Some(problem) = problem {
            let item = problem.provenance().is_none().then(|| named.clone());
            let problem = problem.with_key(key.child(PRESET));
            self.filled.faults.push(Fault { table: key.clone(), problem, item });
        }
    }

    /// Reports the values that a preset can't set.
    fn check(&mut self, table: &Key, key: &Key, options: &Entries, visibility: Visibility<'_>) {
        for (name, item, below) in visibility.within(options) {
            let key = key.child(&name);
            let of_provider = matches!(visibility.place, Place::Provider(_));
            let message = match below.class() {
                Class::Secret => "a preset can't set a secret",
                _ if of_provider && name == PRESET => "a preset can't name another preset",
                _ => {
                    self.check_below(table, &key, item, below);
                    continue;
                }
            };
            let problem = Problem::error(ProblemCode::Invalid, message)
                .with_key(&key)
                .with_help("remove it from the preset, and set it in the configuration");
            let item = Some(item.clone());
            self.filled.faults.push(Fault { table: table.clone(), problem, item });
        }
    }

    fn check_below(&mut self, table: &Key, key: &Key, item: &Item, visibility: Visibility<'_>) {
        match &item.value {
            Value::Table(entries) => self.check(table, key, entries, visibility),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let index = index.to_string();
                    self.check_below(table, &key.child(&index), item, visibility.child(&index));
                }
            }
            _ => {}
        }
    }

    /// Adds the values of a preset as a part of their own, which tells what is overridden and masks the lines of a file.
    fn part(
        &mut self,
        key: &Key,
        options: &Entries,
        provenance: Provenance,
        text: Option<Arc<SourceText>>,
    ) {
        let mut values = Entries::new();
        let table = Item::new(Value::Table(options.clone()), provenance);
        // Nothing is in the way in an empty tree.
        let _ = insert(&mut values, key.segments(), table);
        let layer = self.first_layer + self.filled.texts.len();
        self.filled.texts.push(text);
        let name = LayerName::Preset;
        let (withheld, inactive, profile) = (false, false, None);
        let part = Part { values, withheld, inactive, layer, name, profile };
        self.filled.parts.push(part);
    }
}

/// Adds what a table does not have, also to the tables in it.
fn add(entries: &mut Entries, options: Entries, visibility: Visibility<'_>) {
    for (key, option) in options {
        let below = visibility.child(&key);
        match (entries.get_mut(&key).map(|item| &mut item.value), option.value) {
            (None, value) => {
                entries
                    .insert(key, Item { value, provenance: option.provenance, span: option.span });
            }
            (Some(Value::Table(entries)), Value::Table(options)) if !below.is_whole() => {
                add(entries, options, below);
            }
            (Some(_), _) => {}
        }
    }
}
