//! The configuration's files: which were found, which can't be read, and which are withheld.

use authn::config::{Source, SourceState};

use super::{finding::Finding, patient::Patient};
use crate::exit::Code;

const CHECK: &str = "files";

/// The problems of whole files.
pub(super) const CODES: [&str; 6] =
    ["no-such-file", "not-a-file", "not-utf-8", "syntax", "too-large", "unreadable"];

pub(super) fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        patient.config.sources().iter().filter_map(|source| found(patient, source)).collect();
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

fn found(patient: &Patient<'_>, source: &Source) -> Option<Finding> {
    let path = source.path.as_ref()?.display();
    match source.state {
        // What has failed is among the problems.
        SourceState::Absent | SourceState::Failed => None,
        SourceState::Withheld => {
            let app = &patient.session.app;
            let app = if app == "authn" { String::new() } else { format!(" --app {app}") };
            let message =
                format!("the project's file {path} is not trusted: it chooses a profile at most");
            Some(
                Finding::warning(CHECK, message)
                    .mended_by(format!("`authn config trust{app}`, if you trust it")),
            )
        }
        _ => Some(Finding::ok(CHECK, format!("{path} is read"))),
    }
}
