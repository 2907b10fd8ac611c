//! Files that this program did not write: opened once without waiting, checked for their purpose, and read whole.
//!
//! A path in a configuration can lead to anything: a pipe without a writer, a device without an end, a file of `/proc`
//! that states no size. So the opened file is checked, not the path, and the limit applies while the file is read.

mod access;
mod version;

use std::{
    fmt,
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

use zeroize::Zeroizing;

pub(crate) use version::Version;

use crate::diagnostic::{self, limit_help, quoted};

/// The byte order mark that some editors write at the start of a text in UTF-8. It is not part of the text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How often a file is read that is written meanwhile.
const MOST_READS: usize = 3;

/// The purpose of a file. It decides who may own, read and write the file, and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// A file that this program has written for the user alone: a session, a lock, a record of trust. It belongs to the
    /// user, no other user has any right to it, and it is not a link.
    Session,
    /// The folder of such files. It belongs to the user, and no other user may write to it.
    SessionFolder,
    /// The file of a secret that the user names. No other user may write it, and if it belongs to the user, none may read
    /// it. A platform provides a container's secrets as files of another user that everybody can read.
    Secret,
    /// A configuration file. It belongs to the user or to root, and not every user may write it.
    Configuration,
    /// A configuration file that contains a secret itself. Not every user may read it, and if it belongs to the user, nor may
    /// its group.
    Secretive,
    /// A bundle of certificates, which are public. Not every user may write it.
    #[cfg_attr(
        not(any(feature = "reqwest", test)),
        expect(dead_code, reason = "only HTTP clients read bundles")
    )]
    Certificates,
}

impl Rules {
    /// Returns the size of the largest file, in MiB.
    const fn largest(self) -> usize {
        match self {
            Self::Secret | Self::Configuration | Self::Secretive => 1,
            // An encrypted session is a third longer than the 1 MiB of the largest one.
            Self::Session | Self::SessionFolder => 2,
            Self::Certificates => 8,
        }
    }
}

/// Why a file or a folder is refused. As text it is a clause that starts with the path, and the help.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The path, and what is wrong with it.
    pub(crate) fault: String,
    /// What is wrong, such as `is not a regular file`.
    pub(crate) clause: String,
    /// What to do about it.
    pub(crate) help: String,
    pub(crate) reason: Reason,
}

/// The kind of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Absent,
    Unreadable,
    NotAFile,
    TooLarge,
    NotUtf8,
    /// Other users have rights that they must not have.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has owners and modes"))]
    Access,
}

impl Refusal {
    pub(crate) fn new(
        reason: Reason,
        path: &Path,
        clause: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let clause = clause.into();
        let fault = format!("{} {clause}", path.display());
        Self { fault, clause, help: help.into(), reason }
    }

    pub(crate) fn unopened(path: &Path, error: &io::Error) -> Self {
        let (reason, help) = match error.kind() {
            io::ErrorKind::NotFound => (Reason::Absent, "check the path".to_owned()),
            io::ErrorKind::PermissionDenied => {
                let shown = path.display().to_string();
                (
                    Reason::Unreadable,
                    format!("make it readable with `chmod u+r {}`", quoted(&shown)),
                )
            }
            _ => {
                let help = limit_help(error).unwrap_or("check the path and the file system");
                (Reason::Unreadable, help.to_owned())
            }
        };
        Self::new(reason, path, format!("can't be read ({})", diagnostic::reason(error)), help)
    }

    /// Returns why a file can't be opened that must not be a link.
    #[cfg(unix)]
    pub(crate) fn of_link(path: &Path, error: rustix::io::Errno) -> Self {
        if error == rustix::io::Errno::LOOP { is_link(path) } else { Self::of_code(path, error) }
    }

    #[cfg(unix)]
    fn of_code(path: &Path, error: rustix::io::Errno) -> Self {
        match error {
            // A socket, or a device without a driver.
            rustix::io::Errno::NXIO => Self::not_a_file(path, "is not a regular file"),
            error => Self::unopened(path, &error.into()),
        }
    }

    fn not_a_file(path: &Path, clause: &str) -> Self {
        Self::new(Reason::NotAFile, path, clause, "put a regular file there")
    }

    /// Returns whether there is nothing at the path.
    pub(crate) fn is_absence(&self) -> bool {
        self.reason == Reason::Absent
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault, self.help)
    }
}

/// The bytes of a file, without a byte order mark.
pub(crate) struct Contents {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Whether the file starts with a byte order mark.
    pub(crate) has_mark: bool,
    /// A doubtful right of other users, for which the file is not refused.
    pub(crate) warning: Option<Refusal>,
}

/// Opens a file for reading, if it is a regular file and its rules allow it. A pipe is refused at once, even if no process
/// writes to it.
pub(crate) fn open(path: &Path, rules: Rules) -> Result<File, Refusal> {
    opened(path, rules).map(|(file, ..)| file)
}

/// Reads a file, if it is a regular file and its rules allow it.
pub(crate) fn read(path: &Path, rules: Rules) -> Result<Contents, Refusal> {
    let (file, metadata, warning) = opened(path, rules)?;
    contents(path, &file, &metadata, warning, rules)
}

/// Reads a file as [`read`] does, and returns which file it was. A file that is written meanwhile is read again.
pub(crate) fn read_version(path: &Path, rules: Rules) -> Result<(Contents, Version), Refusal> {
    for _ in 0..MOST_READS {
        let asked = SystemTime::now();
        let (file, metadata, warning) = opened_now(path, rules)?;
        let contents = contents(path, &file, &metadata, warning, rules)?;
        let after = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
        let version = Version::new(&metadata, asked);
        if version.is_of(&after) {
            return Ok((contents, version));
        }
    }
    let help = "replace it as a whole, by renaming another file";
    Err(Refusal::new(Reason::Unreadable, path, "changes while it is read", help))
}

/// Opens a file. The folder that a link leads to can be deleted before the file in it is opened, because the link leads to
/// another one meanwhile: then the file is opened there.
fn opened_now(path: &Path, rules: Rules) -> Result<(File, Metadata, Option<Refusal>), Refusal> {
    for _ in 1..version::MOST_LOOKS {
        match opened(path, rules) {
            Err(refusal) if refusal.is_absence() && path.exists() => {}
            opened => return opened,
        }
    }
    opened(path, rules)
}

fn contents(
    path: &Path,
    file: &File,
    metadata: &Metadata,
    warning: Option<Refusal>,
    rules: Rules,
) -> Result<Contents, Refusal> {
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let bytes = read_whole(file, size, rules.largest() * 1024 * 1024);
    let bytes = bytes.map_err(|error| Refusal::unopened(path, &error))?.ok_or_else(|| {
        let clause = format!("is larger than {} MiB", rules.largest());
        Refusal::new(Reason::TooLarge, path, clause, "check that this is the right file")
    })?;
    let has_mark = bytes.starts_with(BYTE_ORDER_MARK);
    Ok(Contents { bytes: without_mark(bytes), has_mark, warning })
}

/// Reads a file of text in UTF-8.
pub(crate) fn read_text(path: &Path, rules: Rules) -> Result<Zeroizing<String>, Refusal> {
    read_marked_text(path, rules).map(|(text, _)| text)
}

/// Does the same, and returns whether the file starts with a byte order mark.
pub(crate) fn read_marked_text(
    path: &Path,
    rules: Rules,
) -> Result<(Zeroizing<String>, bool), Refusal> {
    let contents = read(path, rules)?;
    Ok((text(path, contents.bytes)?, contents.has_mark))
}

/// Reads a file of text as [`read_version`] does.
pub(crate) fn read_text_version(
    path: &Path,
    rules: Rules,
) -> Result<(Zeroizing<String>, Version), Refusal> {
    let (contents, version) = read_version(path, rules)?;
    Ok((text(path, contents.bytes)?, version))
}

fn text(path: &Path, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, Refusal> {
    into_text(bytes)
        .map_err(|_| Refusal::new(Reason::NotUtf8, path, "is not UTF-8 text", "save it as UTF-8"))
}

/// Returns bytes as a text, without a copy. The error is the text before the first byte that is not UTF-8.
pub(crate) fn into_text(
    mut bytes: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<String>, Zeroizing<String>> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = Zeroizing::new(error.into_bytes());
            bytes.truncate(valid);
            Err(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
        }
    }
}

/// Reads to the end; `None` if that is beyond the largest size. `size` is only a hint, because a file can grow and those
/// of `/proc` state no size. No buffer that held a part is left behind without being wiped.
fn read_whole(
    mut file: impl Read,
    size: usize,
    largest: usize,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // With one byte more, the end is found without another buffer.
    let buffer = |size: usize| Zeroizing::new(vec![0; size.min(largest) + 1]);
    let mut bytes = buffer(size);
    let mut filled = 0;
    loop {
        if filled > largest {
            return Ok(None);
        }
        if filled == bytes.len() {
            let mut larger = buffer((filled * 2).max(4096));
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

fn without_mark(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    bytes
}

fn opened(path: &Path, rules: Rules) -> Result<(File, Metadata, Option<Refusal>), Refusal> {
    let file = open_at_once(path, rules)?;
    let metadata = file.metadata().map_err(|error| Refusal::unopened(path, &error))?;
    if metadata.is_dir() {
        return Err(Refusal::not_a_file(path, "is a folder"));
    }
    if !metadata.is_file() {
        return Err(Refusal::not_a_file(path, "is not a regular file"));
    }
    let warning = check_access(path, &file, &metadata, rules)?;
    Ok((file, metadata, warning))
}

pub(crate) use access::{check as check_access, fault_of_folder};

/// Warns if every user can replace the file of a secret.
pub(crate) fn warn_of_folder(path: &Path) {
    if let Some(Refusal { fault, help, .. }) = fault_of_folder(path) {
        tracing::warn!("{fault}; {help}");
    }
}

#[cfg(unix)]
fn open_at_once(path: &Path, rules: Rules) -> Result<File, Refusal> {
    use rustix::fs::{Mode, OFlags};

    // Without `NONBLOCK`, opening a pipe waits for a process that writes to it. Without `NOCTTY`, a terminal could become
    // that of this program.
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let follows_links = rules != Rules::Session;
    flags.set(OFlags::NOFOLLOW, !follows_links);
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(File::from(file)),
        Err(error) if !follows_links => Err(Refusal::of_link(path, error)),
        Err(error) => Err(Refusal::of_code(path, error)),
    }
}

#[cfg(not(unix))]
fn open_at_once(path: &Path, rules: Rules) -> Result<File, Refusal> {
    if rules == Rules::Session && path.is_symlink() {
        return Err(is_link(path));
    }
    File::open(path).map_err(|error| Refusal::unopened(path, &error))
}

fn is_link(path: &Path) -> Refusal {
    Refusal::new(Reason::NotAFile, path, "is a symbolic link", "put the file itself there")
}

#[cfg(test)]
mod tests;
