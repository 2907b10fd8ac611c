//! What a token store submits to the registry at link time.

use std::{fmt, sync::Arc};

use crate::{
    Location,
    options::{Field, Options, Table, documentation},
    secret::SecretSource,
    store::{ErasedStore, Surroundings, TokenStore},
};

/// One linked store: its name, its options, and where it stands.
#[derive(Clone, Copy)]
pub struct StoreEntry {
    name: &'static str,
    docs: &'static [&'static str],
    location: Location,
    fields: &'static [Field],
    /// What the target of a reference looks like, for a store that secrets can stand in.
    target: Option<fn() -> &'static str>,
    build: Build,
}

type Build = fn(&mut Table<'_>, &Surroundings<'_>) -> Option<Built>;

/// A store, as it is kept.
pub(crate) struct Built {
    pub(crate) store: Arc<dyn ErasedStore>,
    pub(crate) source: Option<Arc<dyn SecretSource>>,
}

inventory::collect!(StoreEntry);

impl StoreEntry {
    /// Makes the entry of a store.
    pub const fn plain<S: Options + TokenStore>(
        name: &'static str,
        docs: &'static [&'static str],
        location: Location,
    ) -> Self {
        let build: Build = |table, surroundings| {
            Some(Built { store: open::<S>(table, surroundings)?, source: None })
        };
        Self { name, docs, location, fields: S::FIELDS, target: None, build }
    }

    /// Makes the entry of a store that secrets of a configuration can stand in, too.
    pub const fn secrets<S: Options + TokenStore + SecretSource>(
        name: &'static str,
        docs: &'static [&'static str],
        location: Location,
    ) -> Self {
        let build: Build = |table, surroundings| {
            let store = open::<S>(table, surroundings)?;
            Some(Built { store: store.clone(), source: Some(store) })
        };
        Self { name, docs, location, fields: S::FIELDS, target: Some(S::example), build }
    }

    /// Returns its documentation, Markdown.
    pub fn doc(&self) -> String {
        documentation(self.docs)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn location(&self) -> Location {
        self.location
    }

    pub(crate) fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// Returns what a target looks like, if its name is a kind of reference.
    pub(crate) fn target(&self) -> Option<&'static str> {
        self.target.map(|example| example())
    }

    pub(crate) fn build(
        &self,
        table: &mut Table<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Option<Built> {
        (self.build)(table, surroundings)
    }
}

/// Reads a store's options, and opens it.
fn open<S: Options + TokenStore>(
    table: &mut Table<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<Arc<S>> {
    let opened = S::from_table(table)?.open(surroundings);
    opened.map(Arc::new).map_err(|error| table.failed(&error)).ok()
}

impl fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreEntry")
            .field("name", &self.name)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
