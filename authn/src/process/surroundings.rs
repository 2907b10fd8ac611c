//! The environment that a command gets, and where its program is found.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{CALLS, absent, is_name};
use crate::{Environment, Result};

/// The variables of the user that a command gets: those that carry no secret of a configuration.
#[derive(Clone, Default)]
pub struct Surroundings(Arc<Inner>);

#[derive(Default)]
struct Inner {
    variables: Vec<(OsString, OsString)>,
    home: Option<PathBuf>,
    /// Whether no command may ask the user for something.
    is_unattended: bool,
}

impl Surroundings {
    /// Takes over the environment, without the variables of which `is_withheld` says so.
    pub(crate) fn of(environment: &Environment, is_withheld: impl Fn(&OsStr) -> bool) -> Self {
        let taken = environment.variables().filter(|(name, _)| !is_withheld(name));
        let variables = taken.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let below_home = environment.absolute(Path::new("~/it"), None);
        let home = below_home.and_then(|path| Some(path.parent()?.to_owned()));
        Self(Arc::new(Inner { variables, home, is_unattended: false }))
    }

    /// Declares that no user is there, so that no command is lent the terminal.
    pub(crate) fn unattended(mut self) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.is_unattended = true;
        }
        self
    }

    /// Returns whether commands can be lent the terminal.
    pub fn has_user(&self) -> bool {
        !self.0.is_unattended
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Returns how many commands have called each other to get here.
    pub(super) fn calls(&self) -> u32 {
        let calls = self.variables().find(|(name, _)| *name == CALLS);
        calls.and_then(|(_, calls)| calls.to_str()?.parse().ok()).unwrap_or(0)
    }

    /// Finds a program: a path as it is, and a name in the folders of `PATH`. A folder with a relative path is skipped,
    /// because it depends on the working folder, which may be another user's.
    pub(super) fn find(&self, program: &str) -> Result<PathBuf> {
        if let (Some(rest), Some(home)) = (program.strip_prefix("~/"), &self.0.home) {
            return Ok(home.join(rest));
        }
        if !is_name(program) {
            return Ok(program.into());
        }
        let path = self.variables().find(|(name, _)| is_path(name)).map(|(_, folders)| folders);
        let folders = path.into_iter().flat_map(env::split_paths).filter(|it| it.is_absolute());
        let suffix = env::consts::EXE_SUFFIX;
        let name =
            if program.ends_with(suffix) { program.into() } else { format!("{program}{suffix}") };
        folders.map(|folder| folder.join(&name)).find(|path| is_program(path)).ok_or_else(absent)
    }
}

fn is_path(name: &OsStr) -> bool {
    if cfg!(windows) { name.eq_ignore_ascii_case("PATH") } else { name == "PATH" }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Shows nothing: variables may contain secrets.
impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings(..)")
    }
}
