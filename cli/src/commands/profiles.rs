//! All profiles of a configuration, and the base that they overlay, for the commands that process each.

use std::collections::BTreeSet;

use authn::{
    Credentials, Error, Loader,
    config::{Config, Problem, ProblemCode, Severity},
};

use super::active;
use crate::{
    app::App,
    exit::{Code, Failure, code_of},
    report::Cause,
    waiting,
};

/// The configuration of one profile.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) config: Config,
    pub(super) is_active: bool,
}

/// Runs a function for each profile. A failure in one profile does not stop the others, except for an interrupt.
/// The second result is that of the whole command.
pub(super) fn each<T>(
    app: &App,
    mut work: impl FnMut(&Profile, &mut Reporter<'_>) -> Result<T, Failure>,
) -> Result<(Vec<T>, Result<(), Failure>), Failure> {
    let profiles = all(app);
    if profiles.is_empty() {
        app.loader().load()?;
    }
    let mut reporter = Reporter { app, reported: BTreeSet::new(), worst: None };
    let done: Result<_, _> = profiles.iter().map(|profile| work(profile, &mut reporter)).collect();
    Ok((done?, reporter.worst.map_or(Ok(()), |code| Err(Failure::Silent(code)))))
}

/// Reads the configuration for each profile. If a flag chooses a profile, it is that one alone. Otherwise they are
/// the base, if it is usable by itself, and all profiles in alphabetical order.
pub(super) fn all(app: &App) -> Vec<Profile> {
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
    all.sort_unstable_by(|one, other| one.config.profile().cmp(&other.config.profile()));
    all
}

impl Profile {
    /// Returns whether the configuration has no errors.
    fn is_sound(&self) -> bool {
        !self.config.problems().iter().any(|problem| problem.severity() == Severity::Error)
    }

    /// Returns whether the base is more than the common part of the profiles.
    fn stands_alone(&self) -> bool {
        let has = |code| self.config.problems().iter().any(|problem| problem.code() == code);
        let is_common = has(ProblemCode::NoProvider) && !self.config.profiles().is_empty();
        // The choice of an unknown profile must be reported.
        has(ProblemCode::UnknownProfile) || !(has(ProblemCode::NoCredentials) || is_common)
    }

    /// Runs a function with the credentials. The outer failure is an interrupt.
    pub(super) fn attempt<T>(
        &self,
        reporter: &mut Reporter<'_>,
        work: impl AsyncFnOnce(&Credentials) -> authn::Result<T>,
    ) -> Result<authn::Result<T>, Failure> {
        match waiting::credentials(&self.config, |problem| reporter.problem(problem)) {
            Ok(credentials) => {
                waiting::wait(&credentials, async { Ok::<_, Error>(work(&credentials).await) })
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

/// Reports the failures of profiles, and remembers the exit code.
#[derive(Debug)]
pub(super) struct Reporter<'a> {
    app: &'a App,
    /// The problems that were reported: profiles usually share them.
    reported: BTreeSet<String>,
    /// The exit code of the first failure, or that of an invalid configuration.
    worst: Option<Code>,
}

impl Reporter<'_> {
    /// Reports the failure of a profile.
    pub(super) fn failure(&mut self, config: &Config, error: &Error, help: Option<&str>) {
        error.problems().iter().for_each(|problem| self.problem(problem));
        let message = format!("{} ({})", error.message(), active(config));
        self.app.output.failure(&Cause::of(error), &message, help.or(error.help()));
        let code = code_of(error);
        // An invalid configuration takes precedence, because it may be the cause of the other failures.
        if self.worst.is_none() || code == Code::Configuration {
            self.worst = Some(code);
        }
    }

    /// Reports a profile that can't be used, as a warning.
    pub(super) fn broken(&mut self, config: &Config, error: &Error) {
        let message = format!("{} ({})", error.message(), active(config));
        let check = match config.profile() {
            Some(profile) => self.app.command_line_of(profile, "config check"),
            None => self.app.command_line("config check"),
        };
        self.app.output.warning(&message, Some(&format!("`{check}` lists its problems")));
    }

    fn problem(&mut self, problem: &Problem) {
        if self.reported.insert(problem.to_string()) {
            self.app.output.problems([problem]);
        }
    }
}
