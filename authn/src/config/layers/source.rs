//! The places that were looked at, and the layers that were found there.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Layer, file, merge::Part};
use crate::{
    diagnostic::{Origin, Problem},
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

/// Collects layers, low to high.
pub(crate) struct Found<'a> {
    pub(crate) layers: Vec<Layer>,
    pub(crate) sources: Vec<Source>,
    pub(crate) problems: &'a mut Vec<Problem>,
}

impl Found<'_> {
    pub(crate) fn file(&mut self, name: &'static str, path: &Path, must_exist: bool) {
        let state = match file::read(path) {
            Ok(Some(text)) => return self.text(name, path, text),
            Ok(None) if must_exist => {
                let problem = Problem::error("no-such-file", "there is no such file");
                let problem = problem.with_origin(Origin::file(path)).with_help("check the path");
                self.problems.push(problem);
                SourceState::Absent
            }
            Ok(None) => SourceState::Absent,
            Err(problem) => return self.refused(name, path, *problem),
        };
        self.add(name, Some(path), state, Layer::default());
    }

    pub(crate) fn refused(&mut self, name: &'static str, path: &Path, problem: Problem) {
        self.problems.push(problem);
        self.add(name, Some(path), SourceState::Failed, Layer::default());
    }

    pub(crate) fn text(&mut self, name: &'static str, path: &Path, text: Zeroizing<String>) {
        let before = self.problems.len();
        let layer = file::parse(path, text, self.problems);
        let failed = self.problems.len() > before && layer.is_empty();
        let state = if failed { SourceState::Failed } else { SourceState::Read };
        self.add(name, Some(path), state, layer);
    }

    pub(crate) fn other(&mut self, name: &'static str, layer: Layer) {
        let state = if layer.is_empty() { SourceState::Absent } else { SourceState::Read };
        self.add(name, None, state, layer);
    }

    #[cfg(feature = "figment")]
    pub(crate) fn foreign(&mut self, name: &'static str, foreign: &super::Foreign) {
        let layer = foreign.layer(self.problems);
        let state = if layer.is_some() { SourceState::Read } else { SourceState::Failed };
        self.add(name, None, state, layer.unwrap_or_default());
    }

    fn add(&mut self, name: &'static str, path: Option<&Path>, state: SourceState, layer: Layer) {
        self.layers.push(layer);
        self.sources.push(Source { name, path: path.map(Path::to_owned), state });
    }
}

/// Each layer's base, then its profile, before the next layer. The profiles that are not chosen stand there
/// too, marked as such.
pub(crate) fn parts(layers: Vec<Layer>, profile: Option<&str>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (layer, Layer { mut base, profiles, untrusted, .. }) in layers.into_iter().enumerate() {
        let part = |values, withheld, unchosen| Part { values, withheld, unchosen, layer };
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
            let item = Item::new(Value::Table(values), Origin::Default);
            part(Entries::from([("profile".to_owned(), item)]), untrusted, true)
        }));
    }
    parts
}
