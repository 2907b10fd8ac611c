//! `FileOptions`: the options of the store `file`, which encrypts if there is a key.

use std::{path::PathBuf, sync::Arc};

#[cfg(feature = "encryption")]
use super::{Encrypted, Encryption};
use super::{ErasedStore, FileStore};
use crate::{Options, SecretString, Validation, options::Secret as _};

/// The options of `[stores.file]`.
#[derive(Options)]
#[options(validate = Self::check)]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(crate) struct FileOptions {
    /// Folder of the `file` store; `authn/tokens` in the user's state directory unless set.
    pub(crate) directory: Option<PathBuf>,
    /// Key that sessions are encrypted with: 32 bytes in base64, as `openssl rand -base64 32` prints them.
    _encryption_key: Option<SecretString>,
    /// Keys that `encryption_key` has replaced, as long as sessions are encrypted with them.
    _previous_encryption_keys: Option<Vec<SecretString>>,
}

impl FileOptions {
    fn check(&self, problems: &mut Validation) {
        if self._encryption_key.is_none() && self._previous_encryption_keys.is_set() {
            let help = "set `encryption_key` too, or remove the previous ones";
            problems.at("previous_encryption_keys").error("there is no current key", help);
        }
        #[cfg(feature = "encryption")]
        if let Some(encryption) = self.encryption() {
            encryption.add_problems(problems);
        }
        #[cfg(not(feature = "encryption"))]
        if self._encryption_key.is_some() {
            problems.at("encryption_key").error(
                "this program can't encrypt sessions",
                "build it with the feature `encryption` of the crate `authn`, or remove the key",
            );
        }
    }

    #[cfg(feature = "encryption")]
    fn encryption(&self) -> Option<Encryption> {
        let previous = self._previous_encryption_keys.clone().unwrap_or_default();
        let encryption = Encryption::new(self._encryption_key.clone()?, previous);
        Some(encryption.with_table("stores.file"))
    }

    /// Returns the store in a folder.
    #[cfg_attr(
        not(feature = "encryption"),
        expect(clippy::unused_self, reason = "it has the key, which can't be used")
    )]
    pub(crate) fn store(&self, folder: PathBuf) -> Arc<dyn ErasedStore> {
        let store = FileStore::new(folder);
        #[cfg(feature = "encryption")]
        if let Some(encryption) = self.encryption() {
            return Arc::new(Encrypted::new(store, encryption));
        }
        Arc::new(store)
    }
}
