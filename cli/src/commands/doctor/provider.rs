//! Which provider is in force.

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "provider";

/// The problems of choosing one.
pub(super) const CODES: [&str; 5] =
    ["duplicate-provider", "no-credentials", "no-provider", "two-providers", "unknown-provider"];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let problems = patient.problems(&CODES);
    let findings: Vec<Finding> =
        problems.map(|problem| Finding::of(CHECK, Code::Configuration, problem)).collect();
    if !findings.is_empty() {
        return findings;
    }
    let config = &patient.config;
    let (Some(name), Some(origin)) = (config.provider(), config.provider_origin()) else {
        return findings;
    };
    vec![Finding::ok(CHECK, format!("{name}, chosen by {origin}"))]
}
