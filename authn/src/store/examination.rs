//! `Examination`: what a store says of its server and of the leases there, for users.

use std::time::{Duration, SystemTime};

use super::StoreKey;
use crate::diagnostic::{Problem, ProblemCode};

/// What a store says of its server. It is empty for a store without one.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    facts: Vec<(&'static str, String)>,
    problems: Vec<Problem>,
    leases: Vec<KnownLease>,
}

/// A lease that is held at present.
#[derive(Clone, Debug)]
pub struct KnownLease {
    /// The session.
    pub key: StoreKey,
    /// Who has it, such as a machine and a process.
    pub holder: String,
    /// When it was acquired, by the clock of the holder; `None` if that is unknown.
    pub since: Option<SystemTime>,
    /// When it ends, unless it is extended.
    pub ends_in: Duration,
}

impl Examination {
    /// Adds a fact, such as `version` and `7.2.4`.
    pub fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    /// Adds a warning, with what helps.
    pub fn warn(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let problem = Problem::warning(ProblemCode::Store, message);
        self.problems.push(problem.with_help(help));
    }

    /// Adds a lease.
    pub fn add_lease(&mut self, lease: KnownLease) {
        self.leases.push(lease);
    }

    /// Returns the facts, each with its name.
    pub fn facts(&self) -> &[(&'static str, String)] {
        &self.facts
    }

    /// Returns the warnings.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the leases.
    pub fn leases(&self) -> &[KnownLease] {
        &self.leases
    }
}
