//! `StoreEntry`: what a token store submits to the registry at link time.

use std::{fmt, sync::Arc};

use super::About;
use crate::{
    options::{Field, Options, Table},
    secret::SecretSource,
    store::{ErasedStore, StoreContext, TokenStore},
};

/// A struct that `#[token_store]` has turned into a token store.
pub trait Store: Options {
    /// The entry that it submits to the registry.
    const ENTRY: StoreEntry;
}

/// A linked store: its name, its options, and its place in source code. [`Store::ENTRY`] is one.
#[derive(Clone, Copy)]
pub struct StoreEntry {
    about: About,
    fields: &'static [Field],
    /// The form of the target of a reference, if the store can hold secrets.
    target: Option<fn() -> &'static str>,
    build: Build,
}

type Build = fn(&mut Table<'_>, &StoreContext<'_>) -> Option<BuiltStore>;

/// A store that was built from its options.
pub(crate) struct BuiltStore {
    pub(crate) store: Arc<dyn ErasedStore>,
    pub(crate) source: Option<Arc<dyn SecretSource>>,
}

inventory::collect!(StoreEntry);

impl StoreEntry {
    /// Creates the entry of a store.
    #[doc(hidden)]
    pub const fn plain<S: Options + TokenStore>(about: About) -> Self {
        let build: Build = |table, surroundings| {
            Some(BuiltStore { store: open::<S>(table, surroundings)?, source: None })
        };
        Self { about, fields: S::FIELDS, target: None, build }
    }

    /// Creates the entry of a store that can also hold secrets of a configuration.
    #[doc(hidden)]
    pub const fn secrets<S: Options + TokenStore + SecretSource>(about: About) -> Self {
        let build: Build = |table, surroundings| {
            let store = open::<S>(table, surroundings)?;
            Some(BuiltStore { store: store.clone(), source: Some(store) })
        };
        Self { about, fields: S::FIELDS, target: Some(S::example), build }
    }

    /// Returns its documentation in Markdown.
    pub fn doc(&self) -> String {
        self.about.doc()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.about.name
    }

    pub(crate) fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// Returns the form of a reference's target, if its name is a kind of reference.
    pub(crate) fn target(&self) -> Option<&'static str> {
        self.target.map(|example| example())
    }

    pub(super) fn about(&self) -> About {
        self.about
    }

    pub(crate) fn build(
        &self,
        table: &mut Table<'_>,
        surroundings: &StoreContext<'_>,
    ) -> Option<BuiltStore> {
        (self.build)(table, surroundings)
    }
}

/// Reads a store's options, and opens it.
fn open<S: Options + TokenStore>(
    table: &mut Table<'_>,
    surroundings: &StoreContext<'_>,
) -> Option<Arc<S>> {
    let opened = S::from_table(table)?.open(surroundings);
    opened.map(Arc::new).map_err(|error| table.report_failure(&error)).ok()
}

impl fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreEntry").field("about", &self.about).finish_non_exhaustive()
    }
}
