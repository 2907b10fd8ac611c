//! A project's own file: where it is searched for, and how much of it takes effect.
//!
//! The file is part of the project, and its author is not the user. So until the user trusts it, it may choose a profile
//! and nothing else: no server in it is contacted, no file in it is opened, and no command in it is run.

mod trust;

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use self::trust::{Place, TrustState};
use super::{
    LayerName, Loader, Source, SourceState,
    layers::{Layer, file, shorthand},
    presets::{Fault, Filled, Presets},
    setting::{self, Setting},
};
use crate::{
    Environment, Error, Registry, Result,
    diagnostic::{Problem, ProblemCode, Provenance},
};

/// A project's own configuration file, `.authn.toml`, as it was read. It lists the settings in the file, and records that
/// the user trusts it.
///
/// ```
/// use authn::{Environment, Loader, config::SourceState};
///
/// # let folder = tempfile::tempdir()?;
/// # let (work, state) = (folder.path().join("work"), folder.path().join("state"));
/// # std::fs::create_dir(&work)?;
/// std::fs::write(work.join(".authn.toml"), "[credentials]\ndomain = \"api.example.com\"")?;
/// let environment = Environment::empty().working_directory(work).state_directory(state);
/// let loader = Loader::new().environment(environment);
///
/// let project = loader.project().expect("there is one");
/// assert_eq!(project.state(), SourceState::Withheld);
/// assert_eq!(project.settings()[0].key, "credentials.domain");
/// // … once the user has seen that, and agrees:
/// project.trust()?;
/// assert_eq!(loader.project().expect("there is one").state(), SourceState::Trusted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Project {
    path: PathBuf,
    state: SourceState,
    place: Option<Place>,
    contents: Option<Zeroizing<Vec<u8>>>,
    settings: Vec<Setting>,
    problems: Vec<Problem>,
}

impl Project {
    /// Reads the nearest project file; `None` if there is none.
    pub(super) fn read(
        app: &str,
        environment: &Environment,
        registry: &Registry,
        presets: &Presets<'_>,
        ignored: &[&str],
    ) -> Option<Self> {
        let mut problems = Vec::new();
        let (path, place) = nearest(app, environment)?;
        let mut layer = read(&path, place.as_ref(), &mut problems);
        layer.ignore(ignored);
        shorthand::expand_layer(&mut layer, registry);
        // A user who decides about the file sees what its presets bring.
        for entries in std::iter::once(&mut layer.base).chain(layer.profiles.values_mut()) {
            for Fault { problem, item, .. } in Filled::fill_layer(presets, entries).faults {
                let at = item.map(|item| item.provenance).or_else(|| problem.provenance().cloned());
                problems.push(problem.with_provenance(at));
            }
        }
        let contents = contents(&layer).map(|text| Zeroizing::new(text.to_vec()));
        let settings = setting::of_layer(&layer, registry);
        let Source { path, state, .. } = layer.source;
        Some(Self { path: path?, state, place, contents, settings, problems })
    }

    /// Returns the path of the file, or the target if it is a symbolic link.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the file takes effect: [`Trusted`](SourceState::Trusted), [`Withheld`](SourceState::Withheld),
    /// [`Changed`](SourceState::Changed), or [`Failed`](SourceState::Failed).
    pub fn state(&self) -> SourceState {
        self.state
    }

    /// Returns all settings in the file, also those of its profiles, in the order of its lines, and then the values that
    /// its [presets](crate::preset!) bring. No reference is resolved, and no value is shown that may be a secret.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns the problems of reading the file, its presets and the record of its trust.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Records that the user trusts exactly the bytes that were read. If the file has changed meanwhile, the changed file
    /// is not trusted.
    ///
    /// Only the user may decide this, after seeing the [`settings`](Self::settings). The record is in the user's state
    /// directory, and applies to this application only. A file that can't be read is an error, because it can't be
    /// trusted.
    pub fn trust(&self) -> Result<()> {
        match (&self.place, &self.contents) {
            (Some(place), Some(contents)) if self.state != SourceState::Failed => {
                place.trust(contents)
            }
            _ => {
                let path = self.path.display();
                let message = format!("{path} can't be trusted because it can't be read");
                Err(Error::configuration(message).with_help("fix the file, then trust it"))
            }
        }
    }
}

impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Project")
            .field("path", &self.path)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Returns the root of the repository of the working directory; the working directory if it is in none.
fn root(environment: &Environment) -> Option<&Path> {
    let start = environment.working()?;
    Some(start.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(start))
}

/// Returns the paths at which the file is searched for, the nearest first: from the working directory up to the root of
/// the repository.
pub(super) fn candidates(app: &str, environment: &Environment) -> Vec<PathBuf> {
    let (Some(start), Some(root)) = (environment.working(), root(environment)) else {
        return Vec::new();
    };
    let folders = start.ancestors().take_while(|folder| folder.starts_with(root));
    folders.map(|folder| folder.join(format!(".{app}.toml"))).collect()
}

/// Returns whether a path leads to the project file that would be read.
pub(super) fn is_nearest(path: &Path, app: &str, environment: &Environment) -> bool {
    let nearest = candidates(app, environment).into_iter().find(|path| path.exists());
    let same = || Some(fs::canonicalize(nearest?).ok()? == fs::canonicalize(path).ok()?);
    same().unwrap_or(false)
}

/// Returns the layer of the file. The problems of an untrusted file are only warnings.
pub(super) fn layer(
    loader: &Loader,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<Layer> {
    let app = loader.app_name();
    let before = problems.len();
    let (path, place) = nearest(app, environment)?;
    let mut layer = match &place {
        Some(place) if leads_out(place, environment) && !place.is_recorded() => {
            problems.push(led_out(loader, &path));
            let mut layer = Layer::empty(LayerName::Project, Some(&path), SourceState::Withheld);
            layer.untrusted = true;
            layer
        }
        place => read(&path, place.as_ref(), problems),
    };
    layer.ignore(&loader.ignored_tables());
    if layer.untrusted {
        downgrade(problems, before);
        problems.extend(withheld(loader, &layer));
    }
    Some(layer)
}

/// Turns the problems of an untrusted file into warnings, one of each code, without its keys and lines. The file may be a
/// link to another file that must not be shown.
fn downgrade(problems: &mut Vec<Problem>, from: usize) {
    let mut codes = BTreeSet::new();
    for mut problem in problems.split_off(from) {
        if codes.insert(problem.code()) {
            problem.make_warning();
            problems.push(problem.without_contents());
        }
    }
}

/// Revokes the trust in the nearest file, and in nearer files that no longer exist.
pub(super) fn revoke(app: &str, environment: &Environment) -> Result<Vec<PathBuf>> {
    let mut revoked = Vec::new();
    for path in candidates(app, environment) {
        let exists = path.exists();
        if let Some(place) = Place::of(&path, app, environment)
            && place.revoke()?
        {
            revoked.push(path);
        }
        if exists {
            break;
        }
    }
    Ok(revoked)
}

/// Finds the file. The path of a symbolic link is that of its target: a relative path in the file is relative to the file
/// itself.
fn nearest(app: &str, environment: &Environment) -> Option<(PathBuf, Option<Place>)> {
    let path = candidates(app, environment).into_iter().find(|path| path.exists())?;
    let place = Place::of(&path, app, environment);
    let target = place.as_ref().and_then(Place::link_target).map(Path::to_owned);
    let path = if path.is_symlink() { target.unwrap_or(path) } else { path };
    Some((path, place))
}

/// Returns whether the file is a symbolic link to a file outside of the repository. Both paths are canonical. The author
/// of the repository could make it lead to any file of the user.
fn leads_out(place: &Place, environment: &Environment) -> bool {
    let Some(target) = place.link_target() else { return false };
    let root = root(environment).and_then(|root| fs::canonicalize(root).ok());
    root.is_none_or(|root| !target.starts_with(root))
}

/// Returns the problem of an untrusted link that is not followed.
fn led_out(loader: &Loader, target: &Path) -> Problem {
    let message = "the project's file is a link to this file outside of the repository, and you have not trusted it";
    Problem::error(ProblemCode::UntrustedProject, message)
        .with_provenance(Provenance::file(target))
        .with_help(how_to_trust(loader))
}

/// Reads the file once, so that the bytes that are parsed are the bytes compared with the record.
fn read(path: &Path, place: Option<&Place>, problems: &mut Vec<Problem>) -> Layer {
    let mut layer = file::read(LayerName::Project, path, false, problems);
    let trust_state = match (place, contents(&layer)) {
        (Some(place), Some(contents)) => place.trust_state(contents, problems),
        _ => TrustState::Unknown,
    };
    layer.untrusted = trust_state != TrustState::Trusted;
    if layer.source.state == SourceState::Read {
        layer.source.state = match trust_state {
            TrustState::Trusted => SourceState::Trusted,
            TrustState::Changed => SourceState::Changed,
            TrustState::Unknown => SourceState::Withheld,
        };
    }
    layer
}

/// Returns the bytes that were parsed.
fn contents(layer: &Layer) -> Option<&[u8]> {
    Some(layer.text.as_ref()?.text.as_bytes())
}

/// Returns the warning that something in the file has no effect.
fn withheld(loader: &Loader, layer: &Layer) -> Option<Problem> {
    let has_more = layer.base.keys().any(|key| key != "default_profile");
    if !has_more && layer.profiles.is_empty() {
        return None;
    }
    let why = match layer.source.state {
        SourceState::Changed => "it has changed since it was trusted",
        _ => "you have not trusted it",
    };
    let message = format!("the project's file may only choose a profile, because {why}");
    let provenance = Provenance::file(layer.source.path.as_ref()?);
    Some(
        Problem::warning(ProblemCode::UntrustedProject, message)
            .with_provenance(provenance)
            .with_help(how_to_trust(loader)),
    )
}

fn how_to_trust(loader: &Loader) -> String {
    format!("review and trust it with `{}`", loader.command_line("config trust"))
}

/// Returns the help for something missing that a withheld file may contain.
pub(super) fn trust_help(problems: &[Problem]) -> Option<String> {
    let warning =
        problems.iter().find(|problem| problem.code() == ProblemCode::UntrustedProject)?;
    Some(format!("the project's file is withheld: {}", warning.help()?))
}
