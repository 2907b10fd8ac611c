//! Whether the server that tokens come from can be reached.

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "server";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let Some(probe) = &patient.probe else { return Vec::new() };
    vec![match probe {
        Ok(Some(probe)) => Finding::ok(CHECK, format!("{} answers", probe.place)),
        Ok(None) => {
            Finding::ok(CHECK, "this provider has no server that can be asked without a secret")
        }
        Err(error) => Finding::failure(CHECK, error),
    }]
}
