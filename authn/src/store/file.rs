//! `FileStore`: one file per session, readable by its user alone, and written whole or not at all.
//!
//! A document is written to a temporary file in the same folder and synced. The file is then renamed over the old one,
//! and the folder is synced. Locks are files of their own.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Content, Document, Lease, StoreKey, TokenStore, Versioned,
    locks::{Locks, failed, refused},
};
use crate::{
    Options, Result,
    diagnostic::{Problem, ProblemCode, quoted},
    private_file::{self, Refusal, Rules},
};

/// A session belongs to the user. Neither another user nor the platform puts one there, and none is a link.
pub(super) const RULES: Rules = Rules::Session;
/// Largest document that is read.
const LARGEST: u64 = 1024 * 1024;

/// The options of `[stores.file]`.
#[derive(Options)]
pub(crate) struct FileOptions {
    /// Folder of the `file` store; `authn/tokens` in the user's state directory unless set.
    pub(crate) directory: Option<PathBuf>,
}

/// Keeps each session in a file in a folder that belongs to the user alone.
///
/// ```no_run
/// use authn::{Loader, store::FileStore};
///
/// let loader = Loader::new().store("mine", FileStore::new("/home/ann/sessions"));
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    locks: Locks,
}

impl FileStore {
    /// Creates a store in a folder. The folder itself is created with the first session.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { locks: Locks::new(folder) }
    }

    /// Reads the text of a key.
    fn look(&self, key: &StoreKey) -> Result<Option<Content>> {
        let path = self.locks.path(key, "json");
        let file = match private_file::open(&path, RULES) {
            Ok(file) => file,
            Err(refusal) if refusal.is_absence() => return Ok(None),
            Err(refusal) => return Err(refused(refusal)),
        };
        let mut text = Zeroizing::new(String::new());
        match file.take(LARGEST + 1).read_to_string(&mut text) {
            Ok(length) if length as u64 <= LARGEST => Ok(Some(Content::of(&text))),
            Err(error) if error.kind() != io::ErrorKind::InvalidData => {
                Err(failed("read", &path, &error))
            }
            _ => Ok(Some(Content::Other(Content::CORRUPT))),
        }
    }

    /// Removes the temporary files of killed processes. The caller holds the lock, so no other process writes for this
    /// key.
    fn remove_leftovers(&self, prefix: &str) {
        for entry in fs::read_dir(self.locks.folder()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                // One that can't be removed does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Versioned for FileStore {
    async fn save_lock(&self, key: &StoreKey) -> Result<Lease> {
        self.locks.save_lock_blocking(key)
    }

    async fn read(&self, key: &StoreKey) -> Result<Option<Content>> {
        self.look(key)
    }

    async fn write(&self, key: &StoreKey, document: &Document) -> Result<()> {
        let path = self.locks.path(key, "json");
        let prefix = format!(".{key}-");
        self.remove_leftovers(&prefix);
        private_file::replace(&path, &prefix, document.text.expose().as_bytes())
            .map_err(|error| failed("write", &path, &error))
    }

    async fn set_aside(&self, key: &StoreKey, ending: &str) -> Result<()> {
        let aside = self.locks.path(key, ending);
        // One that can't be moved is replaced by the next document.
        let moved = fs::rename(self.locks.path(key, "json"), &aside).is_ok();
        Content::warn_of_set_aside(&aside.display().to_string(), moved);
        Ok(())
    }
}

impl TokenStore for FileStore {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.locks.lease(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.document(key).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.replace(key, document, expected).await
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
        match self.look(key) {
            Ok(Some(Content::Document(document))) => Some(document),
            // The exchange reads again and reports the error.
            _ => None,
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.locks.folder().display().to_string())
    }

    fn examine(&self) -> Vec<Problem> {
        examine(self.locks.folder())
    }
}

/// Returns the problems of a folder and its files, and changes nothing. A folder that is missing is not created.
fn examine(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    match private_file::check_folder(folder) {
        Ok(true) => {}
        Ok(false) => {
            // It would be created in the nearest folder that exists.
            let place = folder.ancestors().find(|place| place.exists());
            problems.extend(place.and_then(unwritable));
            return problems;
        }
        Err(refusal) => problems.push(problem(refusal)),
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("{} can't be read ({})", folder.display(), error.kind());
            let help = format!("`chmod 700 {}`, or check the disk", shown(folder));
            problems.push(Problem::error(ProblemCode::Store, message).with_help(help));
            return problems;
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    problems.extend(paths.iter().filter_map(|path| examine_file(path)));
    problems.extend(unwritable(folder));
    problems
}

/// Returns the problem of one file of the store: a session, a lock, or a text that was set aside.
fn examine_file(path: &Path) -> Option<Problem> {
    let ending = path.extension()?.to_str()?;
    match ending {
        Content::CORRUPT | Content::NEWER => {
            let why = if ending == Content::CORRUPT {
                "it was damaged"
            } else {
                "a later version wrote it"
            };
            let message =
                format!("{} is a session that was set aside, because {why}", path.display());
            let help = format!("`rm {}`, once you don't need it", shown(path));
            Some(Problem::warning(ProblemCode::StoreLeftover, message).with_help(help))
        }
        "json" | "lease" | "lock" => match private_file::open(path, RULES) {
            Ok(_) => None,
            Err(refusal) if refusal.is_absence() => None,
            Err(refusal) => Some(problem(refusal)),
        },
        _ => None,
    }
}

/// Returns the problem of a folder that can't be written to. The test file never has a name, so no other process
/// sees it.
fn unwritable(folder: &Path) -> Option<Problem> {
    let written = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.write_all(b"authn")?;
        file.sync_all()
    });
    let error = written.err()?;
    let message = format!("{} can't be written to ({})", folder.display(), error.kind());
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => format!("`chmod u+rwx {}`", shown(folder)),
        _ => "free space on the disk, or set `stores.file.directory` to a folder elsewhere".into(),
    };
    Some(Problem::error(ProblemCode::Store, message).with_help(help))
}

fn problem(refusal: Refusal) -> Problem {
    Problem::error(ProblemCode::Store, refusal.fault).with_help(refusal.help)
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string()).into_owned()
}
