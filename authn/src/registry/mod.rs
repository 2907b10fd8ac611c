//! The registry: the providers and token stores that are linked into this program, by name.
//!
//! Linking a crate makes its providers and stores available, and the configuration chooses among them. Each submits an
//! entry at link time, and the registry collects the entries.

mod about;
mod entry;
mod error;
mod known_store;
mod preset;
mod reference;
mod store_entry;
mod stores;

use std::collections::BTreeMap;

#[doc(hidden)]
pub use about::About;
pub use entry::{Entry, Provider};
pub use known_store::KnownStore;
pub use preset::Preset;
#[doc(hidden)]
pub use preset::PresetEntry;
pub(crate) use preset::{
    PRESET, PresetDocument, PresetOption, is_preset_name, needs as preset_needs,
};
pub use store_entry::{Store, StoreEntry};
pub(crate) use stores::Stores;

use crate::{Error, Result, diagnostic::Problem};

/// The providers and token stores that a configuration can choose from.
///
/// ```
/// use authn::Registry;
///
/// /// Returns a static token.
/// #[authn::token_provider("static_token")]
/// struct StaticToken {}
/// # impl authn::TokenProvider for StaticToken {
/// #     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
/// #         authn::Token::new("t")
/// #     }
/// # }
///
/// let registry = Registry::builder().register::<StaticToken>().build()?;
/// assert_eq!(registry.find("static_token")?.summary(), "Returns a static token.");
/// assert_eq!(registry.iter().count(), 1);
/// assert!(registry.get("static_tokn").is_none());
///
/// // A configuration can then choose no other provider:
/// let loader = authn::Loader::new().registry(registry);
/// # drop(loader);
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    providers: BTreeMap<&'static str, Entry>,
    stores: BTreeMap<&'static str, StoreEntry>,
    presets: BTreeMap<&'static str, PresetEntry>,
}

impl Registry {
    /// Returns all providers and stores that are linked into this program.
    ///
    /// Two providers or two stores with the same name are an error of kind
    /// [`Configuration`](crate::ErrorKind::Configuration) that names both places.
    pub fn linked() -> Result<Self> {
        Self::builder().linked().build()
    }

    /// Creates a builder of an empty registry, to register the entries of a static library or of a test by hand.
    ///
    /// Presets need no registration: every registry has all linked ones, and those of its providers can be chosen.
    pub fn builder() -> RegistryBuilder {
        let presets = inventory::iter::<PresetEntry>.into_iter();
        let empty = RegistryBuilder { registry: Ok(Self::default()) };
        presets.fold(empty, |builder, entry| builder.with_preset(*entry))
    }

    /// Returns the provider with this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.providers.get(name)
    }

    /// Returns all providers, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.providers.values()
    }

    /// Returns the provider with this name. If there is none, the error lists the linked providers and says how to link a
    /// crate.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        self.get(name).ok_or_else(|| as_error(&self.unknown(name)))
    }

    /// Returns the store with this name.
    pub(crate) fn store(&self, name: &str) -> Option<&StoreEntry> {
        self.stores.get(name)
    }

    /// Returns all stores, sorted by name.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &StoreEntry> {
        self.stores.values()
    }

    /// Returns the linked preset with this name.
    pub(crate) fn preset(&self, name: &str) -> Option<&PresetEntry> {
        self.presets.get(name)
    }

    /// Returns all linked presets, sorted by name.
    pub(crate) fn presets(&self) -> impl Iterator<Item = &PresetEntry> {
        self.presets.values()
    }

    /// Returns the problem of a name that no linked provider has.
    pub(crate) fn unknown(&self, name: &str) -> Problem {
        error::unknown(self, name)
    }
}

/// Builds a [`Registry`], which has an example.
///
/// ```
/// use authn::{Entry, Provider, Registry, RegistryBuilder, Result, Store, StoreEntry};
/// use authn::store::{Document, Lease, StoreKey, TokenStore};
///
/// /// Returns a constant token.
/// #[authn::token_provider("built_token")]
/// struct BuiltToken {}
/// # impl authn::TokenProvider for BuiltToken {
/// #     async fn token(&self, _: &authn::Context) -> Result<authn::Token> { authn::Token::new("abc") }
/// # }
///
/// /// Keeps nothing.
/// #[authn::token_store("built_store")]
/// struct BuiltStore {}
/// # impl TokenStore for BuiltStore {
/// #     async fn lock(&self, _: &StoreKey) -> Result<Lease> { Ok(Lease::new(())) }
/// #     async fn load(&self, _: &StoreKey) -> Result<Option<Document>> { Ok(None) }
/// #     async fn save(&self, _: &StoreKey, _: &Document, _: u64) -> Result<bool> { Ok(false) }
/// #     async fn list(&self) -> Result<Vec<StoreKey>> { Ok(Vec::new()) }
/// # }
///
/// let entry: Entry = <BuiltToken as Provider>::ENTRY;
/// let store: StoreEntry = <BuiltStore as Store>::ENTRY;
/// let builder: RegistryBuilder = Registry::builder().with(entry).register_store::<BuiltStore>();
/// assert!(builder.build()?.get("built_token").is_some());
/// # let _ = store;
/// # Ok::<(), authn::Error>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct RegistryBuilder {
    registry: Result<Registry, Box<Problem>>,
}

impl RegistryBuilder {
    /// Adds all linked providers and stores.
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

    /// Adds one token store. The store `file` is always available.
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

    fn with_preset(self, entry: PresetEntry) -> Self {
        self.add(error::PRESETS, entry, PresetEntry::about, |registry| &mut registry.presets)
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
            // A static library may be linked and also registered by hand, which is the same entry twice.
            && about(&other).location != location
        {
            let problem = error::duplicate(kind, name, about(&other).location, location);
            self.registry = Err(Box::new(problem));
        }
        self
    }

    /// Returns the registry. Two providers or two stores with the same name are an error that names both places.
    pub fn build(self) -> Result<Registry> {
        self.collect().map_err(|problem| as_error(&problem))
    }

    /// Returns the registry, or the problem that a configuration reports.
    pub(crate) fn collect(self) -> Result<Registry, Box<Problem>> {
        self.registry
    }
}

fn as_error(problem: &Problem) -> Error {
    let error = Error::configuration(problem.message());
    match problem.help() {
        Some(help) => error.with_help(help.to_owned()),
        None => error,
    }
}
