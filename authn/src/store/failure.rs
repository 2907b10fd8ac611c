//! The errors of a store in a folder.

use std::{io, path::Path};

use crate::{
    Error,
    diagnostic::{limit_help, quoted, reason},
    private_file::Refusal,
};

/// Returns the error of an operation on a file or a folder, such as `lock`.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let folder = folder.display().to_string();
    let (why, help) = match error.kind() {
        io::ErrorKind::StorageFull => ("the disk is full".into(), "free space on it".into()),
        io::ErrorKind::QuotaExceeded => {
            ("the disk quota is used up".into(), "free space, or ask for more".into())
        }
        io::ErrorKind::ReadOnlyFilesystem => (
            "the file system is read-only".into(),
            "set `stores.file.directory` to a folder elsewhere".into(),
        ),
        io::ErrorKind::PermissionDenied => {
            (reason(error), format!("`chmod u+rwx {}`", quoted(&folder)))
        }
        _ => (reason(error), limit_help(error).unwrap_or("check the folder and the disk").into()),
    };
    Error::store(format!("can't {what} {} ({why})", path.display())).with_help(help)
}

/// Returns the error of a file or a folder that is not the user's alone.
pub(super) fn refused(refusal: Refusal) -> Error {
    Error::store(refusal.fault).with_help(refusal.help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_folder_that_can_not_be_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let expected = format!("`chmod u+rwx {}`", folder.path().display());
        for path in [folder.path().to_owned(), folder.path().join("key.json")] {
            let error = failed("write to", &path, &denied);
            assert_eq!(error.help(), Some(&*expected), "{}", path.display());
        }
    }
}
