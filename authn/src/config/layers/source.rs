//! The places that were looked at, and the parts of what was found there.

use std::path::PathBuf;

use super::{Layer, merge::Part};
use crate::{
    diagnostic::Provenance,
    options::{Entries, Item, Value},
};

/// A source of values: where it was looked for, and what was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Source {
    /// What the layer is called: `system`, `user`, `project`, `file`, `inline`, `layer`, `environment`, `flags`.
    pub name: &'static str,
    /// The path, of a file alone.
    pub path: Option<PathBuf>,
    /// What was found there.
    pub state: SourceState,
}

/// What was found at a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceState {
    /// Its values count.
    Read,
    /// There is nothing.
    Absent,
    /// It is a project's file that the user trusts; its values count.
    Trusted,
    /// It is a project's file that the user has not trusted: it may choose a profile and nothing else.
    Withheld,
    /// As withheld: it has changed since the user trusted it.
    Changed,
    /// It can't be read; the problems say why.
    Failed,
}

/// Each layer's base, then its profile, before the next layer. The profiles that are not chosen stand there
/// too, marked as such.
pub(crate) fn parts(layers: Vec<Layer>, profile: Option<&str>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (layer, read) in layers.into_iter().enumerate() {
        let Layer { source: Source { name, .. }, mut base, profiles, untrusted, .. } = read;
        let part = |values, withheld, unchosen| Part { values, withheld, unchosen, layer, name };
        if untrusted && let Some(chosen) = base.remove("default_profile") {
            let values = Entries::from([("default_profile".to_owned(), chosen)]);
            parts.push(part(values, false, false));
        }
        parts.push(part(base, untrusted, false));
        let all = profiles.into_iter();
        parts.extend(all.map(|(name, values)| {
            if profile == Some(name.as_str()) {
                return part(values, untrusted, false);
            }
            // Below a key that is no option, so that nothing of it may be shown.
            let item = Item::new(Value::Table(values), Provenance::Default);
            part(Entries::from([("profile".to_owned(), item)]), untrusted, true)
        }));
    }
    parts
}
