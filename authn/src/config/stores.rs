//! The options of `[stores.NAME]`, and which stores a configuration can choose from.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{Environment, Key, Problem, Severity, Table, build::Build, item::Entries};
use crate::{
    Result,
    schema::{Field, FromTable},
    store::{ErasedStore, FileStore, Record, StoreKey},
};

pub(crate) const FIELDS: &[Field] = &[Field::plain::<Option<String>>(
    "directory",
    &["Folder of the `file` store; `authn/tokens` in the user's folder for state unless set."],
)];

/// The stores by name. `memory` is none: what it keeps is in the cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stores(BTreeMap<String, Arc<dyn ErasedStore>>);

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

struct FileOptions {
    directory: Option<String>,
}

impl FromTable for FileOptions {
    const FIELDS: &'static [Field] = FIELDS;

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        Some(Self { directory: table.plain("directory")? })
    }
}

impl Stores {
    pub(crate) fn add(&mut self, name: &str, store: Arc<dyn ErasedStore>) {
        self.0.insert(name.to_owned(), store);
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<dyn ErasedStore>> {
        self.0.get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<KnownStore> {
        let known = |(name, store): (&String, &Arc<dyn ErasedStore>)| KnownStore {
            name: name.clone(),
            store: Arc::clone(store),
        };
        self.0.iter().map(known).collect()
    }

    /// Lists the names that `store` may have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once("memory").chain(self.0.keys().map(String::as_str))
    }

    /// Adds the stores that the configuration describes.
    pub(crate) fn read(&mut self, build: &Build<'_>, merged: &Entries, app: &str) -> Option<()> {
        let key = Key::new(&["stores"]);
        let tables = merged.get("stores").and_then(super::item::Item::as_table);
        for (name, item) in tables.into_iter().flatten() {
            if name != "file" {
                let known = ["file"].into_iter();
                build.unknown_key(&key.child(name), item, known);
            }
        }
        let table = tables.and_then(|tables| tables.get("file"));
        let options = build.section::<FileOptions>(&key.child("file"), table)?;
        if let Some(folder) = folder(build.environment, options.directory.as_deref(), app) {
            self.add("file", Arc::new(FileStore::new(folder)));
        }
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
    if name == "file" {
        return Problem::error("no-store", "there is no folder to keep the session in").with_help(
            "set `stores.file.directory`, or `store = \"memory\"` to lose it with the program",
        );
    }
    let names: Vec<&str> = stores.names().collect();
    Problem::error("unknown-store", "this program has no such token store")
        .with_help(format!("there are {}", names.join(", ")))
}
