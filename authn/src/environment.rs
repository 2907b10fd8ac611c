//! `Environment`: the variables and the folders of the process. A test passes its own instead of changing the
//! process's.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    sorted::sorted,
};

/// The variables and the folders that a configuration is read from.
///
/// ```
/// use authn::{Environment, Loader};
///
/// let environment = Environment::empty()
///     .variable("AUTHN_PROFILE", "work")
///     .home("/home/ann")
///     .user_directory("/home/ann/.config")
///     .state_directory("/home/ann/.local/state")
///     .system_directory("/etc")
///     .working_directory("/home/ann/project");
/// let loader = Loader::new().environment(environment);
/// # drop(loader);
///
/// let process = Environment::of_process();
/// assert_eq!(process.has_browser(), process.browser_reason().is_none());
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
    user_directory: Option<PathBuf>,
    system_directory: Option<PathBuf>,
    state_directory: Option<PathBuf>,
    working_directory: Option<PathBuf>,
}

impl Environment {
    /// Creates an environment without variables and folders.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Creates the environment of this process: its variables, its working folder, `/etc` on Unix, and the user's home
    /// and folders for configurations and state (those of XDG on Unix, `%APPDATA%` on Windows).
    ///
    /// A user's folder that is not an absolute path is ignored: it would be below the working folder, which may be
    /// another user's.
    pub fn of_process() -> Self {
        let strategy = etcetera::choose_base_strategy().ok();
        Self {
            variables: sorted(env::vars_os()),
            home: strategy.as_ref().map(|of| of.home_dir().to_owned()).and_then(absolute),
            user_directory: strategy.as_ref().map(BaseStrategy::config_dir).and_then(absolute),
            state_directory: strategy
                .as_ref()
                .map(|of| of.state_dir().unwrap_or_else(|| of.data_dir()))
                .and_then(absolute),
            system_directory: cfg!(unix).then(|| PathBuf::from("/etc")),
            working_directory: env::current_dir().ok(),
        }
    }

    /// Sets a variable.
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the user's home, for `~/` in paths.
    pub fn home(self, path: impl Into<PathBuf>) -> Self {
        Self { home: Some(path.into()), ..self }
    }

    /// Sets the folder of the user's configurations, such as `~/.config`.
    pub fn user_directory(self, path: impl Into<PathBuf>) -> Self {
        Self { user_directory: Some(path.into()), ..self }
    }

    /// Sets the folder of the system's configurations, such as `/etc`.
    pub fn system_directory(self, path: impl Into<PathBuf>) -> Self {
        Self { system_directory: Some(path.into()), ..self }
    }

    /// Sets the folder of the user's state, such as `~/.local/state`.
    pub fn state_directory(self, path: impl Into<PathBuf>) -> Self {
        Self { state_directory: Some(path.into()), ..self }
    }

    /// Sets the working folder, in which the search for a project's file starts.
    pub fn working_directory(self, path: impl Into<PathBuf>) -> Self {
        Self { working_directory: Some(path.into()), ..self }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Returns a variable that is a path; `None` if it is not set or empty.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(Path::new)
    }

    /// Returns the problem of a variable that is set, but not to a text. [`get`](Self::get) treats it as not set.
    pub(crate) fn not_utf8(&self, name: &str) -> Option<Problem> {
        let value = self.variables.get(OsStr::new(name))?;
        value.to_str().is_none().then(|| {
            let message = format!("the environment variable {name} is not UTF-8 text");
            Problem::error(ProblemCode::NotUtf8, message)
                .with_provenance(Provenance::Environment { name: name.to_owned() })
                .with_help("set it to a text, or unset it")
        })
    }

    /// Returns a variable; `None` if it is not set or empty.
    #[doc(hidden)]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| !value.is_empty())
    }

    /// Returns a variable, which may be empty; `None` if it is not set.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name))?.to_str()
    }

    pub(crate) fn user(&self) -> Option<&Path> {
        self.user_directory.as_deref()
    }

    pub(crate) fn system(&self) -> Option<&Path> {
        self.system_directory.as_deref()
    }

    pub(crate) fn state(&self) -> Option<&Path> {
        self.state_directory.as_deref()
    }

    pub(crate) fn working(&self) -> Option<&Path> {
        self.working_directory.as_deref()
    }

    /// Returns the absolute path of a path in a configuration: `~/` is the home, and a relative path is below `base`. `None`
    /// if there is no such folder.
    #[doc(hidden)]
    pub fn absolute(&self, path: &Path, base: Option<&Path>) -> Option<PathBuf> {
        let path = match path.strip_prefix("~") {
            Ok(rest) if rest != Path::new("") => self.home.as_ref()?.join(rest),
            _ if path.is_absolute() => path.to_owned(),
            _ => base?.join(path),
        };
        path.is_absolute().then_some(path)
    }
}

fn absolute(path: PathBuf) -> Option<PathBuf> {
    path.is_absolute().then_some(path)
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables may contain secrets.
        f.debug_struct("Environment")
            .field("variables", &self.variables.len())
            .finish_non_exhaustive()
    }
}
