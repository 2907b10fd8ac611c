//! The file of further certificate authorities.

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "authorities";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let (Some(credentials), Some(path)) = (&patient.credentials, patient.text("http.ca_file"))
    else {
        return Vec::new();
    };
    vec![match credentials.check_http() {
        Ok(()) => Finding::ok(CHECK, format!("{path} is a bundle of certificate authorities")),
        Err(error) => Finding::failure(CHECK, &error),
    }]
}
