//! `Audited`: a store that keeps sessions in files, as the store `file` does, and records each save in a log.
//!
//! The company must be able to tell later when a machine has had a session. A line has the time, the session's key and
//! its revision, and nothing of the session itself:
//!
//! ```text
//! 1767225600 corp_sts-default-5d41402abc4b2a76 3
//! ```

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use authn::{
    Error, Result,
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};

/// Keeps sessions in files, and records each save. Clones share both.
#[derive(Clone, Debug)]
pub(crate) struct Audited {
    sessions: FileStore,
    log: PathBuf,
}

impl Audited {
    /// Creates the store in the user's state directory; `None` if the user has none.
    pub(crate) fn of_user() -> Option<Self> {
        let named =
            env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = named.or_else(|| Some(env::home_dir()?.join(".local/state")))?.join("corp");
        Some(Self {
            sessions: FileStore::new(folder.join("sessions")),
            log: folder.join("audit.log"),
        })
    }

    /// Opens the log, which is created for the user alone.
    fn open_log(&self) -> Result<File> {
        open(&self.log).map_err(|error| unwritten(&self.log, &error))
    }

    fn record(&self, key: &StoreKey, document: &Document) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let line = format!("{now} {key} {}\n", document.revision);
        // One write, so that the lines of several processes do not mix.
        let written = self.open_log()?.write_all(line.as_bytes());
        written.map_err(|error| unwritten(&self.log, &error))
    }
}

impl TokenStore for Audited {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.sessions.lock(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.sessions.load(key).await
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        // A save must not fail after the server has issued a token, so the log is tried before.
        self.open_log()?;
        self.sessions.reserve(key, document, expected).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        // Nothing is saved without a record of it. A record of a save that then fails does no harm.
        self.record(key, document)?;
        self.sessions.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.sessions.list().await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        self.sessions.remove_leftovers(key).await
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        self.sessions.load_now(key)
    }

    fn place(&self) -> Option<String> {
        self.sessions.place()
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        self.sessions.place_of(key)
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    let folder = path.parent().unwrap_or(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    OpenOptions::new().append(true).create(true).open(path)
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::store(format!("{} can't be written ({})", path.display(), error.kind()))
        .with_help("check its permissions, and whether the disk is full")
}
