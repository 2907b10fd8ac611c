//! `Locks`: the empty files by which processes take turns at a session.
//!
//! There are two files per session: `.lease` is locked during an exchange, `.lock` only while a document is saved.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Lease, StoreKey};
use crate::{
    Error, Result,
    private_file::{self, Refusal},
    time::BackOff,
};

/// Waits between two tries for a lock: short at first because most locks are held only for a moment, and then longer
/// so that a long wait costs little.
const BETWEEN_TRIES: BackOff = BackOff::new(Duration::from_millis(5), Duration::from_millis(100));

/// Lock files in a folder that belongs to the user alone.
#[derive(Clone, Debug)]
pub struct Locks {
    folder: PathBuf,
}

impl Locks {
    /// Creates locks in a folder. The folder itself is created with the first lock.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Acquires the right to exchange for a key, or to log in. It waits for the holder until the caller drops the
    /// future, and needs a tokio runtime with timers.
    pub async fn lease(&self, key: &StoreKey) -> Result<Lease> {
        self.acquire(key, "lease").await
    }

    /// Acquires the right to replace a key's document. It waits for the holder until the caller drops the future, and
    /// needs a tokio runtime with timers.
    pub async fn save_lock(&self, key: &StoreKey) -> Result<Lease> {
        self.acquire(key, "lock").await
    }

    /// Acquires the same right and blocks the thread meanwhile, which is short: no holder waits for anything but the
    /// disk.
    pub(super) fn save_lock_blocking(&self, key: &StoreKey) -> Result<Lease> {
        let lock = self.open(key, "lock")?;
        lock.lock().map_err(|error| failed("lock", &self.path(key, "lock"), &error))?;
        Ok(Lease::new(lock))
    }

    /// Tries again and again instead of blocking, so that the only background thread stays free.
    async fn acquire(&self, key: &StoreKey, ending: &str) -> Result<Lease> {
        let file = self.open(key, ending)?;
        let mut tries: u32 = 0;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lease::new(file)),
                Err(TryLockError::WouldBlock) => {
                    tries = tries.saturating_add(1);
                    // Real time, whatever the context's clock is: this waits for another process, which has no part
                    // in a clock that a test moves.
                    tokio::time::sleep(BETWEEN_TRIES.after(tries)).await;
                }
                Err(TryLockError::Error(error)) => {
                    return Err(failed("lock", &self.path(key, ending), &error));
                }
            }
        }
    }

    fn open(&self, key: &StoreKey, ending: &str) -> Result<File> {
        private_file::make_folder(&self.folder).map_err(refused)?;
        let path = self.path(key, ending);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(&path).map_err(|error| failed("open", &path, &error))
    }

    pub(super) fn path(&self, key: &StoreKey, ending: &str) -> PathBuf {
        self.folder.join(format!("{key}.{ending}"))
    }
}

/// Returns the error of an operation on a file, such as `lock`.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::store(format!("can't {what} {} ({})", path.display(), error.kind()))
        .with_help("check the folder and the disk")
}

/// Returns the error of a file or a folder that is not the user's alone.
pub(super) fn refused(refusal: Refusal) -> Error {
    Error::store(refusal.fault).with_help(refusal.help)
}
