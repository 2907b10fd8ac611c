//! Store `keyring`: sessions and secrets in the system's keyring.
//!
//! A keyring has no compare-and-swap and no lock, so processes take turns by lock files. Those are in a folder
//! that all of a user's applications share, as they share the keyring. They hold nothing; what is secret is in
//! the keyring alone, and there is no falling back to a file.

mod aside;
mod backend;
#[cfg(all(feature = "keyutils", target_os = "linux"))]
mod keyutils;
#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
mod secret_service;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use authn::{
    Error, ErrorKind, Options as _, Result, SecretString, Validation,
    private::{
        Content, Field, LinkedStore, Location, Locks, StoreEntry, Surroundings, Table, Vault,
        inventory,
    },
    store::{Document, Lease, StoreKey, TokenStore},
};

use backend::{Backend, Place};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// A keyring answers in milliseconds, unless it waits for a user.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Characters that every file system takes in a name.
const LONGEST_NAME: usize = 128;

/// The options of the store.
#[derive(authn::Options)]
#[options(validate = Self::check)]
struct KeyringOptions {
    /// Name that sessions are found by in the keyring; the application's unless set.
    service: Option<String>,
    /// Which keyring: `secret_service`, the desktop's, is the default; `keyutils` is the Linux kernel's, which
    /// forgets all when the machine stops.
    backend: Option<Backend>,
    /// Longest time for one visit to the keyring.
    #[default(TIMEOUT)]
    timeout: Duration,
}

impl KeyringOptions {
    fn check(&self, problems: &mut Validation) {
        if self.service.as_ref().is_some_and(|name| name.is_empty() || name.contains('\0')) {
            let help = "set it to a name, or leave it out for the application's";
            problems.at("service").error("expected a name", help);
        }
        if let Some(help) = self.backend.and_then(Backend::unavailable) {
            problems.at("backend").error("this program does not have this keyring", help);
        }
    }
}

/// Keeps sessions in the system's keyring, one entry each.
#[derive(Clone, Debug)]
struct Keyring {
    place: Place,
    /// By which the keyring's entries are found.
    service: String,
    timeout: Duration,
    /// `None` if the user has no folder for them.
    locks: Option<Locks>,
}

inventory::submit! {
    StoreEntry::vault::<Keyring>("keyring", Location {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        file: file!(),
        line: line!(),
        column: column!(),
    })
    .with_target("service/user")
}

impl LinkedStore for Keyring {
    const FIELDS: &'static [Field] = KeyringOptions::FIELDS;

    fn from_table(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> Option<Self> {
        let KeyringOptions { service, backend, timeout } = KeyringOptions::from_table(table)?;
        let service = service.unwrap_or_else(|| surroundings.app().to_owned());
        let locks = surroundings.shared().map(|folder| locks(folder, &service));
        Some(Self { place: Place::new(backend, surroundings), service, timeout, locks })
    }
}

impl TokenStore for Keyring {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lease = self.locks()?.lease(key).await?;
        // Now, and not when what a server gives once is to be saved.
        let place = self.place.clone();
        aside::run(self.timeout, async move || place.check().await).await?;
        Ok(lease)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let (this, key) = (self.clone(), key.clone());
        aside::run(self.timeout, async move || this.read(&key).await).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let (this, key, document) = (self.clone(), key.clone(), document.clone());
        aside::run(self.timeout, async move || this.replace(&key, &document, expected).await).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        let this = self.clone();
        let names = aside::run(self.timeout, async move || this.place.list(&this.service).await);
        let mut keys: Vec<StoreKey> = names.await?.iter().map(|name| StoreKey::new(name)).collect();
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    fn place(&self) -> Option<String> {
        Some(format!("{} ({})", self.place.name(), self.service))
    }
}

impl Vault for Keyring {
    fn secret(&self, target: &str) -> Result<SecretString> {
        let (place, target) = (self.place.clone(), target.to_owned());
        let text = aside::wait(self.timeout, async move || place.secret(&target).await)?;
        // As with a file: what `echo` adds is no part of a secret.
        let text = text.expose();
        Ok(text.trim_end_matches(['\r', '\n']).into())
    }
}

impl Keyring {
    fn locks(&self) -> Result<&Locks> {
        self.locks.as_ref().ok_or_else(|| {
            failure(
                "there is no folder for lock files: set HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR",
            )
        })
    }

    async fn read(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.newest(key).await? {
            None => Ok(None),
            Some(Content::Document(document)) => Ok(Some(document)),
            Some(Content::Other(_)) => {
                // In turn, and looked at again: another process may have replaced it meanwhile.
                let _turn = self.locks()?.turn(key).await?;
                self.read_in_turn(key).await
            }
        }
    }

    async fn read_in_turn(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.newest(key).await? {
            None => Ok(None),
            Some(Content::Document(document)) => Ok(Some(document)),
            Some(Content::Other(ending)) => {
                let moved = self.place.set_aside(&self.service, key.as_str(), ending).await;
                Content::warn_of_set_aside(
                    &format!("{} {ending}", label(key.as_str())),
                    moved.is_ok(),
                );
                moved.map(|()| None)
            }
        }
    }

    async fn replace(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let _turn = self.locks()?.turn(key).await?;
        let current = self.read_in_turn(key).await?.map_or(0, |document| document.revision);
        if current != expected {
            return Ok(false);
        }
        self.place.write(&self.service, key.as_str(), &document.text).await?;
        Ok(true)
    }

    /// Returns the last document of a key; a keyring may hold several entries that look alike.
    async fn newest(&self, key: &StoreKey) -> Result<Option<Content>> {
        let texts = self.place.read(&self.service, key.as_str()).await?;
        let contents = texts.iter().map(|text| Content::of(&text.expose()));
        Ok(contents.max_by_key(|content| match content {
            Content::Document(document) => document.revision,
            Content::Other(_) => 0,
        }))
    }
}

/// Returns the locks of a service's sessions, whichever application asks. Of services with long names some may
/// have the same, which then wait for each other.
fn locks(mut folder: PathBuf, service: &str) -> Locks {
    let mut name = BASE64_URL_SAFE_NO_PAD.encode(service);
    name.truncate(LONGEST_NAME);
    folder.extend(["keyring", &name]);
    Locks::new(folder)
}

/// What a user sees in the keyring's application.
fn label(key: &str) -> String {
    format!("authn: {key}")
}

fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Store, message)
}

/// Returns bytes as a text; `None` if they are none.
fn text(bytes: Vec<u8>) -> Option<SecretString> {
    let bytes = zeroize::Zeroizing::new(bytes);
    std::str::from_utf8(&bytes).ok().map(SecretString::from)
}
