//! `Locks`: the files by which processes take turns at a session. They hold nothing.
//!
//! Locks are files of their own: `.lease` is held during an exchange, `.lock` for the moment of a save.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Lease, StoreKey};
use crate::{Error, ErrorKind, Result, private_file};

/// Wait between two tries for a lock.
const PATIENCE: Duration = Duration::from_millis(5);

/// Lock files in a folder that belongs to the user alone.
#[derive(Clone, Debug)]
pub struct Locks {
    folder: PathBuf,
}

impl Locks {
    /// Names the folder, which is created when the first lock is taken.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes the right to exchange for a key, or to log in, waiting for its holder as long as the caller lets
    /// it. The waiting needs a tokio runtime with timers.
    pub async fn lease(&self, key: &StoreKey) -> Result<Lease> {
        self.take(key, "lease").await
    }

    /// Takes the right to replace a key's document, waiting for its holder as long as the caller lets it. The waiting needs a tokio runtime with timers.
    pub async fn turn(&self, key: &StoreKey) -> Result<Lease> {
        self.take(key, "lock").await
    }

    /// The same without a runtime: for the moment that others take.
    pub(super) fn turn_now(&self, key: &StoreKey) -> Result<Lease> {
        let lock = self.open(key, "lock")?;
        lock.lock().map_err(|error| failed("lock", &self.path(key, "lock"), &error))?;
        Ok(Lease::new(lock))
    }

    /// Asks again and again instead of blocking, so that the one background thread stays free.
    async fn take(&self, key: &StoreKey, ending: &str) -> Result<Lease> {
        let file = self.open(key, ending)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lease::new(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PATIENCE).await,
                Err(TryLockError::Error(error)) => {
                    return Err(failed("lock", &self.path(key, ending), &error));
                }
            }
        }
    }

    fn open(&self, key: &StoreKey, ending: &str) -> Result<File> {
        private_file::make_folder(&self.folder).map_err(|refusal| store(refusal.to_string()))?;
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

pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    store(format!(
        "can't {what} {} ({}); check the folder and the disk",
        path.display(),
        error.kind()
    ))
}

pub(super) fn store(message: String) -> Error {
    Error::new(ErrorKind::Store, message)
}
