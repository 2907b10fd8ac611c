//! Whether the store that the session is kept in can be used.

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "store";

/// The problems of choosing one.
pub(super) const CODES: [&str; 2] = ["no-store", "unknown-store"];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let problems = patient.problems(&CODES);
    let mut findings: Vec<Finding> =
        problems.map(|problem| Finding::of(CHECK, Code::Configuration, problem)).collect();
    let Some(store) = &patient.store else { return findings };
    let own = store.problems.iter().map(|problem| Finding::of(CHECK, Code::Other, problem));
    findings.extend(own);
    if findings.is_empty() {
        let place = store.place.as_ref().map(|place| format!(" in {place}")).unwrap_or_default();
        findings.push(Finding::ok(CHECK, format!("{}{place} can be used", store.name)));
    }
    findings
}
