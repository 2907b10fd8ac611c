//! Whether a file of another program can be written, and scripts that can be run.

use std::{fs, path::Path};

use authn::TextFile;

use crate::{
    exit::{Code, Failure},
    style::visible,
};

/// Fails if a file or its folder is read-only. The file could be replaced all the same, but its user wants it as it is.
pub(super) fn check_is_writable(file: &TextFile) -> Result<(), Failure> {
    let path = visible(&file.path().display().to_string());
    let refused = |clause: &str, help: &str| {
        Err(Failure::new(Code::Other, format!("{path} {clause}")).with_help(help))
    };
    if file.exists() && is_read_only(file.target()) {
        return refused("is read-only", "make it writable, or change what it is generated from");
    }
    let folder = file.target().ancestors().skip(1).find(|folder| folder.exists());
    if folder.is_some_and(is_read_only) {
        return refused("is in a read-only folder", "make the folder writable");
    }
    Ok(())
}

fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly())
}

#[cfg(unix)]
pub(super) fn make_executable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(|error| Failure::unwritten(visible(&path.display().to_string()), &error))
}

#[cfg(not(unix))]
pub(super) fn make_executable(path: &Path) -> Result<(), Failure> {
    let path = visible(&path.display().to_string());
    Err(Failure::new(Code::Other, format!("{path} would be a script, which this system can't run")))
}
