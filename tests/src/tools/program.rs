//! The programs of other tools, as far as this machine has them.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Returns the path of a program that this machine may have.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Returns the path of a program that `tests/run` installs from Python's packages.
///
/// # Panics
///
/// If it isn't there.
pub fn of_python(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tests/tools/bin").join(name);
    assert!(path.is_file(), "{} is missing: run `tests/run`", path.display());
    path
}
