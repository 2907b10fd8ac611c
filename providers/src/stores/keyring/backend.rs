//! Which keyring it is: the desktop's or the kernel's.

use authn::{Error, Result, SecretString, store::StoreContext};

use crate::choice::choice;

#[cfg(all(feature = "keyutils", target_os = "linux"))]
use super::keyutils;
#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
use super::secret_service::SecretService;

choice! {
    /// What the option `backend` chooses.
    pub(super) enum Backend {
        SecretService = "secret_service",
        Keyutils = "keyutils",
    }
}

impl Backend {
    /// Returns what helps where this program does not have it.
    pub(super) fn unavailable(self) -> Option<&'static str> {
        let has_desktop = cfg!(all(feature = "keyring", unix, not(target_vendor = "apple")));
        let has_kernel = cfg!(all(feature = "keyutils", target_os = "linux"));
        match self {
            Self::SecretService if !has_desktop => {
                Some("it needs the feature `keyring` of authn-providers, on Linux or BSD")
            }
            Self::Keyutils if !has_kernel => {
                Some("it needs the feature `keyutils` of authn-providers, on Linux")
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
    /// This system's is none that is supported, or its feature is not there.
    #[default]
    Missing,
}

/// Defines calls that go to the keyring that was chosen.
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
    /// Names a keyring without asking it for anything.
    pub(super) fn new(backend: Option<Backend>, surroundings: &StoreContext<'_>) -> Self {
        let _ = surroundings;
        match backend.unwrap_or(DEFAULT) {
            #[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
            Backend::SecretService => Self::SecretService(SecretService::new(surroundings)),
            #[cfg(all(feature = "keyutils", target_os = "linux"))]
            Backend::Keyutils => Self::Keyutils,
            #[allow(unreachable_patterns, reason = "a program with both has none that is missing")]
            _ => Self::Missing,
        }
    }

    /// Names it to people.
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
        /// Fails if nothing can be kept there now.
        check() -> ();
        /// Returns what is kept under a name: one text, as a rule.
        read(service: &str, key: &str) -> Vec<SecretString>;
        /// Replaces what is kept under a name.
        write(service: &str, key: &str, text: &SecretString) -> ();
        /// Moves what is kept under a name out of the way.
        set_aside(service: &str, key: &str, ending: &str) -> ();
        /// Lists the names that there are.
        list(service: &str) -> Vec<String>;
        /// Returns the secret that a reference names.
        secret(target: &str) -> SecretString;
    }
}

/// With both features it is the desktop's.
const DEFAULT: Backend =
    if cfg!(feature = "keyring") { Backend::SecretService } else { Backend::Keyutils };

fn missing() -> Error {
    Error::configuration("this program supports no keyring on this system")
        .with_help("choose another `store`, or refer to a file")
}
