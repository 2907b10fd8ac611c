//! Files that are their user's alone: opens them and refuses those that others can read, and writes them.

use std::{
    fmt,
    fs::{DirBuilder, File, Metadata},
    io::{self, Write as _},
    path::Path,
};

#[cfg(unix)]
use crate::diagnostic::quoted;

/// Which files are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The path may be a symbolic link.
    pub(crate) follows_links: bool,
    /// The file may be root's, and on a read-only mount open to others: so a platform puts a container's
    /// secrets, whose mode no user in there could change.
    pub(crate) trusts_platform: bool,
}

/// Why a file or a folder is refused. It is shown as a clause about it, with what helps.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What is wrong, and with which path.
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

/// Opens a file for reading, once it has been found to be a regular and private one. A pipe without a
/// writer is refused like any other, instead of being waited for.
pub(crate) fn open(path: &Path, rules: Rules) -> Result<File, Refusal> {
    let file = open_at_once(path, rules.follows_links)?;
    let metadata = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
    if !metadata.is_file() {
        return Err(Refusal::new(path, "is not a regular file", "put one there"));
    }
    check(path, &file, &metadata, 0o600, rules.trusts_platform)?;
    Ok(file)
}

/// Checks that a folder is its user's alone. `Ok(false)` says that there is none.
pub(crate) fn check_folder(path: &Path) -> Result<bool, Refusal> {
    if !path.is_dir() {
        return Ok(false);
    }
    let unopened = |error| Refusal::unopened(path, &error);
    let folder = File::open(path).map_err(unopened)?;
    let metadata = folder.metadata().map_err(unopened)?;
    check(path, &folder, &metadata, 0o700, false)?;
    Ok(true)
}

/// Makes a folder that is its user's alone, and each folder that it needs, or checks the one that is there.
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

/// Writes a file of mode 0600 in place of whatever is there: whole or not at all, and durably. Until then it
/// stands beside it under a name that begins with `prefix`.
pub(crate) fn replace(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut temporary = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Makes what was renamed or removed in a folder survive a loss of power.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
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

/// Refuses what others have rights to or what another user owns. `mode` is what it should have, for the
/// command that fixes it.
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
    fn what_is_no_private_file_is_refused_with_the_way_out() {
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
    fn a_pipe_that_nobody_writes_to_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("started");
        assert!(made.success());
        for rules in [STRICT, FOLLOWING] {
            assert!(refusal(&pipe, rules).contains("not a regular file"));
        }
    }
}
