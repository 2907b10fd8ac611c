//! The registry: which providers this program is linked with, by name.
//!
//! Linking a crate makes its providers available; the configuration selects one. Each provider submits an
//! entry at link time, and the registry sorts them once.

mod entry;
mod error;
mod store_entry;
pub(crate) mod stores;

use std::collections::BTreeMap;

use crate::Result;

pub use entry::{Entry, Provider};
#[doc(hidden)]
pub use store_entry::{LinkedStore, StoreEntry, Surroundings};
pub use stores::KnownStore;

/// The providers that a configuration can choose from.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: BTreeMap<&'static str, Entry>,
}

impl Registry {
    /// Gives all providers that are linked into this program.
    ///
    /// Two of one name are an error of kind [`Configuration`](crate::ErrorKind::Configuration) that names
    /// both places.
    pub fn linked() -> Result<Self> {
        inventory::iter::<Entry>
            .into_iter()
            .try_fold(Self::default(), |registry, entry| registry.with(*entry))
    }

    /// Starts from nothing, to register by hand what a static library holds or what a test needs.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder { registry: Ok(Self::default()) }
    }

    /// Gives the provider of a name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Gives all providers, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Fails for a name that nothing linked has: lists what there is, and says how to link a crate.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        self.get(name).ok_or_else(|| crate::Error::configuration(error::unknown(self, name)))
    }

    pub(crate) fn unknown(&self, name: &str) -> String {
        error::unknown(self, name)
    }

    fn with(mut self, entry: Entry) -> Result<Self> {
        match self.entries.insert(entry.name(), entry) {
            None => Ok(self),
            // The same entry twice: a static library that is also registered by hand.
            Some(other) if other.location() == entry.location() => Ok(self),
            Some(other) => Err(error::duplicate(&other, &entry)),
        }
    }
}

/// Makes a [`Registry`] by hand.
#[derive(Debug)]
pub struct RegistryBuilder {
    registry: Result<Registry>,
}

impl RegistryBuilder {
    /// Adds everything that is linked.
    #[must_use]
    pub fn linked(self) -> Self {
        inventory::iter::<Entry>.into_iter().fold(self, |builder, entry| builder.with(*entry))
    }

    /// Adds one provider.
    #[must_use]
    pub fn register<P: Provider>(self) -> Self {
        self.with(P::ENTRY)
    }

    /// Adds one provider by its entry.
    #[must_use]
    pub fn with(self, entry: Entry) -> Self {
        Self { registry: self.registry.and_then(|registry| registry.with(entry)) }
    }

    /// Gives the registry; two providers of one name are an error that names both places.
    pub fn build(self) -> Result<Registry> {
        self.registry
    }
}
