//! What is wrong with the configuration and is no other check's.

use super::{files, finding::Finding, origins, patient::Patient, provider, references, store};
use crate::exit::Code;

const CHECK: &str = "configuration";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let others =
        [&files::CODES[..], &origins::CODES, &provider::CODES, &references::CODES, &store::CODES];
    let problems = patient.config.problems().iter();
    let own =
        problems.filter(|problem| others.iter().all(|codes| !codes.contains(&problem.code())));
    let findings: Vec<Finding> =
        own.map(|problem| Finding::of(CHECK, Code::Configuration, problem)).collect();
    if findings.is_empty() {
        return vec![Finding::ok(CHECK, "every option is known and has a value that fits")];
    }
    findings
}
