//! What `doctor` finds in each case.

use std::{collections::BTreeMap, path::Path};

use authn_tests::{
    command::{Outcome, binary},
    tools::server::Server,
};
use serde::Deserialize;

use crate::{
    cases, sandbox,
    server::{Given, Staged},
    update,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    about: String,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    configuration: String,
    #[serde(default)]
    answers: Vec<Given>,
    /// Whether the server has a certificate, which has expired.
    #[serde(default)]
    expired: bool,
    code: i32,
    /// State, check, finding and help of all that is not `ok`, and of the named ones that are.
    rows: Vec<[String; 4]>,
}

#[test]
fn the_doctor_finds_what_decides() {
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operator/expired.pem");
    for (name, case) in cases::<Case>("doctor") {
        let scheme = if case.expired { "https" } else { "http" };
        let site = Staged::new(scheme, &case.answers);
        let server = if case.expired {
            Server::start_tls_with(site, &certificate, &certificate)
        } else {
            Server::start(site)
        };
        let configuration =
            case.configuration.replace("CERTIFICATE", certificate.to_str().unwrap());
        let mut sandbox = sandbox(&configuration, &server.url());
        for (variable, value) in &case.variables {
            sandbox.env(variable, value);
        }
        let mut arguments = vec!["doctor"];
        arguments.extend(case.arguments.iter().map(String::as_str));
        let outcome = sandbox.run(binary("authn"), &arguments);
        let Outcome { code, stdout, stderr, .. } = &outcome;
        assert!(!format!("{stdout}{stderr}").contains("s3cr3t"), "{name}\n{stdout}\n{stderr}");
        let root = sandbox.root().display().to_string();
        let stdout = stdout.replace(&server.url(), "SERVER").replace(&root, "");
        let row = |line: &str| -> [String; 4] {
            line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
        };
        let mut rows: Vec<[String; 4]> = stdout.lines().map(row).collect();
        rows.retain(|row| row[0] != "ok" || case.rows.contains(row));
        let written: toml_edit::Array =
            rows.iter().map(|row| row.iter().collect::<toml_edit::Array>()).collect();
        if update("doctor", &name, "rows", written) {
            continue;
        }
        assert_eq!(rows, case.rows, "{name}: {}\n{stdout}\n{stderr}", case.about);
        assert_eq!(*code, case.code, "{name}\n{stderr}");
        assert_eq!(server.log().len(), case.answers.len(), "{name}: {:?}", server.requests());
    }
}
