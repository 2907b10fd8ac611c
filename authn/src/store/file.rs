//! `FileStore`: one file a session, for the user alone, written whole or not at all.
//!
//! A file is written to a temporary beside it, synced, renamed over it, and the folder synced. Locks are
//! files of their own.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Content, Document, Lease, StoreKey, TokenStore, Versioned,
    locks::{Locks, failed, store},
};
use crate::{
    Options, Result,
    diagnostic::{Problem, ProblemCode, quoted},
    private_file::{self, Refusal, Rules},
};

/// A session is the user's own, and no other user puts it there.
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

    /// Looks at what stands under a key's path.
    fn look(&self, key: &StoreKey) -> Result<Option<Content>> {
        let path = self.locks.path(key, "json");
        let file = match private_file::open(&path, RULES) {
            Ok(file) => file,
            Err(refusal) if refusal.is_absence() => return Ok(None),
            Err(refusal) => return Err(store(refusal.to_string())),
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

    /// Removes what killed processes left. No other process writes for this key during a turn.
    fn remove_leftovers(&self, prefix: &str) {
        for entry in fs::read_dir(self.locks.folder()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                // One that stays is in no one's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Versioned for FileStore {
    async fn turn(&self, key: &StoreKey) -> Result<Lease> {
        self.locks.turn_now(key)
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
        // One that stays is replaced by the next document.
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
            // What is wrong is told by the exchange, which reads again.
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

/// Looks at a folder and leaves it as it is, also if it is not there.
fn examine(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    match private_file::check_folder(folder) {
        Ok(true) => {}
        Ok(false) => {
            // The nearest thing that is there is where it would be made.
            let place = folder.ancestors().find(|place| place.exists());
            problems.extend(place.and_then(unwritable));
            return problems;
        }
        Err(refusal) => problems.push(refused(refusal)),
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

/// What is wrong with one file of the store: a session, a lock, or what was set aside.
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
            let help = format!("`rm {}`, once nobody misses it", shown(path));
            Some(Problem::warning(ProblemCode::StoreLeftover, message).with_help(help))
        }
        "json" | "lease" | "lock" => match private_file::open(path, RULES) {
            Ok(_) => None,
            Err(refusal) if refusal.is_absence() => None,
            Err(refusal) => Some(refused(refusal)),
        },
        _ => None,
    }
}

/// Writes a file that never has a name, so that no other process sees it.
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

fn refused(refusal: Refusal) -> Problem {
    Problem::error(ProblemCode::Store, refusal.fault).with_help(refusal.help)
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string()).into_owned()
}
