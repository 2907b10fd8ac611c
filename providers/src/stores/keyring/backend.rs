//! `SystemKeyring`: the desktop's keyring or the kernel's.

use authn::{Error, Result, SecretString, store::StoreContext};

use crate::choice::choice;

#[cfg(all(feature = "keyutils", target_os = "linux"))]
use super::keyutils;
#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
use super::secret_service::SecretService;

choice! {
    /// The value of the option `backend`.
    pub(super) enum Backend {
        SecretService = "secret_service",
        Keyutils = "keyutils",
    }
}

impl Backend {
    /// Returns the help if this program does not have the backend.
    pub(super) fn unavailable(self) -> Option<&'static str> {
        let has_desktop = cfg!(all(feature = "keyring", unix, not(target_vendor = "apple")));
        let has_kernel = cfg!(all(feature = "keyutils", target_os = "linux"));
        match self {
            Self::SecretService if !has_desktop => {
                Some("enable the feature `keyring` of authn-providers, on Linux or BSD")
            }
            Self::Keyutils if !has_kernel => {
                Some("enable the feature `keyutils` of authn-providers, on Linux")
            }
            _ => None,
        }
    }
}

/// A keyring.
#[derive(Clone, Debug, Default)]
pub(super) enum SystemKeyring {
    #[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
    SecretService(SecretService),
    #[cfg(all(feature = "keyutils", target_os = "linux"))]
    Keyutils,
    /// The keyring of this system is not supported, or its feature is not enabled.
    #[default]
    Missing,
}

/// Defines calls that are passed to the chosen keyring.
macro_rules! calls {
    ($($(#[$about:meta])* $call:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $($(#[$about])*
        pub(super) async fn $call(&self, $($argument: $type),*) -> Result<$output> {
            match self {
                #[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
                Self::SecretService(service) => service.$call($($argument),*).await,
                #[cfg(all(feature = "keyutils", target_os = "linux"))]
                Self::Keyutils => keyutils::$call($($argument),*),
                Self::Missing => Err(missing()),
            }
        })*
    };
}

impl SystemKeyring {
    /// Chooses a keyring without connecting to it.
    pub(super) fn new(backend: Option<Backend>, surroundings: &StoreContext<'_>) -> Self {
        let _ = surroundings;
        match backend.unwrap_or(DEFAULT) {
            #[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
            Backend::SecretService => Self::SecretService(SecretService::new(surroundings)),
            #[cfg(all(feature = "keyutils", target_os = "linux"))]
            Backend::Keyutils => Self::Keyutils,
            #[allow(unreachable_patterns, reason = "with both features, no keyring is missing")]
            _ => Self::Missing,
        }
    }

    /// Returns the name of the keyring for users.
    pub(super) fn name(&self) -> &'static str {
        match self {
            #[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
            Self::SecretService(_) => "Secret Service",
            #[cfg(all(feature = "keyutils", target_os = "linux"))]
            Self::Keyutils => "kernel keyring",
            Self::Missing => "none",
        }
    }

    calls! {
        /// Fails if the keyring can't store a session now.
        check() -> ();
        /// Returns the texts of a session: usually one.
        read(service: &str, key: &str) -> Vec<SecretString>;
        /// Replaces the text of a session.
        write(service: &str, key: &str, text: &SecretString) -> ();
        /// Renames the text of a session.
        set_aside(service: &str, key: &str, ending: &str) -> ();
        /// Removes the texts of a session that were renamed.
        remove_set_aside(service: &str, key: &str, ending: &str) -> ();
        /// Returns the keys of all sessions.
        list(service: &str) -> Vec<String>;
        /// Returns the secret that a reference names.
        secret(target: &str) -> SecretString;
    }
}

/// With both features, the default is the desktop's keyring.
const DEFAULT: Backend =
    if cfg!(feature = "keyring") { Backend::SecretService } else { Backend::Keyutils };

fn missing() -> Error {
    Error::configuration("this program supports no keyring on this system")
        .with_help("choose another `store`, or refer to a file")
}
