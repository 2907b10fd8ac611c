//! Store `keyring`: sessions and secrets in the system's keyring.
//!
//! A keyring has no compare-and-swap and no lock, so processes use lock files. These are in a folder that all
//! applications of a user share, like the keyring. They are empty: secrets are only in the keyring, and there is no
//! fallback to a file.

mod backend;
#[cfg(all(feature = "keyutils", target_os = "linux"))]
mod keyutils;
#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
mod secret_service;
#[cfg(test)]
mod tests;
mod worker;

use std::{path::PathBuf, time::Duration};

use authn::{
    Error, ErrorKind, Result, SecretSource, SecretString, Validation,
    private::{Content, Locks, Versioned},
    store::{Document, Lease, StoreContext, StoreKey, TokenStore},
};

use backend::{Backend, SystemKeyring};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// A keyring answers in milliseconds, unless it waits for a user.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest file name that is used, in bytes. Every file system accepts it.
const LONGEST_NAME: usize = 128;

/// Stores sessions in the system's keyring, one entry each.
#[authn::token_store("keyring", secrets, validate = Self::check)]
#[derive(Clone)]
struct Keyring {
    /// Service name of the sessions in the keyring. Unset, it is the application's name.
    service: Option<String>,
    /// Keyring that is used: `secret_service` is the desktop's and the default; `keyutils` is the Linux kernel's,
    /// which is lost when the machine stops.
    backend: Option<Backend>,
    /// Longest time for one call to the keyring.
    #[default(TIMEOUT)]
    timeout: Duration,
    __system: SystemKeyring,
    // `None` if the user has no folder for lock files.
    __locks: Option<Locks>,
}

impl TokenStore for Keyring {
    fn open(mut self, surroundings: &StoreContext<'_>) -> Result<Self> {
        let service = self.service.get_or_insert_with(|| surroundings.app().to_owned());
        self.__locks = surroundings.shared().map(|folder| locks(folder, service));
        self.__system = SystemKeyring::new(self.backend, surroundings);
        Ok(self)
    }

    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lease = self.locks()?.lease(key).await?;
        // The keyring is checked now, and not when tokens that the server issues only once must be saved.
        let place = self.__system.clone();
        worker::run(self.timeout, async move || place.check().await).await?;
        Ok(lease)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        let (this, key) = (self.clone(), key.clone());
        worker::run(self.timeout, async move || this.document(&key).await).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let (this, key, document) = (self.clone(), key.clone(), document.clone());
        worker::run(self.timeout, async move || this.replace(&key, &document, expected).await).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        let this = self.clone();
        let names =
            worker::run(self.timeout, async move || this.__system.list(this.service()).await);
        let mut keys: Vec<StoreKey> = names.await?.iter().map(|name| StoreKey::new(name)).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        let (this, key) = (self.clone(), key.clone());
        worker::run(self.timeout, async move || {
            for ending in Content::ENDINGS {
                this.__system.remove_set_aside(this.service(), key.as_str(), ending).await?;
            }
            Ok(())
        })
        .await
    }

    fn place(&self) -> Option<String> {
        Some(format!("{} ({})", self.__system.name(), self.service()))
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        Some(format!("{} ({}/{key})", self.__system.name(), self.service()))
    }
}

impl SecretSource for Keyring {
    fn example() -> &'static str {
        "service/user"
    }

    fn secret(&self, target: &str) -> Result<SecretString> {
        let (place, target) = (self.__system.clone(), target.to_owned());
        let text = worker::run_blocking(self.timeout, async move || place.secret(&target).await)?;
        // Like in a file, the line break that `echo` adds is not part of a secret.
        let text = text.expose();
        Ok(text.trim_end_matches(['\r', '\n']).into())
    }
}

impl Keyring {
    fn check(&self, problems: &mut Validation) {
        if self.service.as_ref().is_some_and(|name| name.is_empty() || name.contains('\0')) {
            let help = "set it to a name, or leave it out to use the application's name";
            problems.at("service").error("expected a name", help);
        }
        if let Some(help) = self.backend.and_then(Backend::unavailable) {
            problems.at("backend").error("this program does not have this keyring", help);
        }
    }

    /// Returns the service name of the sessions, which is set when the store is open.
    fn service(&self) -> &str {
        self.service.as_deref().unwrap_or_default()
    }

    fn locks(&self) -> Result<&Locks> {
        self.__locks.as_ref().ok_or_else(|| {
            failure("there is no folder for lock files")
                .with_help("set HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR")
        })
    }
}

impl Versioned for Keyring {
    async fn save_lock(&self, key: &StoreKey) -> Result<Lease> {
        self.locks()?.save_lock(key).await
    }

    /// Returns the latest document of a key. A keyring can contain several entries with the same attributes.
    async fn read(&self, key: &StoreKey) -> Result<Option<Content>> {
        let texts = self.__system.read(self.service(), key.as_str()).await?;
        let contents = texts.iter().map(|text| Content::of(&text.expose()));
        Ok(contents.max_by_key(|content| match content {
            Content::Document(document) => document.revision,
            Content::Other(_) => 0,
        }))
    }

    async fn write(&self, key: &StoreKey, document: &Document) -> Result<()> {
        self.__system.write(self.service(), key.as_str(), &document.text).await
    }

    async fn set_aside(&self, key: &StoreKey, ending: &str) -> Result<()> {
        let moved = self.__system.set_aside(self.service(), key.as_str(), ending).await;
        let name = format!("{} {ending}", label(key.as_str()));
        Content::report_set_aside(&name, moved.is_ok());
        moved
    }
}

/// Returns the locks of a service's sessions, which are the same for all applications. Services with long names can
/// share a lock; they then wait for each other.
fn locks(mut folder: PathBuf, service: &str) -> Locks {
    let mut name = BASE64_URL_SAFE_NO_PAD.encode(service);
    name.truncate(LONGEST_NAME);
    folder.extend(["keyring", &name]);
    Locks::new(folder)
}

/// Returns the label of a session in the keyring's application.
fn label(key: &str) -> String {
    format!("authn: {key}")
}

fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Store, message)
}

/// Returns bytes as text, or `None` if they are not UTF-8.
fn text(bytes: Vec<u8>) -> Option<SecretString> {
    let bytes = zeroize::Zeroizing::new(bytes);
    std::str::from_utf8(&bytes).ok().map(SecretString::from)
}
