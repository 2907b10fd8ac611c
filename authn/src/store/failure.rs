//! The errors of a store in a folder.

use std::{io, path::Path};

use crate::{Error, diagnostic::quoted, private_file::Refusal};

/// Returns the error of an operation on a file, such as `lock`.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let folder = path.parent().unwrap_or(path).display().to_string();
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
            (error.kind().to_string(), format!("`chmod u+rwx {}`", quoted(&folder)))
        }
        _ if has_too_many_files(error) => {
            ("too many open files".into(), "raise the limit with `ulimit -n`".into())
        }
        kind => (kind.to_string(), "check the folder and the disk".into()),
    };
    Error::store(format!("can't {what} {} ({why})", path.display())).with_help(help)
}

/// Returns the error of a file or a folder that is not the user's alone.
pub(super) fn refused(refusal: Refusal) -> Error {
    Error::store(refusal.fault).with_help(refusal.help)
}

#[cfg(unix)]
fn has_too_many_files(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|limit| code == Some(limit.raw_os_error()))
}

#[cfg(not(unix))]
fn has_too_many_files(_: &io::Error) -> bool {
    false
}
