//! The sources of a configuration, and the parts of their layers.

use std::{fmt, path::PathBuf};

use super::{Layer, merge::Part};
use crate::{
    diagnostic::Provenance,
    options::{Entries, Item, Value},
};

/// A source of values: where it was searched for, and what was found.
///
/// ```
/// use authn::{Environment, Loader, config::{LayerName, SourceState}};
///
/// let config = Loader::new().environment(Environment::empty()).defaults("").read();
/// let source = &config.sources()[0];
/// assert_eq!((source.name, source.state), (LayerName::Defaults, SourceState::Read));
/// assert_eq!(source.name.as_str(), "defaults");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Source {
    /// The layer that it belongs to.
    pub name: LayerName,
    /// The path, if it is a file.
    pub path: Option<PathBuf>,
    /// What was found.
    pub state: SourceState,
}

/// The layers of a configuration, low to high; see [`crate::config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LayerName {
    /// A preset that an option `preset` names.
    Preset,
    /// A text that the program adds with [`Loader::defaults`](crate::Loader::defaults).
    Defaults,
    /// The file for all users of the machine.
    System,
    /// The user's file.
    User,
    /// The project's file.
    Project,
    /// The file that is named by `--config` or `AUTHN_CONFIG`.
    File,
    /// A layer that the program adds with [`Loader::layer`](crate::Loader).
    Layer,
    /// The environment's variables.
    Environment,
    /// The flags of the command line.
    Flags,
    /// A text that the program adds with [`Loader::overrides`](crate::Loader::overrides).
    Overrides,
}

impl LayerName {
    /// Returns the name as it is printed: `preset`, `system`, `user`, `project`, `file`, `defaults`, `layer`, `environment`,
    /// `flags`, `overrides`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Defaults => "defaults",
            Self::System => "system",
            Self::User => "user",
            Self::Project => "project",
            Self::File => "file",
            Self::Layer => "layer",
            Self::Environment => "environment",
            Self::Flags => "flags",
            Self::Overrides => "overrides",
        }
    }
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What was found at a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceState {
    /// Its values are used.
    Read,
    /// It does not exist, or has no values.
    Absent,
    /// It is a project's file that the user trusts, and its values are used.
    Trusted,
    /// It is a project's file that the user has not trusted: it may choose a profile and nothing else.
    Withheld,
    /// It is withheld, because it has changed since the user trusted it.
    Changed,
    /// It can't be read. The [problems](crate::config::Config::problems) say why.
    Failed,
}

/// Returns the parts of all layers in the order in which they apply: the base of a layer, then its profiles, then the next
/// layer. Profiles that are not active are marked as such.
pub(crate) fn parts(layers: Vec<Layer>, profile: Option<&str>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (layer, read) in layers.into_iter().enumerate() {
        let Layer { source: Source { name, .. }, mut base, profiles, untrusted, .. } = read;
        let part = |values, withheld, inactive, profile| Part {
            values,
            withheld,
            inactive,
            layer,
            name,
            profile,
        };
        if untrusted && let Some(chosen) = base.remove("default_profile") {
            let values = Entries::from([("default_profile".to_owned(), chosen)]);
            parts.push(part(values, false, false, None));
        }
        parts.push(part(base, untrusted, false, None));
        let all = profiles.into_iter();
        parts.extend(all.map(|(name, values)| {
            if profile == Some(name.as_str()) {
                return part(values, untrusted, false, Some(name));
            }
            // The schema doesn't know this key, so nothing below it is shown.
            let item = Item::new(Value::Table(values), Provenance::Default);
            part(Entries::from([("profile".to_owned(), item)]), untrusted, true, Some(name))
        }));
    }
    parts
}
