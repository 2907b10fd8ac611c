//! `Surroundings`: what a store may know of the program.

use std::path::{Path, PathBuf};

use crate::Environment;

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

    /// Returns the application's name.
    pub fn app(&self) -> &'a str {
        self.app
    }

    /// Returns the application's folder in the user's state directory.
    pub fn state(&self) -> Option<PathBuf> {
        Some(self.environment.state()?.join(self.app))
    }

    /// Returns the folder of the `file` store, which can be configured; `None` without a state directory.
    pub(crate) fn tokens(&self, directory: Option<&Path>) -> Option<PathBuf> {
        match directory {
            Some(directory) => Some(self.environment.absolute(directory, None)),
            None => Some(self.state()?.join("tokens")),
        }
    }

    /// Returns this user's folder for what all applications share: the one for the time that the user is logged
    /// in to the machine (`XDG_RUNTIME_DIR`), or else one in the user's state directory.
    pub fn shared(&self) -> Option<PathBuf> {
        let runtime = self.variable("XDG_RUNTIME_DIR").map(Path::new);
        // A relative one counts as not set (XDG Base Directory Specification), and so does one that a user has
        // from another: it may be gone.
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        Some(runtime.or_else(|| self.environment.state())?.join("authn"))
    }

    /// Returns an environment variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name)
    }
}
