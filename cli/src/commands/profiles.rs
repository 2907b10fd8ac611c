//! All profiles of a configuration, and the base that they overlay, for the commands that look at each.

use std::{collections::BTreeSet, mem};

use authn::{
    Credentials, Error, Loader,
    config::{Config, Problem, Severity},
};

use super::{in_force, waiting::NO_ORIGINS};
use crate::{
    exit::{Code, code_of},
    output::Output,
    session::Session,
};

/// A configuration as one profile has it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) config: Config,
    pub(super) in_force: bool,
}

/// Reads the configuration for each profile: of the one that a flag chooses alone; else of the base, if it is
/// something by itself, and of all that there are, in the order of the alphabet.
pub(super) fn all(session: &Session) -> Vec<Profile> {
    let in_force = Profile { config: session.loader().read(), in_force: true };
    if session.global.profile.is_some() {
        return vec![in_force];
    }
    let other = |loader: Loader| Profile { config: loader.read(), in_force: false };
    let (name, names) = (in_force.config.profile(), in_force.config.profiles());
    let others = names.iter().filter(|other| name != Some(other));
    let mut all: Vec<Profile> = others.map(|name| other(session.loader().profile(name))).collect();
    if name.is_some() {
        let base = other(session.loader().without_profile());
        all.extend(Some(base).filter(Profile::is_sound));
        all.push(in_force);
    } else if in_force.stands_alone() {
        all.push(in_force);
    }
    // The base has no name, and comes first.
    all.sort_by(|one, other| one.config.profile().cmp(&other.config.profile()));
    all
}

impl Profile {
    /// Tells whether credentials can be made of it.
    fn is_sound(&self) -> bool {
        !self.config.problems().iter().any(is_error)
    }

    /// Tells whether a base is more than what profiles have in common.
    fn stands_alone(&self) -> bool {
        let has = |code| self.config.problems().iter().any(|problem| problem.code() == code);
        let is_common = has("no-provider") && !self.config.profiles().is_empty();
        // Who chose a profile that there is not must be told so.
        has("unknown-profile") || !(has("no-credentials") || is_common)
    }

    /// Gives the credentials. What is without effect in the configuration is told.
    pub(super) fn credentials(&self, teller: &mut Teller<'_>) -> Result<Credentials, Error> {
        // Where there is a log, it stands there.
        if !tracing::enabled!(target: "authn", tracing::Level::WARN) {
            let warnings = self.config.problems().iter().filter(|problem| !is_error(problem));
            warnings
                .filter(|problem| problem.code() != NO_ORIGINS)
                .for_each(|problem| teller.problem(problem));
        }
        self.config.credentials()
    }
}

/// Tells what goes wrong in one profile, and lets the others be looked at.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    output: &'a Output,
    /// What has been told: several profiles have it, as a rule.
    told: BTreeSet<String>,
    worst: Option<Code>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, told: BTreeSet::new(), worst: None }
    }

    /// Says why something could not be done for a profile, and what to do about it.
    pub(super) fn failure(&mut self, config: &Config, error: &Error, help: Option<&str>) {
        error.problems().iter().for_each(|problem| self.problem(problem));
        let message = format!("{} ({})", summary(error), in_force(config));
        self.output.error(&message, help);
        let code = code_of(error.kind());
        // A configuration that is wrong comes first, since it may be why the rest fails.
        if self.worst.is_none() || code == Code::Configuration {
            self.worst = Some(code);
        }
    }

    /// Gives the exit code of the first failure, or that of a configuration that is wrong.
    pub(super) fn worst(&mut self) -> Option<Code> {
        mem::take(&mut self.worst)
    }

    fn problem(&mut self, problem: &Problem) {
        if self.told.insert(problem.to_string()) {
            self.output.problem(problem);
        }
    }
}

/// Gives an error's text without the problems that it lists.
pub(super) fn summary(error: &Error) -> String {
    let text = error.to_string();
    match text.split_once('\n') {
        Some((first, _)) if !error.problems().is_empty() => first.to_owned(),
        _ => text,
    }
}

fn is_error(problem: &Problem) -> bool {
    problem.severity() == Severity::Error
}
