//! The options of `[stores.NAME]`, and the stores that a configuration can choose from.

use std::{collections::BTreeMap, fmt, iter, sync::Arc};

use super::{KnownStore, Registry, StoreEntry, error::HOW_TO_LINK, reference::how_to_get};
use crate::{
    Result,
    diagnostic::{Problem, ProblemCode, nearest},
    options::{
        Field, Item, Key, LoadContext, Options as _, report_unknown_key, section, section_with,
    },
    secret::{SecretSource, Target},
    store::{ErasedStore, FileOptions, NamedStore, StoreContext},
};

const NO_SUCH_STORE: &str = "this program has no such token store";

const FILE: &str = "file";

/// The stores by name. `memory` is not among them, because its sessions are only in the cache.
#[derive(Clone, Default)]
pub(crate) struct Stores {
    by_name: BTreeMap<String, NamedStore>,
    /// The stores that references can point into.
    sources: BTreeMap<&'static str, Arc<dyn SecretSource>>,
    /// The stores whose options are not valid.
    refused: Vec<&'static str>,
}

impl Stores {
    pub(crate) fn add(&mut self, name: &str, store: Arc<dyn ErasedStore>) {
        self.by_name.insert(name.to_owned(), NamedStore::new(name, store));
    }

    pub(crate) fn get(&self, name: &str) -> Option<NamedStore> {
        self.by_name.get(name).cloned()
    }

    /// Returns the target of a reference whose kind is the name of a store.
    pub(crate) fn target(
        &self,
        kind: &str,
        text: &str,
        registry: &Registry,
    ) -> Result<Target, Box<Problem>> {
        if let Some(source) = self.sources.get(kind) {
            let (kind, target) = (kind.to_owned(), text.to_owned());
            return Ok(Target::Stored { kind, target, source: Arc::clone(source) });
        }
        let message = format!("this program has no `{kind}` to read a secret from");
        let help = match registry.store(kind) {
            Some(entry) => format!("{}, or refer to a file", how_to_configure(entry)),
            None => how_to_get(kind).unwrap_or_default(),
        };
        Err(Box::new(Problem::error(ProblemCode::UnresolvedReference, message).with_help(help)))
    }

    /// Returns whether the store `file` has a directory.
    pub(crate) fn has_file(&self) -> bool {
        self.by_name.contains_key(FILE)
    }

    pub(crate) fn all(&self) -> Vec<KnownStore> {
        self.by_name.values().cloned().map(KnownStore).collect()
    }

    /// Returns the values that the option `store` may have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        iter::once("memory").chain(self.by_name.keys().map(String::as_str))
    }

    /// Returns the problem of a store that doesn't exist; `None` if the problem of its options is reported already.
    pub(crate) fn missing(&self, name: &str, registry: &Registry) -> Option<Problem> {
        (!self.refused.contains(&name)).then(|| self.absent(name, registry))
    }

    fn absent(&self, name: &str, registry: &Registry) -> Problem {
        if let Some(entry) = registry.store(name) {
            let help = format!("{}, or choose another `store`", how_to_configure(entry));
            return Problem::error(ProblemCode::NoStore, "this token store is not configured")
                .with_help(help);
        }
        if name == FILE {
            let help = "set `stores.file.directory`, or `store = \"memory\"` to lose the session with the program";
            return Problem::error(
                ProblemCode::NoStore,
                "there is no state directory for the session",
            )
            .with_help(help);
        }
        let names = self.names().collect::<Vec<_>>().join(", ");
        let help = match (how_to_get(name), nearest(name, self.names())) {
            (Some(how), _) => format!("choose one of {names}; {how}"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => {
                format!(
                    "choose one of {names}; for a store of another crate, {HOW_TO_LINK}; for a store that the \
                     program makes itself, call `Loader::store`"
                )
            }
        };
        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_help(help)
    }

    /// Adds the stores that the configuration sets up.
    pub(crate) fn read(
        &mut self,
        context: &dyn LoadContext,
        item: Option<&Item>,
        registry: &Registry,
        surroundings: &StoreContext<'_>,
    ) -> Option<()> {
        let key = Key::new(&["stores"]);
        let tables = item.and_then(Item::as_table);
        let table = |name: &str| tables.and_then(|tables| tables.get(name));
        for (name, item) in tables.into_iter().flatten() {
            let key = key.child(name);
            match how_to_get(name) {
                _ if registry.store_fields(name).is_some() => {}
                Some(help) => {
                    let problem =
                        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_key(&key);
                    context.report(problem.with_help(help), Some(item), true);
                }
                None => {
                    let is_near = nearest(name, registry.store_names()).is_some();
                    if item.as_table().is_none() || is_near {
                        report_unknown_key(context, &key, item);
                        continue;
                    }
                    let problem =
                        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_key(&key);
                    let help = format!(
                        "for a store of another crate, {HOW_TO_LINK}; or remove this table"
                    );
                    context.report(problem.with_help(help), Some(item), true);
                }
            }
        }
        let options = section::<FileOptions>(context, &key.child(FILE), table(FILE));
        if let Some(options) = &options
            && let Some(folder) = surroundings.tokens(options.directory.as_deref())
        {
            self.add(FILE, options.store(folder));
        }
        if options.is_none() {
            self.refused.push(FILE);
        }
        let others = registry.stores().filter(|entry| entry.target().is_none());
        self.open_all(others, context, item, surroundings);
        self.refused.is_empty().then_some(())
    }

    /// Adds the stores that can hold secrets. The options of the other ones can refer to these secrets.
    pub(crate) fn read_sources(
        &mut self,
        context: &dyn LoadContext,
        item: Option<&Item>,
        registry: &Registry,
        surroundings: &StoreContext<'_>,
    ) {
        let sources = registry.stores().filter(|entry| entry.target().is_some());
        self.open_all(sources, context, item, surroundings);
    }

    /// Opens stores of other crates. All are read even after a failure, so that all problems are reported.
    fn open_all<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a StoreEntry>,
        context: &dyn LoadContext,
        item: Option<&Item>,
        surroundings: &StoreContext<'_>,
    ) {
        let tables = item.and_then(Item::as_table);
        for entry in entries {
            let table = tables.and_then(|tables| tables.get(entry.name()));
            if self.open_linked(entry, context, table, surroundings).is_none() {
                self.refused.push(entry.name());
            }
        }
    }

    /// Opens a store of another crate, and adds it.
    fn open_linked(
        &mut self,
        entry: &StoreEntry,
        context: &dyn LoadContext,
        table: Option<&Item>,
        surroundings: &StoreContext<'_>,
    ) -> Option<()> {
        let name = entry.name();
        // A linked store may be unused. If it has no table but needs options, that is a problem only when it is chosen.
        if table.is_none() && entry.fields().iter().any(Field::is_required) {
            return Some(());
        }
        let key = Key::new(&["stores", name]);
        let made = section_with(context, &key, table, entry.fields(), |table| {
            entry.build(table, surroundings)
        })?;
        // A store that the program has added itself has precedence.
        let named = || NamedStore::new(name, made.store);
        self.by_name.entry(name.to_owned()).or_insert_with(named);
        self.sources.extend(made.source.map(|source| (name, source)));
        Some(())
    }
}

/// Returns how to configure a store of another crate.
fn how_to_configure(entry: &StoreEntry) -> String {
    let required = entry.fields().iter().filter(|field| field.is_required());
    let required: Vec<String> = required.map(|field| format!("`{}`", field.key())).collect();
    match required.as_slice() {
        [] => format!("fix `[stores.{}]`", entry.name()),
        keys => format!("set {} in `[stores.{}]`", keys.join(", "), entry.name()),
    }
}

impl Registry {
    /// Returns the names of the stores whose options can be set.
    pub(crate) fn store_names(&self) -> impl Iterator<Item = &'static str> {
        iter::once(FILE).chain(self.stores().map(StoreEntry::name))
    }

    /// Returns the options of `[stores.NAME]`; `None` if this program has no such store.
    pub(crate) fn store_fields(&self, name: &str) -> Option<&'static [Field]> {
        if name == FILE {
            Some(FileOptions::FIELDS)
        } else {
            self.store(name).map(StoreEntry::fields)
        }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_name.fmt(f)
    }
}
