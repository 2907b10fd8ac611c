//! The configuration's files: which were found, which can't be read, and which are withheld.

use authn::config::{Source, SourceState};

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "files";

/// The problems of whole files.
pub(super) const CODES: [&str; 7] = [
    "no-such-file",
    "not-a-file",
    "not-utf-8",
    "syntax",
    "too-large",
    "unreadable",
    "untrusted-project",
];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let mut findings: Vec<Finding> = patient.config.sources().iter().filter_map(found).collect();
    let problems = patient.problems(&CODES);
    findings.extend(problems.map(|problem| Finding::of(CHECK, Code::Configuration, problem)));
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            "no configuration file is there; `config path` lists the places",
        ));
    }
    findings
}

fn found(source: &Source) -> Option<Finding> {
    let path = source.path.as_ref()?.display();
    match source.state {
        // What has failed, or is not trusted, is among the problems.
        SourceState::Absent
        | SourceState::Failed
        | SourceState::Withheld
        | SourceState::Changed => None,
        _ => Some(Finding::ok(CHECK, format!("{path} is read"))),
    }
}
