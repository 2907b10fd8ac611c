//! Files that are private to a user: opens them, refuses those that other users can read, and writes them.

use std::{
    fmt,
    fs::{DirBuilder, File, Metadata},
    io::{self, Write as _},
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

/// Checks that a folder is private to the user; `Ok(false)` if there is none.
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
