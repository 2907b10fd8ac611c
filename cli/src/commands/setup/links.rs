//! The names by which tools call this program, in a folder on PATH that the user owns.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use authn::diagnostic::reason;

use super::{context::home, record::Link};
use crate::{
    exit::{Code, Failure},
    style::visible,
};

/// Returns the path of this program: as PATH has it, which often stays the same when the program is replaced by its next
/// version, or else where it is.
pub(super) fn program() -> Result<PathBuf, Failure> {
    let unknown = |error: &std::io::Error| {
        Failure::new(
            Code::Other,
            format!("the path of this program is not known ({})", reason(error)),
        )
    };
    let here = env::current_exe().map_err(|error| unknown(&error))?;
    let real = fs::canonicalize(&here).map_err(|error| unknown(&error))?;
    let started = env::args_os().next().map(PathBuf::from);
    let name = started.as_deref().and_then(Path::file_name).unwrap_or_default();
    let on_path = folders().into_iter().map(|folder| folder.join(name));
    let path =
        on_path.into_iter().find(|path| fs::canonicalize(path).is_ok_and(|path| path == real));
    let path = path.unwrap_or(here);
    if path.to_str().is_none() {
        return Err(Failure::new(Code::Other, "the path of this program is not UTF-8")
            .with_help("install it in another folder"));
    }
    Ok(path)
}

/// Returns the folder for the names: beside this program, or else `~/.local/bin`.
pub(super) fn folder(program: &Path) -> Result<PathBuf, Failure> {
    let on_path = folders();
    let local = home()?.join(".local/bin");
    let beside = program.parent().map(Path::to_owned).into_iter();
    let suits = |folder: &PathBuf| on_path.contains(folder) && is_own(folder);
    beside.chain([local.clone()]).find(suits).ok_or_else(|| {
        let message = "there is no folder for the names by which tools call this program";
        let local = visible(&local.display().to_string());
        Failure::new(Code::Other, message)
            .with_help(format!("add {local} to PATH, and run the command again"))
    })
}

/// Returns the link with a name in the folder for names.
pub(super) fn link(program: &Path, name: &str) -> Result<Link, Failure> {
    Ok(Link { path: folder(program)?.join(name), target: program.to_owned() })
}

impl Link {
    /// Returns whether the link is there. Anything else in its place is a failure.
    pub(super) fn is_there(&self) -> Result<bool, Failure> {
        if self.is_ours() {
            return Ok(true);
        }
        if self.path.symlink_metadata().is_err() {
            return Ok(false);
        }
        let path = visible(&self.path.display().to_string());
        Err(Failure::new(Code::Other, format!("{path} is another program"))
            .with_help("move it away, or uninstall it, and run the command again"))
    }

    /// Fails if a program of this name is before the link on PATH, so that the tool would call that one.
    pub(super) fn check_is_first(&self) -> Result<(), Failure> {
        let name = self.path.file_name().unwrap_or_default();
        let first = folders().into_iter().map(|folder| folder.join(name));
        let first = first.into_iter().find(|path| *path == self.path || path.exists());
        match first {
            Some(other) if other != self.path => {
                let [other, folder] = [&*other, self.path.parent().unwrap_or(&self.path)]
                    .map(|path| visible(&path.display().to_string()));
                Err(Failure::new(Code::Other, format!("{other} is before {folder} on PATH"))
                    .with_help(format!("put {folder} first on PATH, and run the command again")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn create(&self) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| {
            Failure::unwritten(visible(&self.path.display().to_string()), error)
        };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        symlink(&self.target, &self.path).map_err(|error| failed(&error))
    }

    /// Removes the link, if it still leads to this program.
    pub(super) fn remove(&self) -> bool {
        self.is_ours() && fs::remove_file(&self.path).is_ok()
    }

    pub(super) fn is_ours(&self) -> bool {
        fs::read_link(&self.path).is_ok_and(|target| target == self.target)
    }
}

/// Returns the absolute folders on PATH.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Returns whether a folder is the user's own and can be written, or can be created in the home folder.
#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    match fs::metadata(folder) {
        Ok(metadata) => {
            metadata.is_dir()
                && metadata.uid() == rustix::process::geteuid().as_raw()
                && metadata.mode() & 0o200 != 0
        }
        Err(_) => home().is_ok_and(|home| folder.starts_with(home)),
    }
}

#[cfg(not(unix))]
fn is_own(folder: &Path) -> bool {
    home().is_ok_and(|home| folder.starts_with(home))
}
