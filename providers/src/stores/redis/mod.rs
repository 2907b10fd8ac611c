//! Store `redis`: the sessions of a fleet, encrypted, in one Redis or Valkey.
//!
//! Each session has a record, a lease and a channel, whose keys are in one slot of a cluster. A save is one script, which
//! compares the record and replaces it. A lease has an owner and expires; those that wait for one hear of its release on
//! the channel. The server sees no token: what it stores is encrypted here.

mod address;
mod connection;
mod examination;
mod failure;
mod known;
mod lease;
mod messages;
mod resolver;
mod scripts;
mod sessions;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use authn::{
    Error, Result, SecretString, Url, Validation,
    store::{
        Decrypted, Document, Encryption, Examination, Inspected, Lease, Locked, Seal, StoreContext,
        StoreKey, TokenStore,
    },
};

use address::Place;
use connection::{Settings, User};
use known::{OWN, Stored};
use sessions::Sessions;

/// A renewal that is tried twice and takes its longest time each still comes before the end of the lease.
const LEASE: Duration = Duration::from_secs(15);
/// A server in the same network answers within a millisecond.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The document that the framework keeps in each store.
/// The name of the store, and of its table.
const TABLE: &str = "stores.redis";

/// Stores sessions in Redis or Valkey, encrypted, for all machines that share them.
#[authn::token_store("redis", validate = Self::check)]
#[derive(Clone)]
struct Redis {
    /// Address of the server: `rediss://HOST:PORT`, with TLS. Without TLS, it is on this machine: `redis://localhost` or
    /// `unix:///PATH`. A number after it is the database, such as `/1`.
    url: Option<Url>,
    /// Addresses of nodes of a cluster, in place of `url`. Some are enough: they name the others.
    nodes: Option<Vec<Url>>,
    /// Addresses of the sentinels, in place of `url`. They name the server that is the master at present.
    sentinels: Option<Vec<Url>>,
    /// Name of the master that the sentinels watch.
    master: Option<String>,
    /// User of the server (ACL).
    username: Option<String>,
    /// Password of the user, or of the server if it has no users.
    _password: Option<SecretString>,
    /// User of the sentinels.
    sentinel_username: Option<String>,
    /// Password of the sentinels.
    _sentinel_password: Option<SecretString>,
    /// Key of 256 bits that the sessions are encrypted with: in base64, as `openssl rand -base64 32` prints one.
    _encryption_key: SecretString,
    /// Keys that `encryption_key` has replaced, as long as sessions are encrypted with them.
    _previous_encryption_keys: Option<Vec<SecretString>>,
    /// PEM file with certificate authorities that are trusted besides the system's.
    ca_file: Option<PathBuf>,
    /// Start of the names of all keys. Unset, it is `authn:APP:`, with the application's name. Programs share their
    /// sessions if it is the same.
    prefix: Option<String>,
    /// How long the right to renew a session lasts if its holder does not extend it, such as because it has crashed.
    #[default(LEASE)]
    lease: Duration,
    /// Number of replicas that must have a session before its token is renewed.
    #[default(0)]
    replicas: u32,
    /// Longest time for connecting, and for one command.
    #[default(TIMEOUT)]
    timeout: Duration,
    __opened: Option<Opened>,
}

/// What is made of the options.
#[derive(Clone)]
struct Opened {
    sessions: Sessions,
    encryption: Encryption,
    /// Whether there are previous keys, with which documents may be encrypted.
    has_previous: bool,
    /// Whether the document of the framework was looked at. It never changes, so that once is enough.
    has_sealed_own: Arc<AtomicBool>,
}

impl TokenStore for Redis {
    fn open(mut self, context: &StoreContext<'_>) -> Result<Self> {
        let previous = self._previous_encryption_keys.clone().unwrap_or_default();
        let has_previous = !previous.is_empty();
        let encryption = Encryption::new(self._encryption_key.clone(), previous).with_table(TABLE);
        encryption.check()?;
        let Some(place) = self.place(&mut Validation::new()) else { return Ok(self) };
        let prefix = self.prefix.clone().unwrap_or_else(|| default_prefix(context.app()));
        let user = |name: &Option<String>, password: &Option<SecretString>| User {
            name: name.clone(),
            password: password.clone(),
        };
        let settings = Settings {
            place,
            user: user(&self.username, &self._password),
            sentinel_user: user(&self.sentinel_username, &self._sentinel_password),
            ca_file: self.ca_file.clone(),
            timeout: self.timeout,
            prefix,
        };
        let sessions = Sessions::new(settings, self.lease, self.replicas);
        let has_sealed_own = Arc::default();
        self.__opened = Some(Opened { sessions, encryption, has_previous, has_sealed_own });
        Ok(self)
    }

    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lease = self.opened()?.lock(key, None).await?.lease();
        lease.ok_or_else(|| Error::internal("a lease ended before it began").with_help("report it"))
    }

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Locked> {
        let opened = self.opened()?;
        Ok(match opened.lock(key, Some(revision)).await? {
            Locked::Acquired(lease) => Locked::Acquired(lease),
            Locked::Replaced(None) => Locked::Replaced(None),
            Locked::Replaced(Some(stored)) => {
                Locked::Replaced(opened.decrypted(key, &stored).await?)
            }
        })
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let opened = self.opened()?;
        let Some(stored) = opened.sessions.load(key).await? else { return Ok(None) };
        opened.decrypted(key, &stored).await
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        _document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let reserved = self.opened()?.sessions.reserve(key, expected).await?;
        Ok(reserved.then_some(expected))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let opened = self.opened()?;
        let text = opened.encrypted(key, document).await?;
        opened.sessions.save(key, document.revision, text, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.opened()?.sessions.list().await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        self.opened()?.sessions.remove_aside(key).await
    }

    fn encrypts(&self) -> bool {
        true
    }

    async fn inspect(&self, key: &StoreKey) -> Result<Option<Inspected>> {
        let opened = self.opened()?;
        let Some(stored) = opened.sessions.load(key).await? else { return Ok(None) };
        let sealed = sealed(&stored);
        let key_id = Encryption::key_id_of(&sealed);
        let known = opened.encryption.decrypt_known(key, &sealed).await;
        let (seal, document) = match known.map_err(as_store)? {
            None => (Seal::Locked, None),
            Some(Decrypted::Current(document)) => (Seal::Current, Some(document)),
            Some(Decrypted::Previous(document)) => (Seal::Outdated, Some(document)),
            Some(Decrypted::Plain(_) | Decrypted::Damaged) => (Seal::Damaged, None),
        };
        Ok(Some(Inspected { revision: stored.revision, document, key_id, seal }))
    }

    async fn examine_server(&self) -> Result<Examination> {
        let opened = self.opened()?;
        let mut examination = examination::examine(&opened.sessions).await?;
        let keys = opened.encryption.key_ids().await.map_err(as_store)?;
        examination.add("encryption_keys", keys.join(" "));
        Ok(examination)
    }

    fn place(&self) -> Option<String> {
        Some(self.opened().ok()?.sessions.place().to_string())
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        let sessions = &self.opened().ok()?.sessions;
        Some(format!("{} ({})", sessions.place(), sessions.keys(key).record))
    }
}

impl Redis {
    fn check(&self, problems: &mut Validation) {
        self.place(problems);
        let is_safe = |c: char| c.is_ascii_alphanumeric() || ":._-/".contains(c);
        if self
            .prefix
            .as_ref()
            .is_some_and(|prefix| prefix.is_empty() || !prefix.chars().all(is_safe))
        {
            let help = "use letters, digits and `:._-/`, such as `authn:fleet:`";
            problems.at("prefix").error("expected the start of the names of keys", help);
        }
        if self.lease < Duration::from_secs(1) || self.lease > Duration::from_hours(1) {
            problems.at("lease").error("expected a time from 1 s to 1 h", "leave it out for 15 s");
        }
        if self.timeout.is_zero() || self.timeout > self.lease / 3 {
            let help = "set it to at most a third of `lease`, so that a renewal comes in time";
            problems
                .at("timeout")
                .error("expected a time that is shorter than a third of the lease", help);
        }
        if self.sentinels.is_none() {
            let options = [
                ("sentinel_username", self.sentinel_username.is_some()),
                ("sentinel_password", self._sentinel_password.is_some()),
            ];
            for (option, _) in options.iter().filter(|(_, is_set)| *is_set) {
                problems
                    .at(*option)
                    .error("there are no sentinels", "set `sentinels`, or remove the option");
            }
        }
    }

    fn place(&self, problems: &mut Validation) -> Option<Place> {
        let (nodes, sentinels) = (self.nodes.as_deref(), self.sentinels.as_deref());
        Place::read(self.url.as_ref(), nodes, sentinels, self.master.as_deref(), problems)
    }

    fn opened(&self) -> Result<&Opened> {
        self.__opened
            .as_ref()
            .ok_or_else(|| Error::internal("the store is not open").with_help("report it"))
    }
}

impl Opened {
    /// Acquires the lease of a session, whose document has the current key then.
    async fn lock(&self, key: &StoreKey, revision: Option<u64>) -> Result<Locked<Stored>> {
        // Now, and not when a token that was issued once must be saved.
        self.encryption.refresh().await.map_err(as_store)?;
        let locked = self.sessions.acquire(key, revision).await?;
        if matches!(locked, Locked::Acquired(_)) && self.has_previous {
            self.seal(key).await?;
            if !self.has_sealed_own.load(Ordering::Relaxed) {
                self.seal(&StoreKey::new(OWN)).await?;
                self.has_sealed_own.store(true, Ordering::Relaxed);
            }
        }
        Ok(locked)
    }

    /// Returns the document of a record; `None` if it is damaged.
    async fn decrypted(&self, key: &StoreKey, stored: &Stored) -> Result<Option<Document>> {
        match self.encryption.decrypt(key, &sealed(stored)).await.map_err(as_store)? {
            Decrypted::Current(document) | Decrypted::Previous(document) => Ok(Some(document)),
            // A text that is not encrypted is not of this store.
            _ => {
                self.sessions.note_damaged(key, stored);
                // Shown without a log: what follows is another session.
                tracing::warn!(
                    target: "authn::store",
                    "{key} in Redis at {} is damaged and not used: the next save sets it aside; log in again",
                    self.sessions.place()
                );
                Ok(None)
            }
        }
    }

    /// Encrypts a document of a previous key with the current one.
    async fn seal(&self, key: &StoreKey) -> Result<()> {
        let Some(stored) = self.sessions.load(key).await? else { return Ok(()) };
        let known = self.encryption.decrypt_known(key, &sealed(&stored)).await.map_err(as_store)?;
        if let Some(Decrypted::Previous(document)) = known {
            let text = self.encrypted(key, &document).await?;
            // If the record is another one by now, its save has used the current key.
            self.sessions.reseal(key, &stored, text).await?;
        }
        Ok(())
    }

    async fn encrypted(&self, key: &StoreKey, document: &Document) -> Result<String> {
        let sealed = self.encryption.encrypt(key, document).await.map_err(as_store)?;
        Ok(sealed.text.expose().to_owned())
    }
}

/// Returns a record as the document that was encrypted.
fn sealed(stored: &Stored) -> Document {
    Document { revision: stored.revision, text: stored.document.clone().into() }
}

/// Returns the start of the names of an application's keys.
fn default_prefix(app: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("authn:{}:", app.chars().map(safe).collect::<String>())
}

/// Returns an error of a key as one of the store.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn as_store(error: Error) -> Error {
    let stored = Error::store(error.message());
    match error.help() {
        Some(help) => stored.with_help(help.to_owned()),
        None => stored,
    }
}
