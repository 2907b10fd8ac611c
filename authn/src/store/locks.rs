//! `Locks`: the empty files by which processes take turns at a session.
//!
//! There are two files per session: `.lease` is locked during an exchange, `.lock` only while a document is saved.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use super::{
    Lease, StoreKey,
    failure::{failed, refused},
    fingerprint::is_session,
};
use crate::{
    Result, private_file,
    runtime::{aside, sleep},
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

/// A lock file that is open, and locked or not.
///
/// It is unlocked when it is dropped, and not only closed: a forked child may have inherited it.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    path: PathBuf,
    /// The process that has opened it. A forked child shares the lock, and must not release it.
    process: u32,
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
    /// future.
    pub async fn lease(&self, key: &StoreKey) -> Result<Lease> {
        self.acquire(key, "lease").await.map(Lease::new)
    }

    /// Acquires the right to replace a key's document. It waits for the holder until the caller drops the future.
    pub async fn save_lock(&self, key: &StoreKey) -> Result<Lease> {
        self.acquire(key, "lock").await.map(Lease::new)
    }

    pub(super) async fn acquire(&self, key: &StoreKey, ending: &'static str) -> Result<LockFile> {
        let (this, key) = (self.clone(), key.clone());
        aside(move || this.open(&key, ending)).await?.acquired().await
    }

    /// Opens a lock file without locking it.
    pub(super) fn open(&self, key: &StoreKey, ending: &str) -> Result<LockFile> {
        private_file::make_folder(&self.folder).map_err(refused)?;
        LockFile::open(self.path(key, ending))
    }

    /// Returns the path of a key's document. One that is no session has no ending.
    pub(super) fn document(&self, key: &StoreKey) -> PathBuf {
        if is_session(key) { self.path(key, "json") } else { self.folder.join(key.as_str()) }
    }

    pub(super) fn path(&self, key: &StoreKey, ending: &str) -> PathBuf {
        self.folder.join(format!("{key}.{ending}"))
    }
}

impl LockFile {
    fn open(path: PathBuf) -> Result<Self> {
        let file = private_file::open_or_create(&path).map_err(refused)?;
        Ok(Self { file, path, process: process::id() })
    }

    /// Waits until it is locked. It tries again and again, because a thread that blocks could not be stopped.
    pub(super) async fn acquired(mut self) -> Result<Self> {
        let mut tries: u32 = 0;
        loop {
            let (is_locked, this) = aside(move || Ok((self.try_lock()?, self))).await?;
            if is_locked {
                return Ok(this);
            }
            self = this;
            tries = tries.saturating_add(1);
            // Real time, whatever the context's clock is: this waits for another process, which has no part in a clock
            // that a test moves.
            sleep(BETWEEN_TRIES.after(tries)).await?;
        }
    }

    /// Locks the file if it is free. If the file was removed and another one has its name, that one is locked: a lock of
    /// the old one would exclude no other process.
    fn try_lock(&mut self) -> Result<bool> {
        loop {
            match self.file.try_lock() {
                Ok(()) if private_file::is_at(&self.file, &self.path) => return Ok(true),
                Ok(()) => *self = Self::open(self.path.clone())?,
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) => return Err(failed("lock", &self.path, &error)),
            }
        }
    }

    pub(super) fn unlock(&self) {
        if self.process == process::id() {
            // If it fails, closing the file releases the lock.
            let _ = self.file.unlock();
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        self.unlock();
    }
}
