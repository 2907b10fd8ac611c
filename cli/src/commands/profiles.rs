//! All profiles of a configuration, and the base that they overlay, for the commands that look at each.

use std::collections::BTreeSet;

use authn::{
    Credentials, Error, Loader,
    config::{Config, Problem, ProblemCode, Severity},
};

use super::{active, waiting};
use crate::{
    app::App,
    exit::{Code, Failure, code_of},
    output::Output,
};

/// A configuration as one profile has it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) config: Config,
    pub(super) is_active: bool,
}

/// Does something for each profile. What goes wrong with one stops no other, unless it is an interrupt; the
/// second result is how the command ends.
pub(super) fn each<T>(
    app: &App,
    mut work: impl FnMut(&Profile, &mut Teller<'_>) -> Result<T, Failure>,
) -> Result<(Vec<T>, Result<(), Failure>), Failure> {
    let profiles = all(app);
    if profiles.is_empty() {
        app.loader().load()?;
    }
    let mut teller = Teller { output: &app.output, told: BTreeSet::new(), worst: None };
    let done: Result<_, _> = profiles.iter().map(|profile| work(profile, &mut teller)).collect();
    Ok((done?, teller.worst.map_or(Ok(()), |code| Err(Failure::Silent(code)))))
}

/// Reads the configuration for each profile: of the one that a flag chooses alone; else of the base, if it is
/// something by itself, and of all that there are, in the order of the alphabet.
fn all(app: &App) -> Vec<Profile> {
    let active = Profile { config: app.loader().read(), is_active: true };
    if app.global.profile.is_some() {
        return vec![active];
    }
    let other = |loader: Loader| Profile { config: loader.read(), is_active: false };
    let (name, names) = (active.config.profile(), active.config.profiles());
    let others = names.iter().filter(|other| name != Some(other));
    let mut all: Vec<Profile> = others.map(|name| other(app.loader().profile(name))).collect();
    if name.is_some() {
        let base = other(app.loader().without_profile());
        all.extend(Some(base).filter(Profile::is_sound));
        all.push(active);
    } else if active.stands_alone() {
        all.push(active);
    }
    // The base has no name, and comes first.
    all.sort_by(|one, other| one.config.profile().cmp(&other.config.profile()));
    all
}

impl Profile {
    /// Returns whether credentials can be made of it.
    fn is_sound(&self) -> bool {
        !self.config.problems().iter().any(|problem| problem.severity() == Severity::Error)
    }

    /// Returns whether a base is more than what profiles have in common.
    fn stands_alone(&self) -> bool {
        let has = |code| self.config.problems().iter().any(|problem| problem.code() == code);
        let is_common = has(ProblemCode::NoProvider) && !self.config.profiles().is_empty();
        // Who chose a profile that there is not must be told so.
        has(ProblemCode::UnknownProfile) || !(has(ProblemCode::NoCredentials) || is_common)
    }

    /// Does something with the credentials; the outer failure is an interrupt.
    pub(super) fn attempt<T>(
        &self,
        teller: &mut Teller<'_>,
        work: impl AsyncFnOnce(&Credentials) -> authn::Result<T>,
    ) -> Result<authn::Result<T>, Failure> {
        match waiting::credentials(&self.config, |problem| teller.problem(problem)) {
            Ok(credentials) => {
                waiting::wait(&credentials, async { Ok::<_, Error>(work(&credentials).await) })
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

/// Tells what goes wrong in one profile, and lets the others be looked at.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    output: &'a Output,
    /// What has been told: several profiles have it, as a rule.
    told: BTreeSet<String>,
    /// The exit code of the first failure, or that of a configuration that is wrong.
    worst: Option<Code>,
}

impl Teller<'_> {
    /// Says why something could not be done for a profile, and what to do about it.
    pub(super) fn failure(&mut self, config: &Config, error: &Error, help: Option<&str>) {
        error.problems().iter().for_each(|problem| self.problem(problem));
        let message = format!("{} ({})", error.message(), active(config));
        self.output.error(&message, help.or(error.help()));
        let code = code_of(error.kind());
        // A configuration that is wrong comes first, since it may be why the rest fails.
        if self.worst.is_none() || code == Code::Configuration {
            self.worst = Some(code);
        }
    }

    fn problem(&mut self, problem: &Problem) {
        if self.told.insert(problem.to_string()) {
            self.output.problems([problem]);
        }
    }
}
