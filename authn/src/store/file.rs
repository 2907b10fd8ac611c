//! `FileStore`: one file per session, readable by its user alone, and written whole or not at all.
//!
//! A document is written to a temporary file in the same folder and synced. The file is then renamed over the old one,
//! and the folder is synced. Locks are files of their own. The folder is checked at each read and write, and no call
//! blocks the thread of its caller, except `load_now`.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Content, Document, Lease, StoreKey, TokenStore,
    failure::{failed, refused},
    fingerprint::is_session,
    locks::{LockFile, Locks},
    reserved::{Reserved, prefix, remove_leftovers},
};
use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode, quoted, reason},
    input_file::{self, Reason, Refusal, Rules},
    private_file,
    runtime::{aside, to_its_end},
};

/// A session belongs to the user. Neither another user nor the platform puts one there, and none is a link.
pub(super) const RULES: Rules = Rules::Session;
/// Largest document that is written, and that the rules let be read: a session of 1 MiB that is encrypted.
const LARGEST: u64 = 1536 * 1024;

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
    held: Arc<Mutex<BTreeMap<StoreKey, UnderLease>>>,
}

/// A lease that is held. What was reserved under it is released with it.
struct Held {
    store: FileStore,
    key: StoreKey,
}

/// What belongs to a lease that is held.
#[derive(Debug)]
struct UnderLease {
    /// A save that its caller no longer waits for has it, too: before the save ends, no other process may read the old
    /// document.
    lock: Arc<LockFile>,
    reserved: Option<Reserved>,
}

impl FileStore {
    /// Creates a store in a folder. The folder itself is created with the first session.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { locks: Locks::new(folder), held: Arc::default() }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<StoreKey, UnderLease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list_now(&self) -> Result<Vec<StoreKey>> {
        let folder = self.locks.folder();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", folder, &error)),
        };
        let mut keys: Vec<StoreKey> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                let key = name.strip_suffix(".json").filter(|key| !key.starts_with('.'))?;
                Some(StoreKey::new(key))
            })
            .collect();
        keys.sort_unstable();
        Ok(keys)
    }
}

impl TokenStore for FileStore {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lock = Arc::new(self.locks.acquire(key, "lease").await?);
        self.held().insert(key.clone(), UnderLease { lock, reserved: None });
        Ok(Lease::new(Held { store: self.clone(), key: key.clone() }))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let path = self.locks.document(key);
        let content = aside({
            let path = path.clone();
            move || look(&path)
        });
        Ok(content.await?.and_then(|content| content.document(&path.display().to_string())))
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let (this, key) = (self.clone(), key.clone());
        let length = document.text.expose().len() as u64;
        aside(move || {
            remove_leftovers(this.locks.folder(), &key);
            let reserved = Reserved::with_growth(&this.locks, &key, length)?;
            if let Some(held) = this.held().get_mut(&key) {
                held.reserved = Some(reserved);
            }
            Ok(Some(expected))
        })
        .await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let text = document.text.clone();
        let length = text.expose().len() as u64;
        if length > LARGEST {
            return Err(Error::store(format!(
                "the session has {} KiB, and the `file` store takes at most {}",
                length.div_ceil(1024),
                LARGEST / 1024
            ))
            .with_help("keep less in it"));
        }
        let (this, key) = (self.clone(), key.clone());
        // Others wait for the lock that a save holds.
        to_its_end(async move {
            let held = this
                .held()
                .get_mut(&key)
                .map(|held| (Arc::clone(&held.lock), held.reserved.take()));
            let (_lease, reserved) = held.unzip();
            let is_held = reserved.is_some();
            let reserved = if let Some(Some(reserved)) = reserved {
                reserved
            } else {
                let (locks, key) = (this.locks.clone(), key.clone());
                aside(move || {
                    if is_held {
                        remove_leftovers(locks.folder(), &key);
                    }
                    Reserved::new(&locks, &key)
                })
                .await?
            };
            let reserved = reserved.locked().await?;
            aside(move || {
                reserved.save(text.expose().as_bytes(), expected).map_err(|failure| {
                    if let Some(held) = this.held().get_mut(&key) {
                        held.reserved = Some(failure.reserved.unlocked());
                    }
                    failure.error
                })
            })
            .await
        })
        .await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        let this = self.clone();
        aside(move || this.list_now()).await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        let (this, key) = (self.clone(), key.clone());
        aside(move || {
            remove_leftovers(this.locks.folder(), &key);
            for ending in Content::ENDINGS {
                let path = this.locks.path(&key, ending);
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("remove", &path, &error));
                    }
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        match look(&self.locks.document(key)) {
            Ok(Some(Content::Document(document))) => Some(document),
            // The exchange reads again and reports the error.
            _ => None,
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.locks.folder().display().to_string())
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        Some(self.locks.document(key).display().to_string())
    }

    fn examine(&self) -> Vec<Problem> {
        examine(self.locks.folder())
    }

    async fn set_aside(&self, key: &StoreKey, document: &Document) -> Result<()> {
        let path = self.locks.document(key).with_extension(Content::CORRUPT);
        let (prefix, text) = (prefix(key), document.text.clone());
        aside(move || {
            private_file::replace(&path, &prefix, text.expose().as_bytes())
                .map_err(|error| failed("write", &path, &error))
        })
        .await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let held = self.store.held().remove(&self.key);
        drop(held);
    }
}

/// Reads the text of a file in a folder that no other user can write to; `None` if there is none.
pub(super) fn look(path: &Path) -> Result<Option<Content>> {
    let folder = path.parent().unwrap_or(path);
    if !private_file::check_folder(folder).map_err(refused)? {
        return Ok(None);
    }
    match input_file::read(path, RULES) {
        Ok(contents) => Ok(Some(match input_file::into_text(contents.bytes) {
            Ok(text) => Content::of(&text),
            Err(_) => Content::Other(Content::CORRUPT),
        })),
        Err(refusal) if refusal.is_absence() => Ok(None),
        Err(refusal) if refusal.reason == Reason::TooLarge => {
            Ok(Some(Content::Other(Content::CORRUPT)))
        }
        Err(refusal) => Err(refused(refusal)),
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
    // Another folder in its place would not belong to the user, so it would be refused.
    problems.extend(input_file::fault_of_folder(folder).map(|refusal| {
        Problem::warning(ProblemCode::Store, refusal.fault).with_help(refusal.help)
    }));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("{} can't be read ({})", folder.display(), reason(&error));
            let help = format!("`chmod 700 {}`, or check the disk", shown(folder));
            problems.push(Problem::error(ProblemCode::Store, message).with_help(help));
            return problems;
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    problems.extend(paths.iter().filter_map(|path| examine_file(path)));
    problems.extend(unwritable(folder));
    problems
}

/// Returns the problem of one file of the store: a document, a lock, or a text that was set aside.
fn examine_file(path: &Path) -> Option<Problem> {
    let name = StoreKey::new(path.file_name()?.to_str()?);
    match path.extension().and_then(OsStr::to_str) {
        Some(ending @ (Content::CORRUPT | Content::NEWER)) => {
            let message = format!(
                "{} is a session that was set aside, because {}",
                path.display(),
                Content::why(ending)
            );
            let help = format!("`rm {}`, once you don't need it", shown(path));
            Some(Problem::warning(ProblemCode::StoreLeftover, message).with_help(help))
        }
        Some("json") => examine_mode(path).or_else(|| examine_document(path)),
        Some("lease" | "lock") => examine_mode(path),
        // A document that is no session has no ending.
        _ if !is_session(&name) => examine_mode(path).or_else(|| examine_document(path)),
        _ => None,
    }
}

/// Returns the problem of a text that is no document, before a save sets it aside.
fn examine_document(path: &Path) -> Option<Problem> {
    let Ok(Some(Content::Other(ending))) = look(path) else { return None };
    let message = format!("{} is not used, because {}", path.display(), Content::why(ending));
    Some(Problem::warning(ProblemCode::StoreLeftover, message).with_help(Content::help(ending)))
}

fn examine_mode(path: &Path) -> Option<Problem> {
    match private_file::open(path, RULES) {
        Ok(_) => None,
        Err(refusal) if refusal.is_absence() => None,
        Err(refusal) => Some(problem(refusal)),
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
    let message = format!("{} can't be written to ({})", folder.display(), reason(&error));
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
