//! The options of `[stores.NAME]`, and which stores a configuration can choose from.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use super::{StoreEntry, Surroundings};
use crate::{
    Environment, Result,
    config::build::Build,
    diagnostic::{Problem, Severity},
    options::{Entries, Field, Item, Key, Options as _},
    secret::Vault,
    store::{ErasedStore, FileOptions, FileStore, Record, StoreKey},
};

/// Stores of other crates that programs may not be linked with, and how to get them.
const ELSEWHERE: [(&str, &str); 1] = [("keyring", "feature `keyring` of authn-providers")];

/// Gives the options of `[stores.NAME]`; `None` if this program has no such store.
pub(crate) fn fields(name: &str) -> Option<&'static [Field]> {
    if name == FILE {
        Some(FileOptions::FIELDS)
    } else {
        StoreEntry::find(name).map(StoreEntry::fields)
    }
}

/// Says how a program gets a store that it is not linked with, if anybody knows.
pub(crate) fn how_to_get(name: &str) -> Option<String> {
    let (name, feature) = ELSEWHERE.into_iter().find(|(elsewhere, _)| *elsewhere == name)?;
    Some(format!(
        "`{name}` comes with the {feature}: turn it on in Cargo.toml, and `use authn_providers as _;` in main.rs"
    ))
}

const FILE: &str = "file";

/// The stores by name. `memory` is none: what it keeps is in the cache.
#[derive(Clone, Default)]
pub(crate) struct Stores {
    stores: BTreeMap<String, Arc<dyn ErasedStore>>,
    /// Those that references can point into.
    vaults: BTreeMap<&'static str, Arc<dyn Vault>>,
}

/// A token store that a configuration can choose.
#[derive(Clone, Debug)]
pub struct KnownStore {
    name: String,
    store: Arc<dyn ErasedStore>,
}

impl KnownStore {
    /// Gives the name that `store` chooses it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives where it keeps them, as the store says it: a folder, an address without its secrets.
    pub fn place(&self) -> Option<String> {
        self.store.place()
    }

    /// Looks for what is wrong with it and leaves it as it is: who can read it, whether it can be written
    /// to, what was set aside.
    pub async fn examine(&self) -> Vec<Problem> {
        let mut problems = self.store.examine();
        if problems.iter().all(|problem| problem.severity() != Severity::Error)
            && let Err(error) = self.store.list().await
        {
            problems.push(Problem::error("store", error.to_string()));
        }
        problems
    }

    /// Lists the sessions that it keeps; those that were logged out are left out.
    pub async fn sessions(&self) -> Result<Vec<StoreKey>> {
        let mut sessions = Vec::new();
        for key in self.store.list().await? {
            let document = self.store.load(&key).await?;
            if document.is_some_and(|document| !Record::read(&document).is_empty()) {
                sessions.push(key);
            }
        }
        Ok(sessions)
    }
}

impl Stores {
    pub(crate) fn add(&mut self, name: &str, store: Arc<dyn ErasedStore>) {
        self.stores.insert(name.to_owned(), store);
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<dyn ErasedStore>> {
        self.stores.get(name).cloned()
    }

    /// Gives what references of a kind point into.
    pub(crate) fn vault(&self, kind: &str) -> Option<Arc<dyn Vault>> {
        self.vaults.get(kind).cloned()
    }

    pub(crate) fn all(&self) -> Vec<KnownStore> {
        let known = |(name, store): (&String, &Arc<dyn ErasedStore>)| KnownStore {
            name: name.clone(),
            store: Arc::clone(store),
        };
        self.stores.iter().map(known).collect()
    }

    /// Lists the names that `store` may have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once("memory").chain(self.stores.keys().map(String::as_str))
    }

    /// Adds the stores that the configuration describes.
    pub(crate) fn read(&mut self, build: &Build<'_>, merged: &Entries, app: &str) -> Option<()> {
        let key = Key::new(&["stores"]);
        let tables = merged.get("stores").and_then(Item::as_table);
        let table = |name: &str| tables.and_then(|tables| tables.get(name));
        for (name, item) in tables.into_iter().flatten() {
            let key = key.child(name);
            match how_to_get(name) {
                _ if fields(name).is_some() => {}
                Some(help) => {
                    let problem = Problem::error("unknown-store", NOT_THERE).with_key(&key);
                    build.notes.note(problem.with_help(help), Some(item), true);
                }
                None => {
                    let linked = StoreEntry::linked().map(StoreEntry::name);
                    build.unknown_key(&key, item, std::iter::once(FILE).chain(linked));
                }
            }
        }
        let options = build.section::<FileOptions>(&key.child(FILE), table(FILE));
        let folder = options
            .as_ref()
            .and_then(|options| folder(build.environment, options.directory.as_deref(), app));
        if let Some(folder) = folder {
            self.add(FILE, Arc::new(FileStore::new(folder)));
        }
        // Each is read before the first failure counts, so that all problems are noted.
        let complete = options.is_some();
        let surroundings = Surroundings::new(app, build.environment);
        StoreEntry::linked()
            .map(|entry| self.make(entry, build, table(entry.name()), &surroundings))
            .fold(complete, |complete, made| made.is_some() && complete)
            .then_some(())
    }

    /// Adds a store of another crate.
    fn make(
        &mut self,
        entry: &'static StoreEntry,
        build: &Build<'_>,
        table: Option<&Item>,
        surroundings: &Surroundings<'_>,
    ) -> Option<()> {
        let name = entry.name();
        if let Some(first) = StoreEntry::find(name).filter(|first| !std::ptr::eq(*first, entry)) {
            let mut places = [first.location(), entry.location()];
            places.sort_unstable_by_key(|place| (place.package, place.file, place.line));
            let [one, other] = places;
            let message = format!("two token stores are named `{name}`: in {one} and in {other}");
            let problem = Problem::error("duplicate-store", message);
            build.notes.note(problem.with_help("leave one of the crates out"), None, false);
            return None;
        }
        let key = Key::new(&["stores", name]);
        let made = build
            .section_with(&key, table, entry.fields(), |table| entry.build(table, surroundings))?;
        // What the program brought itself stays.
        self.stores.entry(name.to_owned()).or_insert(made.store);
        self.vaults.extend(made.vault.map(|vault| (name, vault)));
        Some(())
    }
}

fn folder(environment: &Environment, directory: Option<&str>, app: &str) -> Option<PathBuf> {
    match directory {
        Some(directory) => Some(environment.absolute(directory, None)),
        None => Some(environment.state()?.join(app).join("tokens")),
    }
}

/// The problem of a store that is not there.
pub(crate) fn unknown(stores: &Stores, name: &str) -> Problem {
    if name == FILE {
        return Problem::error("no-store", "there is no folder to keep the session in").with_help(
            "set `stores.file.directory`, or `store = \"memory\"` to lose it with the program",
        );
    }
    let names: Vec<&str> = stores.names().collect();
    let how = how_to_get(name).map_or_else(String::new, |how| format!("; {how}"));
    Problem::error("unknown-store", NOT_THERE)
        .with_help(format!("there are {}{how}", names.join(", ")))
}

const NOT_THERE: &str = "this program has no such token store";

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stores.fmt(f)
    }
}
