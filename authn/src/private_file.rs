//! Files that are their user's alone: opens them and refuses those that others can read, and writes them.

use std::{
    fmt,
    fs::{DirBuilder, File, Metadata},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

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

/// Why a file is refused. It is shown as a clause about the file, with what helps.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    path: PathBuf,
}

impl Refusal {
    /// Returns whether there is nothing at the path.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(&self.reason, Reason::Unopened(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Says that a file or folder is refused.
    pub(crate) fn new(path: &Path, reason: Reason) -> Self {
        Self { reason, path: path.to_owned() }
    }

    /// Says what is wrong.
    pub(crate) fn fault(&self) -> String {
        let what = match &self.reason {
            Reason::Unopened(error) => &*format!("can't be read ({})", error.kind()),
            Reason::Uncreated(error) => &*format!("can't be created ({})", error.kind()),
            Reason::Link => "is a symbolic link",
            Reason::NotRegular => "is not a regular file",
            Reason::Owner(_) => "belongs to another user",
            Reason::Open(_) => "is open to other users",
        };
        format!("{} {what}", self.path.display())
    }

    /// Says what to do about it.
    pub(crate) fn way_out(&self) -> String {
        let path = self.path.display().to_string();
        let path = quoted(&path);
        match &self.reason {
            Reason::Unopened(_) => "check its path and permissions".to_owned(),
            Reason::Uncreated(_) => "check the folder and the disk".to_owned(),
            Reason::Link => "put the file itself there".to_owned(),
            Reason::NotRegular => "put one there".to_owned(),
            Reason::Owner(user) => format!("`chown {user} {path}`"),
            Reason::Open(mode) => format!("`chmod {mode:o} {path}`"),
        }
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) enum Reason {
    /// It can't be opened, because it is not there, for instance.
    Unopened(io::Error),
    /// It is not there and can't be created.
    Uncreated(io::Error),
    /// It is a symbolic link.
    Link,
    /// It is a folder, a pipe, a device.
    NotRegular,
    /// It belongs to another user.
    Owner(u32),
    /// Others have rights to it. The mode is what it should have.
    Open(u32),
}

/// Opens a file for reading, once it has been found to be a regular and private one. A pipe without a
/// writer is refused like any other, instead of being waited for.
pub(crate) fn open(path: &Path, rules: Rules) -> Result<File, Refusal> {
    let refuse = |reason| Refusal::new(path, reason);
    let file = open_at_once(path, rules.follows_links).map_err(refuse)?;
    let metadata = file.metadata().map_err(|error| refuse(Reason::Unopened(error)))?;
    if !metadata.is_file() {
        return Err(refuse(Reason::NotRegular));
    }
    check(&file, &metadata, 0o600, rules.trusts_platform).map_err(refuse)?;
    Ok(file)
}

/// Checks that a folder is its user's alone. `Ok(false)` says that there is none.
pub(crate) fn check_folder(path: &Path) -> Result<bool, Refusal> {
    if !path.is_dir() {
        return Ok(false);
    }
    let refuse = |reason| Refusal::new(path, reason);
    let unopened = |error| refuse(Reason::Unopened(error));
    let folder = File::open(path).map_err(unopened)?;
    let metadata = folder.metadata().map_err(unopened)?;
    check(&folder, &metadata, 0o700, false).map_err(refuse)?;
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
    builder.create(path).map_err(|error| Refusal::new(path, Reason::Uncreated(error)))
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
fn open_at_once(path: &Path, follows_links: bool) -> Result<File, Reason> {
    use rustix::{
        fs::{Mode, OFlags},
        io::Errno,
    };
    // Without `NONBLOCK`, opening a pipe waits for a process that writes to it.
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, !follows_links);
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::LOOP) if !follows_links => Err(Reason::Link),
        Err(error) => Err(Reason::Unopened(error.into())),
    }
}

#[cfg(not(unix))]
fn open_at_once(path: &Path, follows_links: bool) -> Result<File, Reason> {
    if !follows_links && path.is_symlink() {
        return Err(Reason::Link);
    }
    File::open(path).map_err(Reason::Unopened)
}

/// Refuses what others have rights to or what another user owns. `mode` is what it should have, for the
/// command that fixes it.
#[cfg(unix)]
pub(crate) fn check(
    file: &File,
    metadata: &Metadata,
    mode: u32,
    trusts_platform: bool,
) -> Result<(), Reason> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{StatVfsMountFlags, fstatvfs};

    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user && !(trusts_platform && metadata.uid() == 0) {
        return Err(Reason::Owner(user));
    }
    let is_read_only =
        || fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY));
    if metadata.mode() & 0o077 != 0 && !(trusts_platform && is_read_only()) {
        return Err(Reason::Open(mode));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn check(_: &File, _: &Metadata, _: u32, _: bool) -> Result<(), Reason> {
    Ok(())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault(), self.way_out())
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
