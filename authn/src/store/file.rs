//! `FileStore`: one file a session, for the user alone, written whole or not at all.
//!
//! A file is written to a temporary beside it, synced, renamed over it, and the folder synced. Locks are
//! files of their own.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Content, Document, Lease, StoreKey, TokenStore, examine,
    locks::{Locks, failed, store},
};
use crate::{
    Options, Result,
    diagnostic::Problem,
    private_file::{self, Rules},
};

/// A session is the user's own, and nobody else puts it there.
pub(super) const RULES: Rules = Rules { follows_links: false, trusts_platform: false };
/// Largest document that is read.
const LARGEST: u64 = 1024 * 1024;

/// The options of `[stores.file]`.
#[derive(Options)]
pub(crate) struct FileOptions {
    /// Folder of the `file` store; `authn/tokens` in the user's folder for state unless set.
    pub(crate) directory: Option<PathBuf>,
}

/// Keeps each session in a file below a folder that belongs to the user alone.
#[derive(Clone, Debug)]
pub struct FileStore {
    locks: Locks,
}

impl FileStore {
    /// Makes a store in a folder, which is created when something is kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { locks: Locks::new(folder) }
    }

    fn path(&self, key: &StoreKey, ending: &str) -> PathBuf {
        self.locks.folder().join(format!("{key}.{ending}"))
    }

    /// Reads a document. What is none is moved away, so that it neither stands in the way nor is lost.
    fn read(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.examine(key)? {
            Found::Nothing => return Ok(None),
            Found::Document(document) => return Ok(Some(document)),
            Found::Other(_) => {}
        }
        // Under the lock, and looked at again: somebody may have replaced it meanwhile.
        let _lock = self.locks.turn_now(key)?;
        self.read_locked(key)
    }

    /// Reads a document while the lock is held.
    fn read_locked(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.examine(key)? {
            Found::Nothing => Ok(None),
            Found::Document(document) => Ok(Some(document)),
            Found::Other(ending) => {
                set_aside(&self.path(key, "json"), ending);
                Ok(None)
            }
        }
    }

    fn examine(&self, key: &StoreKey) -> Result<Found> {
        let path = self.path(key, "json");
        let file = match private_file::open(&path, RULES) {
            Ok(file) => file,
            Err(refusal) if refusal.is_absence() => return Ok(Found::Nothing),
            Err(refusal) => return Err(store(refusal.to_string())),
        };
        let mut text = Zeroizing::new(String::new());
        match file.take(LARGEST + 1).read_to_string(&mut text) {
            Ok(length) if length as u64 <= LARGEST => {}
            Ok(_) => return Ok(Found::Other(Content::CORRUPT)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Found::Other(Content::CORRUPT));
            }
            Err(error) => return Err(failed("read", &path, &error)),
        }
        Ok(match Content::of(&text) {
            Content::Document(document) => Found::Document(document),
            Content::Other(ending) => Found::Other(ending),
        })
    }

    fn write(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.locks.make_folder()?;
        let _lock = self.locks.turn_now(key)?;
        let current = self.read_locked(key)?.map_or(0, |document| document.revision);
        if current != expected {
            return Ok(false);
        }
        let path = self.path(key, "json");
        let prefix = format!(".{key}-");
        self.remove_leftovers(&prefix);
        private_file::replace(&path, &prefix, document.text.expose().as_bytes())
            .map_err(|error| failed("write", &path, &error))?;
        Ok(true)
    }

    /// Removes what killed processes left. Nobody else writes for this key while the lock is held.
    fn remove_leftovers(&self, prefix: &str) {
        for entry in fs::read_dir(self.locks.folder()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                // One that stays is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl TokenStore for FileStore {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.locks.lease(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.read(key)
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.write(key, document, expected)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        let entries = match fs::read_dir(self.locks.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", self.locks.folder(), &error)),
        };
        let mut keys: Vec<StoreKey> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                let key = name.strip_suffix(".json").filter(|key| !key.starts_with('.'))?;
                Some(StoreKey::new(key))
            })
            .collect();
        keys.sort();
        Ok(keys)
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        // What is wrong is told by the exchange, which reads again.
        self.read(key).ok().flatten()
    }

    fn place(&self) -> Option<String> {
        Some(self.locks.folder().display().to_string())
    }

    fn examine(&self) -> Vec<Problem> {
        examine::folder(self.locks.folder())
    }
}

/// What stands under a key's path.
enum Found {
    Nothing,
    Document(Document),
    /// Something else, and the ending that it gets when it is moved away.
    Other(&'static str),
}

pub(super) const CORRUPT: &str = "corrupt";
pub(super) const NEWER: &str = "newer";

/// Moves a file away.
fn set_aside(path: &Path, ending: &str) {
    let aside = path.with_extension(ending);
    let moved = fs::rename(path, &aside).is_ok();
    Content::warn_of_set_aside(&aside.display().to_string(), moved);
}
