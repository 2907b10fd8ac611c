//! Files and folders that are private to the user: reads them, and writes them whole.

use std::{
    fs::{DirBuilder, File, Metadata},
    io::{self, Read as _, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

pub(crate) use crate::input_file::{Refusal, Rules, open};
use crate::{
    diagnostic::{limit_help, reason},
    input_file::{self, Reason},
};

/// Opens a file for reading and writing, or creates it with mode 0600. An existing one must be a regular file, private and
/// no link.
pub(crate) fn open_or_create(path: &Path) -> Result<File, Refusal> {
    let file = create_at_once(path)?;
    let metadata = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
    if !metadata.is_file() {
        let fault = "is not a regular file";
        return Err(Refusal::new(Reason::NotAFile, path, fault, "remove it"));
    }
    input_file::check_access(path, &file, &metadata, Rules::Session)?;
    Ok(file)
}

/// Checks that a folder is the user's own, that no other user can write to it, and that it is no link; `Ok(false)` if
/// there is none. Others may list it, because its files are private.
pub(crate) fn check_folder(path: &Path) -> Result<bool, Refusal> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Refusal::unopened(path, &error)),
    };
    let fail = |clause, help| Refusal::new(Reason::NotAFile, path, clause, help);
    if metadata.is_symlink() {
        return Err(fail("is a symbolic link", "name the folder itself"));
    }
    if !metadata.is_dir() {
        return Err(fail("is not a folder", "name a folder"));
    }
    let unopened = |error| Refusal::unopened(path, &error);
    let folder = File::open(path).map_err(unopened)?;
    let metadata = folder.metadata().map_err(unopened)?;
    input_file::check_access(path, &folder, &metadata, Rules::SessionFolder)?;
    Ok(true)
}

/// Creates a private folder and its missing parents, or checks the folder that is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), Refusal> {
    if check_folder(path)? {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|error| {
        let clause = format!("can't be created ({})", reason(&error));
        let help = limit_help(&error).unwrap_or("check the folder and the disk");
        Refusal::new(Reason::Unreadable, path, clause, help)
    })
}

/// Replaces a file with one of mode 0600: whole or not at all, and durably. Until then the new one has a name that starts
/// with `prefix`, in the same folder.
pub(crate) fn replace(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<()> {
    named(temporary(path, prefix, contents)?, path)
}

/// Does the same with the group and the mode of an open file.
pub(crate) fn replace_like(
    like: &File,
    path: &Path,
    prefix: &str,
    contents: &[u8],
) -> io::Result<()> {
    let temporary = temporary(path, prefix, contents)?;
    #[cfg(unix)]
    {
        use std::{
            fs::Permissions, os::unix::fs::MetadataExt as _, os::unix::fs::PermissionsExt as _,
        };

        use rustix::fs::{Gid, fchown};

        let metadata = like.metadata()?;
        let mut mode = metadata.mode() & 0o777;
        let group = Gid::from_raw(metadata.gid());
        // Another group must not get the rights of this one.
        if fchown(temporary.as_file(), None, Some(group)).is_err() {
            mode &= !0o070;
        }
        temporary.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = like;
    named(temporary, path)
}

/// Creates a file of mode 0600: whole or not at all, and durably. Fails if there is one.
pub(crate) fn create(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<()> {
    let temporary = temporary(path, prefix, contents)?;
    temporary.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(folder(path))
}

fn temporary(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<NamedTempFile> {
    let mut temporary = tempfile::Builder::new().prefix(prefix).tempfile_in(folder(path))?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

fn named(temporary: NamedTempFile, path: &Path) -> io::Result<()> {
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder(path))
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes changes of names in a folder survive a loss of power.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    sync(&File::open(path)?)
}

/// Does the same with a folder that is open.
#[cfg(unix)]
pub(crate) fn sync(folder: &File) -> io::Result<()> {
    folder.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn sync(_: &File) -> io::Result<()> {
    Ok(())
}

/// Allocates this many bytes of a file on the disk, from its start.
pub(crate) fn allocate(file: &File, length: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::{
            fs::{FallocateFlags, fallocate},
            io::Errno,
        };
        match fallocate(file, FallocateFlags::empty(), 0, length) {
            // The file system can't.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            result => return Ok(result?),
        }
    }
    io::copy(&mut io::repeat(0).take(length), &mut &*file)?;
    file.sync_data()
}

/// Returns whether an open file is the one that has this path now.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let inode = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(open), Ok(there)) => inode(open) == inode(there),
        _ => false,
    }
}

/// An open file can't be removed here.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(unix)]
fn create_at_once(path: &Path) -> Result<File, Refusal> {
    use rustix::fs::{Mode, OFlags};

    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let opened = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
    opened.map(File::from).map_err(|error| Refusal::of_link(path, error))
}

#[cfg(not(unix))]
fn create_at_once(path: &Path) -> Result<File, Refusal> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|error| Refusal::unopened(path, &error))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_that_is_not_private_is_refused_with_the_command_that_fixes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let refusal = || open(&path, Rules::Session).expect_err("refused").to_string();
        assert!(refusal().contains("can't be read"));
        fs::write(&path, "abc").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(refusal().ends_with(&format!("`chmod 600 {}`", path.display())));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("set");
        assert!(open(&path, Rules::Session).is_ok());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).expect("set");
        let refusal = check_folder(folder.path()).expect_err("refused").to_string();
        assert!(refusal.ends_with(&format!("`chmod go-w {}`", folder.path().display())));
    }
}
