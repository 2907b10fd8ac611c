//! Where credentials may be sent.

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "origins";

/// The problem of being bound to none.
pub(super) const CODES: [&str; 1] = ["no-origins"];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let problems = patient.problems(&CODES);
    let mut findings: Vec<Finding> =
        problems.map(|problem| Finding::of(CHECK, Code::Configuration, problem)).collect();
    if let Some(credentials) = &patient.credentials
        && !credentials.origins().is_empty()
    {
        let origins: Vec<String> = credentials.origins().iter().collect();
        let all = format!("requests to {} are authorised", origins.join(", "));
        findings.push(Finding::ok(CHECK, all));
    }
    findings
}
