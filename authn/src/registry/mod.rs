//! The registry: which providers and token stores this program is linked with, by name.
//!
//! Linking a crate makes them available; the configuration selects. Each submits an entry at link time, and the
//! registry sorts them once.

mod about;
mod entry;
mod error;
mod reference;
mod store_entry;
mod stores;

use std::collections::BTreeMap;

#[doc(hidden)]
pub use about::About;
pub use entry::{Entry, Provider};
pub use store_entry::{Store, StoreEntry};
pub use stores::KnownStore;
pub(crate) use stores::Stores;

use crate::{Error, Result, diagnostic::Problem};

/// The providers and token stores that a configuration can choose from.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    providers: BTreeMap<&'static str, Entry>,
    stores: BTreeMap<&'static str, StoreEntry>,
}

impl Registry {
    /// Returns all providers and stores that are linked into this program.
    ///
    /// Two of one name are an error of kind [`Configuration`](crate::ErrorKind::Configuration) that names
    /// both places.
    pub fn linked() -> Result<Self> {
        Self::builder().linked().build()
    }

    /// Starts from nothing, to register by hand what a static library holds or what a test needs.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder { registry: Ok(Self::default()) }
    }

    /// Returns the provider of a name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.providers.get(name)
    }

    /// Returns all providers, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.providers.values()
    }

    /// Fails for a name that nothing linked has: lists what there is, and says how to link a crate.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        self.get(name).ok_or_else(|| Error::configuration(error::unknown(self, name)))
    }

    /// Returns the store of a name.
    pub(crate) fn store(&self, name: &str) -> Option<&StoreEntry> {
        self.stores.get(name)
    }

    /// Returns all stores, by name.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &StoreEntry> {
        self.stores.values()
    }

    pub(crate) fn unknown(&self, name: &str) -> String {
        error::unknown(self, name)
    }
}

/// Makes a [`Registry`] by hand.
#[must_use]
#[derive(Debug)]
pub struct RegistryBuilder {
    registry: Result<Registry, Box<Problem>>,
}

impl RegistryBuilder {
    /// Adds everything that is linked.
    pub fn linked(self) -> Self {
        let providers = inventory::iter::<Entry>.into_iter();
        let builder = providers.fold(self, |builder, entry| builder.with(*entry));
        let stores = inventory::iter::<StoreEntry>.into_iter();
        stores.fold(builder, |builder, entry| builder.with_store(*entry))
    }

    /// Adds one provider.
    pub fn register<P: Provider>(self) -> Self {
        self.with(P::ENTRY)
    }

    /// Adds one token store. The `file` store is always there.
    pub fn register_store<S: Store>(self) -> Self {
        self.with_store(S::ENTRY)
    }

    /// Adds one provider by its entry.
    pub fn with(self, entry: Entry) -> Self {
        self.add(error::PROVIDERS, entry, Entry::about, |registry| &mut registry.providers)
    }

    fn with_store(self, entry: StoreEntry) -> Self {
        self.add(error::STORES, entry, StoreEntry::about, |registry| &mut registry.stores)
    }

    fn add<E: Copy>(
        mut self,
        kind: error::EntryKind,
        entry: E,
        about: impl Fn(&E) -> About,
        entries: impl Fn(&mut Registry) -> &mut BTreeMap<&'static str, E>,
    ) -> Self {
        let About { name, location, .. } = about(&entry);
        if let Ok(registry) = &mut self.registry
            && let Some(other) = entries(registry).insert(name, entry)
            // The same entry twice: a static library that is also registered by hand.
            && about(&other).location != location
        {
            let problem = error::duplicate(kind, name, about(&other).location, location);
            self.registry = Err(Box::new(problem));
        }
        self
    }

    /// Returns the registry; two providers or two stores of one name are an error that names both places.
    pub fn build(self) -> Result<Registry> {
        self.collect().map_err(|problem| Error::configuration(problem.message()))
    }

    /// The same, with the problem as a configuration reports it.
    pub(crate) fn collect(self) -> Result<Registry, Box<Problem>> {
        self.registry
    }
}
