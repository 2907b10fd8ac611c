//! Files that are private to a user: opens them, refuses those that other users can read, and writes them.

use std::{
    fmt,
    fs::{DirBuilder, File, Metadata},
    io::{self, Read as _, Write as _},
    path::Path,
};

#[cfg(unix)]
use crate::diagnostic::quoted;

/// The files that are accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The path may be a symbolic link.
    pub(crate) follows_links: bool,
    /// The file may belong to root, and may be open to others on a read-only mount. A platform provides a container's
    /// secrets that way, and no user in the container can change their mode.
    pub(crate) trusts_platform: bool,
}

/// Why a file or a folder is refused. As text it is a clause that starts with the path, and the help.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The path, and what is wrong with it.
    pub(crate) fault: String,
    /// What to do about it.
    pub(crate) help: String,
    is_absence: bool,
}

impl Refusal {
    fn new(path: &Path, what: &str, help: impl Into<String>) -> Self {
        let fault = format!("{} {what}", path.display());
        Self { fault, help: help.into(), is_absence: false }
    }

    fn unopened(path: &Path, error: &io::Error) -> Self {
        let what = format!("can't be read ({})", error.kind());
        let refusal = Self::new(path, &what, "check its path and permissions");
        Self { is_absence: error.kind() == io::ErrorKind::NotFound, ..refusal }
    }

    /// Returns whether there is nothing at the path.
    pub(crate) fn is_absence(&self) -> bool {
        self.is_absence
    }
}

/// Opens a file for reading, if it is a regular file and private. A pipe is refused at once, even if no process writes to
/// it.
pub(crate) fn open(path: &Path, rules: Rules) -> Result<File, Refusal> {
    let file = open_at_once(path, rules.follows_links)?;
    let metadata = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
    if !metadata.is_file() {
        return Err(Refusal::new(path, "is not a regular file", "put a regular file there"));
    }
    check(path, &file, &metadata, 0o600, rules.trusts_platform)?;
    Ok(file)
}

/// Opens a file for reading and writing, or creates it with mode 0600. An existing one must be a regular file, private and
/// no link.
pub(crate) fn open_or_create(path: &Path) -> Result<File, Refusal> {
    let file = create_at_once(path)?;
    let metadata = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
    if !metadata.is_file() {
        return Err(Refusal::new(path, "is not a regular file", "remove it"));
    }
    check(path, &file, &metadata, 0o600, false)?;
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
    if metadata.is_symlink() {
        return Err(Refusal::new(path, "is a symbolic link", "name the folder itself"));
    }
    if !metadata.is_dir() {
        return Err(Refusal::new(path, "is not a folder", "name a folder"));
    }
    check_owned(path, &metadata)?;
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
        let what = format!("can't be created ({})", error.kind());
        Refusal::new(path, &what, "check the folder and the disk")
    })
}

/// Replaces a file with one of mode 0600: whole or not at all, and durably. Until then the new one has a name that starts
/// with `prefix`, in the same folder.
pub(crate) fn replace(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut temporary = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
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
    opened.map(File::from).map_err(|error| unopened(path, error))
}

#[cfg(not(unix))]
fn create_at_once(path: &Path) -> Result<File, Refusal> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|error| Refusal::unopened(path, &error))
}

#[cfg(unix)]
fn unopened(path: &Path, error: rustix::io::Errno) -> Refusal {
    if error == rustix::io::Errno::LOOP {
        return Refusal::new(path, "is a symbolic link", "put the file itself there");
    }
    Refusal::unopened(path, &error.into())
}

#[cfg(unix)]
fn open_at_once(path: &Path, follows_links: bool) -> Result<File, Refusal> {
    use rustix::{
        fs::{Mode, OFlags},
        io::Errno,
    };
    // Without `NONBLOCK`, opening a pipe waits for a process that writes to it.
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, !follows_links);
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::LOOP) if !follows_links => {
            Err(Refusal::new(path, "is a symbolic link", "put the file itself there"))
        }
        Err(error) => Err(Refusal::unopened(path, &error.into())),
    }
}

#[cfg(not(unix))]
fn open_at_once(path: &Path, follows_links: bool) -> Result<File, Refusal> {
    if !follows_links && path.is_symlink() {
        return Err(Refusal::new(path, "is a symbolic link", "put the file itself there"));
    }
    File::open(path).map_err(|error| Refusal::unopened(path, &error))
}

/// Refuses a file or a folder that others have rights to or that another user owns. `mode` is the right mode, for the
/// command in the help.
#[cfg(unix)]
fn check(
    path: &Path,
    file: &File,
    metadata: &Metadata,
    mode: u32,
    trusts_platform: bool,
) -> Result<(), Refusal> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{StatVfsMountFlags, fstatvfs};

    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user && !(trusts_platform && metadata.uid() == 0) {
        let help = format!("`chown {user} {}`", quoted(&path.display().to_string()));
        return Err(Refusal::new(path, "belongs to another user", help));
    }
    let is_read_only =
        || fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY));
    if metadata.mode() & 0o077 != 0 && !(trusts_platform && is_read_only()) {
        let help = format!("`chmod {mode:o} {}`", quoted(&path.display().to_string()));
        return Err(Refusal::new(path, "is open to other users", help));
    }
    Ok(())
}

/// Refuses a folder that another user owns or can write to.
#[cfg(unix)]
fn check_owned(path: &Path, metadata: &Metadata) -> Result<(), Refusal> {
    use std::os::unix::fs::MetadataExt as _;

    let shown = || quoted(&path.display().to_string()).into_owned();
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        let help = format!("`chown {user} {}`", shown());
        return Err(Refusal::new(path, "belongs to another user", help));
    }
    if metadata.mode() & 0o022 != 0 {
        let help = format!("`chmod go-w {}`", shown());
        return Err(Refusal::new(path, "can be written to by other users", help));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn check_owned(_: &Path, _: &Metadata) -> Result<(), Refusal> {
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn check(_: &Path, _: &File, _: &Metadata, _: u32, _: bool) -> Result<(), Refusal> {
    Ok(())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault, self.help)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    const STRICT: Rules = Rules { follows_links: false, trusts_platform: false };
    const FOLLOWING: Rules = Rules { follows_links: true, trusts_platform: true };

    fn refusal(path: &Path, rules: Rules) -> String {
        open(path, rules).expect_err("refused").to_string()
    }

    #[test]
    fn a_file_that_is_not_private_is_refused_with_the_command_that_fixes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        assert!(refusal(&path, STRICT).contains("can't be read"));
        fs::write(&path, "abc").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        for rules in [STRICT, FOLLOWING] {
            assert!(refusal(&path, rules).ends_with(&format!("`chmod 600 {}`", path.display())));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("set");
        assert!(open(&path, STRICT).is_ok());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(refusal(&link, STRICT).contains("symbolic link"));
        assert!(open(&link, FOLLOWING).is_ok());
        assert!(refusal(folder.path(), FOLLOWING).contains("not a regular file"));
    }

    #[test]
    fn a_pipe_without_a_writer_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("started");
        assert!(made.success());
        for rules in [STRICT, FOLLOWING] {
            assert!(refusal(&pipe, rules).contains("not a regular file"));
        }
    }
}
