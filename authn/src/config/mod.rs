//! Layered configuration: values with their provenance, from files, variables and flags.
//!
//! The order of the layers is one list, in `layers`: a program's own defaults, `/etc/authn/config.toml`, the
//! user's `authn/config.toml`, the project's `.authn.toml` (withheld until it is trusted), the file of
//! `AUTHN_CONFIG` or `--config`, what the program adds with `Loader::layer`, the environment, `--set`. Each
//! layer applies its base, then its profile, before the next one.
//!
//! figment merges the layers: plain values travel through it, and its tags say which layer each is from. What
//! is secret or not known stays in its layer, so that no error of a library can print it. The keys at the top
//! are one list too, in `sections`.

mod build;
mod choice;
pub(crate) mod layers;
mod loader;
mod profile;
mod project;
mod sections;
mod session_key;
mod setting;
mod visibility;

use std::fmt;

pub use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, Severity, nearest, printable},
    registry::KnownStore,
    time::duration,
};
pub use layers::{LayerName, Source, SourceState};
pub use loader::{Loader, load, load_profile};
pub use project::Project;
pub use setting::Setting;
pub use visibility::Class;

use crate::{Credentials, Error, Registry, Result, options::Entries, registry::Stores};
#[cfg(feature = "reqwest")]
use crate::{
    Environment, Url,
    http::{ProxyInUse, options::is_proxy},
    options::Item,
};
use layers::merge;

/// A configuration that was read: what is in force, from where, and what is wrong with it.
pub struct Config {
    parts: Vec<merge::Part>,
    merged: Entries,
    profile: Option<String>,
    profiles: Vec<String>,
    provider: Option<(String, Provenance)>,
    problems: Vec<Problem>,
    credentials: Option<Credentials>,
    sources: Vec<Source>,
    registry: Registry,
    stores: Stores,
    login_command: String,
}

impl Config {
    /// Gives the name of the profile in force.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Gives the names of the profiles that can be chosen, in the order of the alphabet: what a project's file
    /// defines without being trusted is not among them.
    pub fn profiles(&self) -> &[String] {
        &self.profiles
    }

    /// Gives the name of the provider in force.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_ref().map(|(name, _)| name.as_str())
    }

    /// Gives what chose the provider in force.
    pub fn provider_provenance(&self) -> Option<&Provenance> {
        self.provider.as_ref().map(|(_, provenance)| provenance)
    }

    /// Lists all values as they may be shown.
    pub fn settings(&self) -> Vec<Setting> {
        setting::list(self)
    }

    /// Gives everything that is wrong.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Gives the places that were looked at, low to high.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Gives the token stores that the configuration can choose from, beside `memory`.
    pub fn stores(&self) -> Vec<KnownStore> {
        self.stores.all()
    }

    /// Gives the providers that the configuration can choose from.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Gives the command line by which somebody logs in, as messages name it.
    pub fn login_command(&self) -> &str {
        &self.login_command
    }

    /// Returns the proxy that requests go through, by the option `http.proxy` or else by a variable; `None` if no
    /// proxy is named. An option that is no proxy's address is a [problem](Self::problems), and names none.
    #[cfg(feature = "reqwest")]
    pub fn proxy(&self, environment: &Environment) -> Option<ProxyInUse> {
        let http = self.merged.get("http").and_then(Item::as_table);
        let option = http.and_then(|http| http.get("proxy")).and_then(Item::as_text);
        let is_proxy = |text: &&str| Url::parse(text).is_ok_and(|url| is_proxy(&url));
        ProxyInUse::of(option.filter(is_proxy), environment)
    }

    /// Gives the credentials, or one error with everything that is wrong.
    pub fn credentials(&self) -> Result<Credentials> {
        let is_error = |problem: &Problem| problem.severity() == Severity::Error;
        let (errors, warnings): (Vec<_>, Vec<_>) =
            self.problems.iter().cloned().partition(is_error);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        match &self.credentials {
            Some(credentials) if errors.is_empty() => Ok(credentials.clone()),
            _ => {
                let summary = match errors.len() {
                    1 => "the configuration has a problem".to_owned(),
                    count => format!("the configuration has {count} problems"),
                };
                Err(Error::problems_found(summary, errors))
            }
        }
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
