//! `StoreContext`: what a store may know of the program.

use std::path::{Path, PathBuf};

use crate::Environment;

/// What a store may know of the program: its name, its folders and its environment variables.
///
/// [`TokenStore::open`](super::TokenStore::open) receives it:
///
/// ```
/// # use std::path::PathBuf;
/// # use authn::{Error, Result, store::StoreContext};
/// fn folder(context: &StoreContext<'_>) -> Result<PathBuf> {
///     let missing = || Error::store("there is no state directory").with_help("set HOME");
///     context.state().map(|state| state.join("sessions")).ok_or_else(missing)
/// }
/// ```
#[derive(Debug)]
pub struct StoreContext<'a> {
    app: &'a str,
    environment: &'a Environment,
}

impl<'a> StoreContext<'a> {
    pub(crate) fn new(app: &'a str, environment: &'a Environment) -> Self {
        Self { app, environment }
    }

    /// Returns the application's name.
    pub fn app(&self) -> &'a str {
        self.app
    }

    /// Returns the application's folder in the user's state directory; `None` without a state directory.
    pub fn state(&self) -> Option<PathBuf> {
        Some(self.environment.state()?.join(self.app))
    }

    /// Returns the folder of the `file` store, which can be configured; `None` without a state directory.
    pub(crate) fn tokens(&self, directory: Option<&Path>) -> Option<PathBuf> {
        match directory {
            Some(directory) => Some(directory.to_owned()),
            None => Some(self.state()?.join("tokens")),
        }
    }

    /// Returns this user's folder for files that all applications share; `None` if there is no place for it.
    ///
    /// It is in the folder that exists while the user is logged in to the machine (`XDG_RUNTIME_DIR`), or else in
    /// the user's state directory.
    ///
    /// ```
    /// use authn::{Result, store::StoreContext};
    ///
    /// fn open(context: &StoreContext<'_>) -> Result<()> {
    ///     println!("locks are in {:?}", context.shared());
    ///     Ok(())
    /// }
    /// # let _ = open;
    /// ```
    pub fn shared(&self) -> Option<PathBuf> {
        let runtime = self.variable("XDG_RUNTIME_DIR").map(Path::new);
        // A relative path is ignored (XDG Base Directory Specification). So is one that is no folder: it may have
        // been passed on by another user's session and be gone.
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        Some(runtime.or_else(|| self.environment.state())?.join("authn"))
    }

    /// Returns an environment variable; `None` if it is not set or empty.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name)
    }
}
