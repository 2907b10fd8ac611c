//! What a token store of another crate submits at link time, and what it is given.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Environment, Location,
    options::{Field, Table},
    secret::Vault,
    store::{ErasedStore, TokenStore},
};

/// A token store that a configuration describes in `[stores.NAME]`.
///
/// Making one must cost nothing: every linked store is made, and at most a few are used.
pub trait LinkedStore: TokenStore + Sized {
    /// Its options.
    const FIELDS: &'static [Field];

    /// Reads its options; `None` if that failed, and the problem has been noted.
    fn from_table(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Option<Self>;
}

/// What a store may know of the program.
#[derive(Debug)]
pub struct Surroundings<'a> {
    app: &'a str,
    environment: &'a Environment,
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(app: &'a str, environment: &'a Environment) -> Self {
        Self { app, environment }
    }

    /// Gives the application's name.
    pub fn app(&self) -> &'a str {
        self.app
    }

    /// Gives the application's folder in the user's folder for state.
    pub fn state(&self) -> Option<PathBuf> {
        Some(self.environment.state()?.join(self.app))
    }

    /// Returns the folder of the `file` store, which can be configured; `None` without a state directory.
    pub(super) fn tokens(&self, directory: Option<&Path>) -> Option<PathBuf> {
        match directory {
            Some(directory) => Some(self.environment.absolute(directory, None)),
            None => Some(self.state()?.join("tokens")),
        }
    }

    /// Gives this user's folder for what all applications share: the one for the time that the user is logged
    /// in to the machine (`XDG_RUNTIME_DIR`), or else one in the user's folder for state.
    pub fn shared(&self) -> Option<PathBuf> {
        let runtime = self.variable("XDG_RUNTIME_DIR").map(Path::new);
        // A relative one counts as not set (XDG Base Directory Specification), and so does one that a user has
        // from another: it may be gone.
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        Some(runtime.or_else(|| self.environment.state())?.join("authn"))
    }

    /// Gives an environment variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name)
    }
}

/// One linked store: its name, its options, and where it stands.
#[derive(Clone, Copy)]
pub struct StoreEntry {
    name: &'static str,
    location: Location,
    fields: &'static [Field],
    /// What the target of a reference looks like, for a store that secrets can stand in.
    target: Option<&'static str>,
    build: Build,
}

type Build = fn(&mut Table<'_>, &Surroundings<'_>) -> Option<Built>;

/// A store, as it is kept.
pub(crate) struct Built {
    pub(crate) store: Arc<dyn ErasedStore>,
    pub(crate) vault: Option<Arc<dyn Vault>>,
}

inventory::collect!(StoreEntry);

impl StoreEntry {
    /// Makes the entry of a store.
    pub const fn new<S: LinkedStore>(name: &'static str, location: Location) -> Self {
        let build: Build = |table, surroundings| {
            let store = Arc::new(S::from_table(table, surroundings)?);
            Some(Built { store, vault: None })
        };
        Self { name, location, fields: S::FIELDS, target: None, build }
    }

    /// Makes the entry of a store that secrets of a configuration can stand in, too.
    pub const fn vault<S: LinkedStore + Vault>(name: &'static str, location: Location) -> Self {
        let build: Build = |table, surroundings| {
            let store = Arc::new(S::from_table(table, surroundings)?);
            Some(Built { store: store.clone(), vault: Some(store) })
        };
        Self { name, location, fields: S::FIELDS, target: Some("name"), build }
    }

    /// Says what the target of a reference looks like, such as `service/user`; `name` unless said.
    #[must_use]
    pub const fn with_target(mut self, example: &'static str) -> Self {
        self.target = Some(example);
        self
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
        self.target
    }

    pub(crate) fn build(
        &self,
        table: &mut Table<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Option<Built> {
        (self.build)(table, surroundings)
    }
}

impl fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreEntry")
            .field("name", &self.name)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
