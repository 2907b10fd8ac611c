//! The program whose command line this is: what it is called, and what it adds to each configuration.

use std::{env, fmt, sync::Arc};

use authn::Loader;

use crate::names;

/// Changes a loader.
type Change = Arc<dyn Fn(Loader) -> Loader + Send + Sync>;

/// The program whose command line this is.
#[derive(Clone)]
pub(crate) struct Program {
    /// The application whose configuration it reads, unless a flag names another.
    pub(crate) app: String,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) about: Option<String>,
    /// The subcommands of an embedding program that lead here.
    pub(crate) path: Vec<String>,
    /// The application's defaults, as TOML.
    pub(crate) defaults: Vec<String>,
    pub(crate) changes: Vec<Change>,
}

impl Program {
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.app)
    }

    /// Returns the program's name and version, if it has a version of its own.
    pub(crate) fn own_version(&self) -> Option<String> {
        self.version.as_ref().map(|version| format!("{} {version}", self.name()))
    }

    pub(crate) fn is_embedded(&self) -> bool {
        !self.path.is_empty()
    }

    /// Returns the name that the program was started by, or its own name if a shell would need to quote that one.
    pub(crate) fn started_as(&self) -> String {
        let name = started_as(self.name()).filter(|name| has_only(name, "_-."));
        name.unwrap_or_else(|| self.name().to_owned())
    }

    /// Returns the words before a command as they are typed, such as `authn`, or `acme auth` if it is embedded.
    pub(crate) fn words(&self) -> String {
        let path = self.path.iter().map(|word| format!(" {word}"));
        self.started_as() + &path.collect::<String>()
    }

    /// Returns the loader of an application's configuration, with what the program adds to it.
    pub(crate) fn loader(&self, app: &str) -> Loader {
        let loader = Loader::app(app);
        // Another application does not have these defaults.
        let defaults = self.defaults.iter().filter(|_| app == self.app);
        let loader = defaults.fold(loader, |loader, text| loader.defaults(text));
        let loader = self.changes.iter().fold(loader, |loader, change| change(loader));
        loader.login_program(self.words(), &self.app)
    }
}

impl Default for Program {
    fn default() -> Self {
        Self {
            app: "authn".to_owned(),
            name: None,
            version: None,
            about: None,
            path: Vec::new(),
            defaults: Vec::new(),
            changes: Vec::new(),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The defaults may contain a secret.
        f.debug_struct("Program")
            .field("app", &self.app)
            .field("name", &self.name())
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Returns the name that this process was started by: a program with its own providers is not `authn`. The name of a
/// protocol is not one, because it has no other commands.
fn started_as(own: &str) -> Option<String> {
    let path = env::args_os().next()?;
    if names::is_of_protocol(&path, own) {
        let file = env::current_exe().ok()?;
        return names::name(file.as_os_str()).map(str::to_owned);
    }
    names::name(&path).map(str::to_owned)
}

/// Returns whether a name consists of ASCII letters, digits and these marks.
pub(crate) fn has_only(name: &str, marks: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter))
}
