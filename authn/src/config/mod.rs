//! Layered configuration: values with their provenance, from files, variables and flags.
//!
//! The layers apply in this order, and a later layer overrides an earlier one:
//!
//! 1. the program's own defaults ([`Loader::defaults`])
//! 2. `/etc/authn/config.toml`
//! 3. the user's `authn/config.toml`
//! 4. the project's `.authn.toml`, which is withheld until it is trusted
//! 5. the file named by `AUTHN_CONFIG` or `--config`
//! 6. the layers that the program adds with `Loader::layer`
//! 7. environment variables
//! 8. `--set`
//! 9. the program's own values ([`Loader::overrides`])
//!
//! Below them are the values of a preset, if a provider's table [names one](crate::preset!), and below those are the
//! defaults of the options.
//!
//! Each layer applies its base, then its active profile, before the next layer.
//!
//! ```
//! use authn::{Environment, Loader};
//!
//! let config = Loader::new()
//!     .environment(Environment::empty().variable("AUTHN_CREDENTIALS__DOMAIN", "b.example.com"))
//!     .defaults("[credentials]\ndomain = \"a.example.com\"")
//!     .read();
//! let domain = &config.settings()[0];
//! assert_eq!(domain.shown().to_string(), "\"b.example.com\"");
//! assert_eq!(domain.provenance.to_string(), "env AUTHN_CREDENTIALS__DOMAIN");
//! assert_eq!(domain.overrides[0].provenance.to_string(), "defaults:2:10");
//! ```

// figment merges the layers. Plain values pass through it, and its tags tell which layer each value is from. Secret and
// unknown values stay in their layer, so that no error of a library can print them.

mod build;
mod choice;
mod exposed;
pub(crate) mod layers;
mod loader;
pub(crate) mod misplaced;
mod path;
mod presets;
mod profile;
mod project;
pub(crate) mod sections;
mod session_key;
mod session_owner;
mod setting;
mod surroundings;
pub(crate) mod visibility;

use std::fmt;

pub use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, Severity, nearest, printable},
    registry::{KnownStore, Preset},
    time::duration,
};
pub use layers::{LayerName, Source, SourceState};
pub(crate) use loader::Code;
pub use loader::{Loader, load, load_profile};
pub use project::Project;
pub use setting::{Overridden, Setting};
pub use visibility::Class;

use crate::{
    Credentials, Error, Registry, Result, diagnostic::SHOWN, options::Entries, registry::Stores,
};
#[cfg(feature = "reqwest")]
use crate::{
    Environment, Url,
    http::{HttpClient, ProxyInUse, options::is_proxy},
    options::Item,
};
use layers::merge;

/// A configuration that was read: its values, their provenance, and its problems.
///
/// ```
/// use authn::{Environment, Loader};
///
/// let text = "[credentials]\ndomain = 5";
/// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
/// assert_eq!(config.profile(), None);
/// assert!(config.profiles().is_empty());
/// assert!(config.provider_provenance().is_none());
/// assert!(config.problems().iter().any(|problem| problem.key() == Some("credentials.domain")));
/// assert!(config.credentials().is_err());
/// ```
pub struct Config {
    parts: Vec<merge::Part>,
    merged: Entries,
    profile: Option<String>,
    profile_provenance: Option<Provenance>,
    profiles: Vec<String>,
    provider: Option<(String, Provenance)>,
    problems: Vec<Problem>,
    credentials: Option<Credentials>,
    sources: Vec<Source>,
    registry: Registry,
    stores: Stores,
    login_command: String,
    #[cfg(feature = "reqwest")]
    http: HttpClient,
}

impl Config {
    /// Returns the name of the active profile.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Returns where the choice of the active profile comes from; that of [`Loader::profile`] is the flag `--profile`.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let text = "[profile.ci.credentials]\ndomain = 'api.example.com'";
    /// let environment = Environment::empty().variable("AUTHN_PROFILE", "ci");
    /// let config = Loader::new().environment(environment).defaults(text).read();
    /// assert_eq!(config.profile_provenance().unwrap().to_string(), "env AUTHN_PROFILE");
    /// ```
    pub fn profile_provenance(&self) -> Option<&Provenance> {
        self.profile_provenance.as_ref()
    }

    /// Returns the names of the profiles that can be chosen, in alphabetical order. Profiles in a project's file that is
    /// not trusted are left out.
    pub fn profiles(&self) -> &[String] {
        &self.profiles
    }

    /// Returns the name of the active provider.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_ref().map(|(name, _)| name.as_str())
    }

    /// Returns where the choice of the active provider comes from.
    pub fn provider_provenance(&self) -> Option<&Provenance> {
        self.provider.as_ref().map(|(_, provenance)| provenance)
    }

    /// Returns all values as they may be shown.
    pub fn settings(&self) -> Vec<Setting> {
        setting::list(self)
    }

    /// Returns a warning for each secret that is written into a project's file, or into a configuration file that other users
    /// can read. Profiles that are not active count, too. They are not among the [`problems`](Self::problems).
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// // A text of the program is no file.
    /// let text = "[credentials]\nbearer = 'abc'";
    /// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
    /// assert!(config.exposed_secrets().is_empty());
    /// ```
    pub fn exposed_secrets(&self) -> Vec<Problem> {
        exposed::warnings(self)
    }

    /// Returns all problems, errors and warnings.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the sources that were searched, from the lowest layer to the highest.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Returns the token stores that the configuration can choose from, except `memory`.
    pub fn stores(&self) -> Vec<KnownStore> {
        self.stores.all()
    }

    /// Returns the providers that the configuration can choose from.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns a client with the options of `[http]`.
    #[cfg(feature = "reqwest")]
    #[doc(hidden)]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Returns the command line that logs a user in, as messages name it.
    pub fn login_command(&self) -> &str {
        &self.login_command
    }

    /// Returns the proxy for requests, from the option `http.proxy` or else from a variable; `None` if no proxy is
    /// named. An option that is not the address of a proxy is a [problem](Self::problems), and names no proxy.
    #[cfg(feature = "reqwest")]
    pub fn proxy(&self, environment: &Environment) -> Option<ProxyInUse> {
        let http = self.merged.get("http").and_then(Item::as_table);
        let option = http.and_then(|http| http.get("proxy")).and_then(Item::as_text);
        let is_proxy = |text: &&str| Url::parse(text).is_ok_and(|url| is_proxy(&url));
        ProxyInUse::of(option.filter(is_proxy), environment)
    }

    /// Returns the credentials, or one error with all problems.
    pub fn credentials(&self) -> Result<Credentials> {
        let is_error = |problem: &Problem| problem.severity() == Severity::Error;
        let (mut errors, warnings): (Vec<_>, Vec<_>) =
            self.problems.iter().cloned().partition(is_error);
        for warning in warnings.iter().take(SHOWN) {
            tracing::warn!("{warning}");
        }
        match &self.credentials {
            Some(credentials) if errors.is_empty() => {
                self.log();
                Ok(credentials.clone())
            }
            _ => {
                let summary = match errors.len() {
                    1 => "the configuration has a problem".to_owned(),
                    count if count > SHOWN => format!(
                        "the configuration has {count} problems: the first {SHOWN} are listed, and {} more are \
                         not",
                        count - SHOWN
                    ),
                    count => format!("the configuration has {count} problems"),
                };
                errors.truncate(SHOWN);
                Err(Error::problems_found(summary, errors))
            }
        }
    }
}

impl Config {
    /// Logs what was chosen, and the files that it is from.
    fn log(&self) {
        let is_read =
            |source: &&Source| matches!(source.state, SourceState::Read | SourceState::Trusted);
        for path in self.sources.iter().filter(is_read).filter_map(|source| source.path.as_ref()) {
            tracing::debug!(file.path = %path.display(), "configuration file read");
        }
        tracing::info!(
            authn.profile = self.profile(),
            authn.provider = self.provider(),
            authn.provenance = self.provider_provenance().map(tracing::field::display),
            "configuration chosen"
        );
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("profile", &self.profile)
            .field("provider", &self.provider)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}
