//! `Reserved`: what a save into a folder needs, held before anything is sent that can't be sent again.
//!
//! It has the room on the disk and every open file, so that neither a full disk nor a limit on open files can fail the
//! save.

use std::{
    fs::{self, File, Metadata},
    io::{self, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    Content, StoreKey,
    failure::failed,
    file::{RULES, look},
    fingerprint::is_session,
    locks::{LockFile, Locks},
};
use crate::{Error, Result, private_file};

/// Bytes by which the next document may be larger than this one: for a longer access token, or one more, of 32 KiB. An
/// encrypted one is a third longer.
const GROWTH: u64 = 48 * 1024;
/// The same if there is less room: for a longer refresh token.
const LEAST_GROWTH: u64 = 6 * 1024;

/// What one save needs.
#[derive(Debug)]
pub(super) struct Reserved {
    path: PathBuf,
    /// It is locked only during the save.
    lock: LockFile,
    /// Of a name that no reader looks at. It is locked, so that no other process removes it as a leftover.
    temporary: NamedTempFile,
    /// Synced after the new document has its name.
    folder: File,
    seen: Option<Seen>,
}

/// A save that failed, and its reservation: a shorter document may fit.
pub(super) struct Unsaved {
    pub(super) error: Error,
    pub(super) reserved: Reserved,
}

impl Unsaved {
    fn new(error: Error, reserved: Reserved) -> Box<Self> {
        Box::new(Self { error, reserved })
    }
}

/// The file that was there. It is kept open, so that no other file can have its inode number.
#[derive(Debug)]
struct Seen {
    file: File,
    metadata: Metadata,
    found: Found,
}

/// What a file has: a document of this revision, or a text that is none, with the ending of its new name.
#[derive(Clone, Copy, Debug)]
enum Found {
    Revision(u64),
    Other(&'static str),
}

impl Reserved {
    /// Reserves room for a document of this length, and for growth.
    pub(super) fn with_growth(locks: &Locks, key: &StoreKey, length: u64) -> Result<Self> {
        let reserved = Self::new(locks, key)?;
        let enough = reserved.allocate(length + GROWTH);
        enough
            .or_else(|_| reserved.allocate(length + LEAST_GROWTH))
            .map_err(|error| failed("reserve room for the session in", locks.folder(), &error))?;
        Ok(reserved)
    }

    /// Opens what a save needs, without room.
    pub(super) fn new(locks: &Locks, key: &StoreKey) -> Result<Self> {
        let folder = locks.folder();
        let lock = locks.open(key, "lock")?;
        let make = || {
            let temporary = tempfile::Builder::new().prefix(&prefix(key)).tempfile_in(folder)?;
            // A lock that can't be had would only let another process remove the file too early.
            let _ = temporary.as_file().try_lock();
            Ok((temporary, File::open(folder)?))
        };
        let (temporary, opened) = make().map_err(|error| {
            // tempfile hides the system's code, such as that of the limit on open files. That fails here, too.
            let plain = File::open(folder).err().unwrap_or(error);
            failed("write to", folder, &plain)
        })?;
        let path = locks.document(key);
        let seen = Seen::at(&path)?;
        Ok(Self { path, lock, temporary, folder: opened, seen })
    }

    /// Replaces the document if its revision is `expected`, and returns whether it did.
    pub(super) fn save(mut self, text: &[u8], expected: u64) -> Result<bool, Box<Unsaved>> {
        match self.revision() {
            Ok(revision) if revision == expected => {}
            Ok(_) => return Ok(false),
            Err(error) => return Err(Unsaved::new(error, self)),
        }
        if let Err(error) = self.fill(text) {
            return Err(Unsaved::new(failed("write", &self.path, &error), self));
        }
        let Self { path, lock, temporary, folder, seen } = self;
        match temporary.persist(&path) {
            Ok(_) => {
                // All processes see the new document now. Only a loss of power could still bring the old one back.
                if let Err(error) = private_file::sync(&folder) {
                    tracing::warn!(kind = %error.kind(), "the folder of the sessions can't be synced");
                }
                Ok(true)
            }
            Err(error) => {
                let failure = failed("write", &path, &error.error);
                let temporary = error.file;
                Err(Unsaved::new(failure, Self { path, lock, temporary, folder, seen }))
            }
        }
    }

    /// Waits for the lock of the document.
    pub(super) async fn locked(mut self) -> Result<Self> {
        self.lock = self.lock.acquired().await?;
        Ok(self)
    }

    /// Releases the lock of the document.
    pub(super) fn unlocked(self) -> Self {
        self.lock.unlock();
        self
    }

    /// Returns the revision of the document that is there now, and sets aside what is none. The caller holds the lock.
    ///
    /// An unchanged file is not opened again, and neither is one that is still missing: that could fail.
    fn revision(&self) -> Result<u64> {
        let found = match &self.seen {
            Some(seen) if seen.is_at(&self.path) => Some(seen.found),
            None if is_missing(&self.path) => None,
            _ => look(&self.path)?.as_ref().map(Found::of),
        };
        match found {
            Some(Found::Revision(revision)) => Ok(revision),
            Some(Found::Other(ending)) => {
                let aside = self.path.with_extension(ending);
                // One that can't be moved is replaced.
                let moved = fs::rename(&self.path, &aside).is_ok();
                Content::report_set_aside(&aside.display().to_string(), moved);
                Ok(0)
            }
            None => Ok(0),
        }
    }

    /// Writes the whole text and nothing else into the temporary file. Its end is cut last, because room that is given up
    /// may be taken by others.
    fn fill(&mut self, text: &[u8]) -> io::Result<()> {
        let file = self.temporary.as_file_mut();
        file.rewind()?;
        file.write_all(text)?;
        file.set_len(text.len() as u64)?;
        file.sync_all()
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        private_file::allocate(self.temporary.as_file(), length)
    }
}

impl Seen {
    fn at(path: &Path) -> Result<Option<Self>> {
        // What can't be opened is read by its path at the save.
        let Ok(file) = private_file::open(path, RULES) else { return Ok(None) };
        let metadata = file.metadata().map_err(|error| failed("read", path, &error))?;
        let Some(content) = look(path)? else { return Ok(None) };
        let seen = Self { file, metadata, found: Found::of(&content) };
        Ok(seen.is_at(path).then_some(seen))
    }

    /// Returns whether the document has this path, and was not changed in place.
    fn is_at(&self, path: &Path) -> bool {
        let unchanged = |now: Metadata| {
            now.len() == self.metadata.len() && now.modified().ok() == self.metadata.modified().ok()
        };
        private_file::is_at(&self.file, path) && self.file.metadata().is_ok_and(unchanged)
    }
}

impl Found {
    fn of(content: &Content) -> Self {
        match content {
            Content::Document(document) => Self::Revision(document.revision),
            Content::Other(ending) => Self::Other(ending),
        }
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Removes the temporary files of processes that were killed. The caller holds the lease.
pub(super) fn remove_leftovers(folder: &Path, key: &StoreKey) {
    let prefix = prefix(key);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_leftover = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(&prefix) && is_session(&StoreKey::new(name)));
        // One that is locked belongs to a process that runs. One that can't be removed does no harm.
        if is_leftover
            && private_file::open(&entry.path(), RULES).is_ok_and(|file| file.try_lock().is_ok())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Returns how the names of a key's temporary files start.
pub(super) fn prefix(key: &StoreKey) -> String {
    format!(".{key}-")
}
