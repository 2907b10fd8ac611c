//! Whether the secrets are there that stand elsewhere.

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "references";

/// The problems of references.
pub(super) const CODES: [&str; 2] = ["bad-reference", "unresolved-reference"];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let problems: Vec<_> = patient.problems(&CODES).collect();
    let is_fine = |key: &str| problems.iter().all(|problem| problem.key() != Some(key));
    let provider = patient.config.provider().unwrap_or_default();
    let fine = patient.settings.iter().filter_map(|setting| {
        let reference = setting.reference.as_ref()?;
        // Nobody resolves those of a provider that is not in force.
        let is_used = setting.key.starts_with(&format!("credentials.{provider}."));
        let is_fine = is_used && is_fine(&setting.key);
        is_fine.then(|| Finding::ok(CHECK, format!("{} is there: {reference}", setting.key)))
    });
    let wrong = problems.iter().map(|problem| Finding::of(CHECK, Code::Configuration, problem));
    fine.chain(wrong).collect()
}
