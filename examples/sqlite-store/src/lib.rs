//! A token store in an `SQLite` database. The programs of a machine share sessions through it, and a lease passes to the next
//! program if its holder is stopped.
//!
//! The documents are kept as they come. A program that wants them encrypted wraps the store in
//! [`Encrypted`](authn::store::Encrypted).

mod lease;

use std::{
    fs::OpenOptions,
    io::ErrorKind,
    mem,
    path::{Path, PathBuf},
    time::Duration,
};

use authn::{
    Error, Result, Validation,
    store::{Document, Lease, StoreKey, TokenStore},
};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params, types::Value,
};

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// How long a lease lasts that is not renewed.
const LEASE: Duration = Duration::from_secs(30);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS leases (key TEXT PRIMARY KEY, owner BLOB NOT NULL, ends INTEGER NOT NULL) STRICT;
";

/// Keeps sessions in an `SQLite` database.
#[authn::token_store("sqlite", validate = Self::check)]
#[derive(Clone)]
pub struct Sqlite {
    /// File of the database. It is created with the first session, in a folder that exists.
    path: PathBuf,
    /// How long a lease lasts if its holder does not renew it.
    #[default(LEASE)]
    lease: Duration,
    /// How often the holder of a lease renews it. Unset, it is a third of `lease`.
    renewal: Option<Duration>,
}

impl TokenStore for Sqlite {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        lease::acquire(self, key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let key = key.clone();
        self.run(move |database| {
            let mut found =
                database.prepare("SELECT revision, text FROM documents WHERE key = ?1")?;
            let document = |row: &rusqlite::Row<'_>| {
                let (revision, text): (i64, String) = (row.get(0)?, row.get(1)?);
                Ok(Document { revision: revision.unsigned_abs(), text: text.into() })
            };
            found.query_row([key.as_str()], document).optional()
        })
        .await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let (key, document) = (key.clone(), document.clone());
        self.run(move |database| {
            // From here on, no other process writes, so the check and the replacement are one step.
            let change = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let stored = change
                .query_row("SELECT revision FROM documents WHERE key = ?1", [key.as_str()], |row| {
                    row.get::<_, i64>(0)
                })
                .optional()?
                .unwrap_or(0);
            let is_expected = stored == number(expected);
            if is_expected {
                change.execute(
                    "INSERT OR REPLACE INTO documents (key, revision, text) VALUES (?1, ?2, ?3)",
                    params![key.as_str(), number(document.revision), &*document.text.expose()],
                )?;
                change.commit()?;
            }
            Ok(is_expected)
        })
        .await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.run(|database| {
            let mut all = database.prepare("SELECT key FROM documents ORDER BY key")?;
            let keys = all.query_map([], |row| Ok(StoreKey::new(&row.get::<_, String>(0)?)))?;
            keys.collect()
        })
        .await
    }

    fn place(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }
}

impl Sqlite {
    /// Creates a store in a file, with leases of 30 seconds.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), lease: LEASE, renewal: None }
    }

    /// Sets how long a lease lasts, and how often its holder renews it.
    #[must_use]
    pub fn with_lease(self, lease: Duration, renewal: Duration) -> Self {
        Self { lease, renewal: Some(renewal), ..self }
    }

    fn check(&self, problems: &mut Validation) {
        if self.lease < Duration::from_secs(1) {
            problems.at("lease").error("expected at least 1 second", "set it to `30s`");
        }
        if self.renewal().is_zero() || self.renewal() >= self.lease {
            let help = "set it to a third of `lease`, or leave it out";
            problems.at("renewal").error("expected less than `lease`, and more than 0", help);
        }
    }

    fn renewal(&self) -> Duration {
        self.renewal.unwrap_or(self.lease / 3)
    }

    /// Runs statements on a thread that may block. A database that is opened for each of them needs no lock of its own, and
    /// works after a fork.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut database = open(&path)?;
            work(&mut database).map_err(|error| failed(&path, &error))
        });
        done.await.unwrap_or_else(|_| Err(Error::store("the database's thread has ended")))
    }
}

/// Opens the database. Only its user may read it; `SQLite` creates its journal with the same mode.
fn open(path: &Path) -> Result<Connection> {
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        // It stays open. If a process closes a file, POSIX ends all its locks of the file, also those of `SQLite`.
        Ok(new) => mem::forget(new),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            let message = format!("{} can't be opened ({})", path.display(), error.kind());
            return Err(Error::store(message)
                .with_help("create its folder, or set `stores.sqlite.path` to another file")
                .as_unreachable());
        }
    }
    let opened = Connection::open(path).and_then(|database| {
        database.busy_timeout(BUSY)?;
        // A save is on the disk when it returns, and so is the end of its journal, which would undo it.
        database.pragma_update(None, "synchronous", Value::from("EXTRA".to_owned()))?;
        database.execute_batch(TABLES)?;
        Ok(database)
    });
    opened.map_err(|error| failed(path, &error))
}

/// Returns the error of a statement. Its text is not shown, because it can have values in it.
fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::store(format!("another process keeps {path} locked")).with_help("try again")
        }
        Some(ErrorCode::DiskFull) => {
            Error::store(format!("the disk of {path} is full")).with_help("free space on the disk")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Error::store(format!("{path} can't be written to"))
                .with_help(format!("`chmod u+w {path}`"))
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Error::store(format!("{path} is not a database, or it is damaged"))
                .with_help("restore it from a copy, or remove it and log in again")
        }
        _ => Error::store(format!("{path} can't be used")).with_help("check the disk"),
    }
}

/// `SQLite` has no unsigned numbers.
fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}
