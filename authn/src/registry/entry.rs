//! `Entry`: what a provider submits to the registry at link time.

use std::{fmt, sync::Arc};

use super::{About, preset::PresetOption};
use crate::{
    CacheOptions, Cached, InteractiveSource, TokenProvider, TokenSource,
    diagnostic::Location,
    kept::KeptOptions,
    options::{Field, Options, Table, count, join, listed, shorthand, summary},
    provider::{Declared, Erased},
    request::{
        DefaultPlace, Placed, options,
        options::{PlacedFields, PlacementOptions},
    },
};

/// A struct that `#[token_provider]` has turned into a provider.
pub trait Provider: Options {
    /// The entry that it submits to the registry.
    const ENTRY: Entry;
}

/// A linked provider: its name, its documentation, its options, and its place in source code.
///
/// ```
/// /// Returns a constant token.
/// #[authn::token_provider("constant")]
/// struct Constant {
///     /// The token.
///     _token: authn::SecretString,
/// }
/// # impl authn::TokenProvider for Constant {
/// #     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
/// #         authn::Token::new(&*self._token.expose())
/// #     }
/// # }
///
/// let entry = <Constant as authn::Provider>::ENTRY;
/// assert_eq!((entry.name(), entry.is_cached()), ("constant", false));
/// assert!(entry.field("token").expect("an option").is_required());
/// assert!(entry.template().starts_with("# Returns a constant token.\n[credentials.constant]"));
/// ```
///
/// ```
/// /// Returns a constant token.
/// #[authn::token_provider("shown_entry")]
/// struct ShownEntry {}
/// # impl authn::TokenProvider for ShownEntry {
/// #     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> { authn::Token::new("abc") }
/// # }
///
/// let registry = authn::Registry::linked()?;
/// let entry: &authn::Entry = registry.get("shown_entry").unwrap();
/// println!("{} in {}", entry.name(), entry.location());
/// assert!(!entry.has_inner_provider());
/// assert!(entry.fields().any(|field| field.key() == "placement"));
/// assert_eq!(entry.json_schema()["type"], "object");
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Entry {
    about: About,
    own: &'static [Field],
    cached: bool,
    kept: bool,
    /// The options for the place of the token; `None` if the provider places it itself.
    placing: Option<&'static [Field]>,
    declared: Option<Declared>,
    inner: bool,
    build: Build,
}

/// Builds a provider from its table.
type Build = fn(&mut Table<'_>) -> Option<Arc<dyn Erased>>;

inventory::collect!(Entry);

/// The largest number of options of one provider.
const MAX_OPTIONS: usize = 256;

impl Entry {
    /// Creates the entry of a provider that answers each call itself.
    #[doc(hidden)]
    pub const fn direct<P: Provider + TokenProvider>(about: About) -> Self {
        Self::new::<P>(about, false, |table| Some(Arc::new(P::from_table(table)?)))
    }

    /// Creates the entry of a source of tokens, which the cache turns into a provider.
    #[doc(hidden)]
    pub const fn cached<S: Provider + TokenSource>(about: About) -> Self {
        Self::new::<S>(about, true, |table| {
            // Both are read even if the first fails, so that all problems are reported.
            let source = S::from_table(table);
            let options = CacheOptions::from_table(table);
            Some(Arc::new(Cached::with_options(source?, options?)))
        })
    }

    /// Makes the entry of a source with a session, which the cache makes a provider.
    #[doc(hidden)]
    pub const fn interactive<S: Provider + InteractiveSource>(about: About) -> Self {
        Self::new::<S>(about, true, |table| {
            let source = S::from_table(table);
            let options = CacheOptions::from_table(table);
            Some(Arc::new(Cached::interactive_with_options(source?, options?)))
        })
    }

    const fn new<P: Options>(about: About, cached: bool, build: Build) -> Self {
        let placing = Some(PlacementOptions::FIELDS);
        let own = P::FIELDS;
        Self { about, own, cached, kept: false, placing, declared: None, inner: false, build }
    }

    /// Leaves out the framework's options for the placement of a token in a request, because this provider places it
    /// itself.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_own_placement(mut self) -> Self {
        self.placing = None;
        self
    }

    /// Sets the defaults of the framework's options for the placement.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_place<P: Placed + 'static>(mut self) -> Self {
        self.placing = Some(PlacedFields::<P>::FIELDS);
        self
    }

    /// Adds what the macro says of the provider's requests.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_declared(mut self, declared: Declared) -> Self {
        self.declared = Some(declared);
        self
    }

    /// Adds the option `store`, in which the provider keeps its secrets.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_kept(mut self) -> Self {
        self.kept = true;
        self
    }

    /// Allows the table of another provider among the options, under the name of that provider.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_inner_provider(mut self) -> Self {
        self.inner = true;
        self
    }

    /// Checks that no option of the provider has the key of a framework's option.
    ///
    /// # Panics
    ///
    /// If one has. The macro checks the entry at compile time, so this is a compile error.
    #[doc(hidden)]
    pub const fn checked(&self) {
        let [cache, placement, preset] = self.options_of_framework();
        let sets = [self.own, cache, placement, preset];
        assert!(count(&sets) <= MAX_OPTIONS, "a provider has at most 256 options");
        // `join` fills the unused elements with a placeholder.
        let _: [Field; MAX_OPTIONS] = join(&sets);
    }

    /// Returns whether the table of another provider is allowed among the options.
    pub fn has_inner_provider(&self) -> bool {
        self.inner
    }

    /// Returns the name by which a configuration chooses it.
    pub fn name(&self) -> &'static str {
        self.about.name
    }

    /// Returns its documentation in Markdown.
    pub fn doc(&self) -> String {
        self.about.doc()
    }

    /// Returns the first paragraph of its documentation on one line.
    pub fn summary(&self) -> String {
        summary(&self.doc())
    }

    /// Returns where it is defined in source code.
    pub fn location(&self) -> Location {
        self.about.location
    }

    /// Returns whether the framework caches its tokens.
    pub fn is_cached(&self) -> bool {
        self.cached
    }

    /// Returns all options: its own, then the framework's.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + Clone + use<> {
        let [cache, placement, preset] = self.options_of_framework();
        self.own.iter().chain(cache).chain(placement).chain(preset)
    }

    /// Returns the option with this key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.key() == key)
    }

    /// Returns its options as JSON Schema.
    pub fn json_schema(&self) -> serde_json::Value {
        crate::options::json_schema(self.name(), &self.doc(), self.fields())
    }

    /// Returns its table as commented TOML, from which to start a configuration.
    pub fn template(&self) -> String {
        let path = format!("credentials.{}", self.name());
        crate::options::template(&path, &self.doc(), self.fields())
    }

    /// Returns the framework's options in its table.
    #[doc(hidden)]
    pub const fn options_of_framework(&self) -> [&'static [Field]; 3] {
        let cache = match (self.cached, self.kept) {
            (true, _) => CacheOptions::FIELDS,
            (false, true) => KeptOptions::FIELDS,
            (false, false) => &[],
        };
        let placing = match self.placing {
            Some(placing) => placing,
            None => options::Override::FIELDS,
        };
        [cache, placing, PresetOption::FIELDS]
    }

    /// Returns all options and those of the tables among them, with their paths in the table: `role`, `role.name`,
    /// `roles[].name`, `roles.NAME.name`.
    pub fn options(&self) -> Vec<(String, &'static Field)> {
        listed(self.fields(), "")
    }

    pub(crate) fn shorthand(&self) -> Option<&'static Field> {
        shorthand(self.own)
    }

    pub(crate) fn has_placement(&self) -> bool {
        self.placing.is_some()
    }

    /// Returns the defaults of the placement that the provider sets.
    pub(crate) fn place(&self) -> DefaultPlace {
        self.declared.and_then(|declared| declared.place()).unwrap_or_default()
    }

    /// Returns the statuses that refuse a token, if the provider names them.
    pub(crate) fn refusing(&self) -> Option<&'static [u16]> {
        self.declared.and_then(|declared| declared.refusing())
    }

    /// Returns whether it has a store for what it keeps.
    pub(crate) fn has_kept(&self) -> bool {
        self.kept
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
