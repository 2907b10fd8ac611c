//! What a provider submits to the registry at link time.

use std::{fmt, sync::Arc};

use super::About;
use crate::{
    CacheOptions, Cached, InteractiveSource, TokenProvider, TokenSource,
    diagnostic::Location,
    options::{Field, Options, Table, count, join, listed, summary},
    provider::Erased,
    request::{options, options::PlacementOptions},
};

/// A struct that the attribute macro has made a provider.
pub trait Provider: Options {
    /// What it submits to the registry.
    const ENTRY: Entry;
}

/// One linked provider: its name, its documentation, its options, and where it stands.
#[derive(Clone, Copy)]
pub struct Entry {
    about: About,
    own: &'static [Field],
    cached: bool,
    placed: bool,
    inner: bool,
    build: Build,
}

/// Makes the provider of its table.
type Build = fn(&mut Table<'_>) -> Option<Arc<dyn Erased>>;

inventory::collect!(Entry);

/// Most options of one provider.
const MAX_OPTIONS: usize = 256;

impl Entry {
    /// Makes the entry of a provider that answers each call itself.
    pub const fn direct<P: Provider + TokenProvider>(about: About) -> Self {
        Self::new::<P>(about, false, |table| Some(Arc::new(P::from_table(table)?)))
    }

    /// Makes the entry of a source, which the cache makes a provider.
    pub const fn cached<S: Provider + TokenSource>(about: About) -> Self {
        Self::new::<S>(about, true, |table| {
            // Both are read before either counts, so that all problems are noted.
            let source = S::from_table(table);
            let options = CacheOptions::from_table(table);
            Some(Arc::new(Cached::with_options(source?, options?)))
        })
    }

    /// Makes the entry of a source with a session, which the cache makes a provider.
    pub const fn interactive<S: Provider + InteractiveSource>(about: About) -> Self {
        Self::new::<S>(about, true, |table| {
            let source = S::from_table(table);
            let options = CacheOptions::from_table(table);
            Some(Arc::new(Cached::interactive_with_options(source?, options?)))
        })
    }

    const fn new<P: Options>(about: About, cached: bool, build: Build) -> Self {
        Self { about, own: P::FIELDS, cached, placed: true, inner: false, build }
    }

    /// Leaves out the framework's options that say where a token goes: this provider says it itself.
    #[must_use]
    pub const fn with_own_placement(mut self) -> Self {
        self.placed = false;
        self
    }

    /// Lets another provider's table stand among the options, by that provider's name.
    #[must_use]
    pub const fn with_inner_provider(mut self) -> Self {
        self.inner = true;
        self
    }

    /// Refuses an option of its own with the key of one of the framework's.
    ///
    /// # Panics
    ///
    /// If there is one: an error of the compiler, for the macro checks the entry at compile time.
    pub const fn checked(&self) {
        let [cache, placement] = self.options_of_framework();
        let sets = [self.own, cache, placement];
        assert!(count(&sets) <= MAX_OPTIONS, "a provider has at most 256 options");
        // The rest is filled up with options that no set has.
        let _: [Field; MAX_OPTIONS] = join(&sets);
    }

    /// Tells whether another provider's table stands among the options.
    pub fn has_inner_provider(&self) -> bool {
        self.inner
    }

    /// Gives the name under which a configuration selects it.
    pub fn name(&self) -> &'static str {
        self.about.name
    }

    /// Gives its documentation, Markdown.
    pub fn doc(&self) -> String {
        self.about.doc()
    }

    /// Gives the first paragraph of its documentation on one line.
    pub fn summary(&self) -> String {
        summary(&self.doc())
    }

    /// Gives where it stands in source code.
    pub fn location(&self) -> Location {
        self.about.location
    }

    /// Tells whether the framework caches its tokens.
    pub fn is_cached(&self) -> bool {
        self.cached
    }

    /// Gives all its options: its own, then the framework's.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + Clone + use<> {
        let [cache, placement] = self.options_of_framework();
        self.own.iter().chain(cache).chain(placement)
    }

    /// Gives the option of a key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.key() == key)
    }

    /// Gives its options as JSON Schema.
    pub fn json_schema(&self) -> serde_json::Value {
        crate::options::json_schema(self.name(), &self.doc(), self.fields())
    }

    /// Gives its table as commented TOML, to start a configuration from.
    pub fn template(&self) -> String {
        let path = format!("credentials.{}", self.name());
        crate::options::template(&path, &self.doc(), self.fields())
    }

    /// The framework's options in its table.
    #[doc(hidden)]
    pub const fn options_of_framework(&self) -> [&'static [Field]; 2] {
        let cache = if self.cached { CacheOptions::FIELDS } else { &[] };
        let placement =
            if self.placed { PlacementOptions::FIELDS } else { options::Override::FIELDS };
        [cache, placement]
    }

    /// Returns all its options and those of the tables among them, with their paths in its table: `role`,
    /// `role.name`, `roles[].name`, `roles.NAME.name`.
    pub fn options(&self) -> Vec<(String, &'static Field)> {
        listed(self.fields(), "")
    }

    pub(crate) fn shorthand(&self) -> Option<&'static Field> {
        self.own.iter().find(|field| field.is_shorthand())
    }

    pub(crate) fn has_placement(&self) -> bool {
        self.placed
    }

    pub(super) fn about(&self) -> About {
        self.about
    }

    pub(crate) fn build(&self, table: &mut Table<'_>) -> Option<Arc<dyn Erased>> {
        (self.build)(table)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("about", &self.about).finish_non_exhaustive()
    }
}
