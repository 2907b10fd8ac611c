//! A project's own file: where it is looked for, and what of it counts.
//!
//! It comes with the project, from whoever wrote that. So until its user trusts it, it chooses a profile and
//! nothing else: no server it names is asked, no file it names is opened, no command it names is run.

mod trust;

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use self::trust::{Place, TrustState};
use super::{
    LayerName, Source, SourceState,
    layers::{Layer, file, shorthand},
    setting::{self, Setting},
};
use crate::{
    Environment, Error, Registry, Result,
    diagnostic::{Problem, ProblemCode, Provenance},
};

/// A project's own configuration file, `.authn.toml`, as it was read. It shows what it would set, and
/// records whether it is trusted.
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
    /// Reads the nearest one; `None` if there is none.
    pub(super) fn read(app: &str, environment: &Environment, registry: &Registry) -> Option<Self> {
        let mut problems = Vec::new();
        let (mut layer, place) = read(app, environment, &mut problems)?;
        shorthand::expand_layer(&mut layer, registry);
        let contents = contents(&layer).map(|text| Zeroizing::new(text.to_vec()));
        let settings = setting::of_layer(&layer, registry);
        let Source { path, state, .. } = layer.source;
        Some(Self { path: path?, state, place, contents, settings, problems })
    }

    /// Gives its path; of a symbolic link, the one that it leads to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether it counts: [`Trusted`](SourceState::Trusted), [`Withheld`](SourceState::Withheld),
    /// [`Changed`](SourceState::Changed), or [`Failed`](SourceState::Failed).
    pub fn state(&self) -> SourceState {
        self.state
    }

    /// Lists everything in it, its profiles' settings too, in the order of its lines. No reference is
    /// resolved, and nothing is shown that may be a secret.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Gives what keeps it from being read, and what is wrong with the record of its trust.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Records that the user trusts it, with the very bytes that were read: if it has changed meanwhile,
    /// what it is now is not trusted.
    ///
    /// Only the user may decide that, who has seen its [`settings`](Self::settings). The record is in the
    /// user's folder for state, for this application alone. What can't be read can't be trusted.
    pub fn trust(&self) -> Result<()> {
        match (&self.place, &self.contents) {
            (Some(place), Some(contents)) if self.state != SourceState::Failed => {
                place.trust(contents)
            }
            _ => Err(Error::configuration(format!(
                "{} can't be trusted, because it can't be read: mend it first",
                self.path.display()
            ))),
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

/// Lists where it is looked for, the nearest first: in the working folder, and up to the repository's root.
pub(super) fn candidates(app: &str, environment: &Environment) -> Vec<PathBuf> {
    let Some(start) = environment.working() else { return Vec::new() };
    let root = start.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(start);
    let folders = start.ancestors().take_while(|folder| folder.starts_with(root));
    folders.map(|folder| folder.join(format!(".{app}.toml"))).collect()
}

/// Tells whether a path leads to the file that would be read.
pub(super) fn is_nearest(path: &Path, app: &str, environment: &Environment) -> bool {
    let nearest = candidates(app, environment).into_iter().find(|path| path.exists());
    let same = || Some(fs::canonicalize(nearest?).ok()? == fs::canonicalize(path).ok()?);
    same().unwrap_or(false)
}

/// Returns its layer. What is wrong with one that does not count stops nobody.
pub(super) fn layer(
    app: &str,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<Layer> {
    let before = problems.len();
    let (layer, _) = read(app, environment, problems)?;
    if layer.untrusted {
        downgrade(problems, before);
        problems.extend(withheld(app, &layer));
    }
    Some(layer)
}

/// Makes warnings of what is wrong with a file that does not count, one of each sort, without its keys and
/// lines: it may be a link to a file that is nobody's business.
fn downgrade(problems: &mut Vec<Problem>, from: usize) {
    let mut codes = BTreeSet::new();
    for mut problem in problems.split_off(from) {
        if codes.insert(problem.code()) {
            problem.make_warning();
            problems.push(problem.without_contents());
        }
    }
}

/// Forgets that files are trusted: the nearest one, and those that stood nearer and are gone.
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

/// Finds and reads it, once: what is parsed is what is compared with the record.
fn read(
    app: &str,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<(Layer, Option<Place>)> {
    let path = candidates(app, environment).into_iter().find(|path| path.exists())?;
    let place = Place::of(&path, app, environment);
    let target = place.as_ref().and_then(Place::link_target).map(Path::to_owned);
    // What a relative path in it refers to is beside the file itself, not beside a link to it.
    let path = if path.is_symlink() { target.unwrap_or(path) } else { path };
    let mut layer = file::read(LayerName::Project, &path, false, problems);
    let trust_state = match (&place, contents(&layer)) {
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
    Some((layer, place))
}

/// The bytes that were parsed.
fn contents(layer: &Layer) -> Option<&[u8]> {
    Some(layer.text.as_ref()?.text.as_bytes())
}

/// The warning that something in the file has no effect.
fn withheld(app: &str, layer: &Layer) -> Option<Problem> {
    let has_more = layer.base.keys().any(|key| key != "default_profile");
    if !has_more && layer.profiles.is_empty() {
        return None;
    }
    let why = match layer.source.state {
        SourceState::Changed => "it has changed since it was trusted",
        _ => "nobody has trusted it",
    };
    let app = if app == "authn" { String::new() } else { format!(" --app {app}") };
    let message = format!("the project's file may choose a profile and nothing else: {why}");
    let help = format!("`authn{app} config trust` shows what it would set, and asks");
    let provenance = Provenance::file(layer.source.path.as_ref()?);
    Some(
        Problem::warning(ProblemCode::UntrustedProject, message)
            .with_provenance(provenance)
            .with_help(help),
    )
}

/// Gives the way out where something is missing that a withheld file may have.
pub(super) fn trust_help(problems: &[Problem]) -> Option<String> {
    let warning =
        problems.iter().find(|problem| problem.code() == ProblemCode::UntrustedProject)?;
    Some(format!("the project's file is withheld: {}", warning.help()?))
}
