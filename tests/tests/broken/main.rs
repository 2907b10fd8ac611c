//! Set-ups that do not work: what a user is told, and that it names an act that helps.
//!
//! A set-up is a file in `cases`, and what the command says is `snapshots/broken/NAME.txt`. A new file is a new case.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod case;
mod certificates;
mod dns;
mod server;

use std::{fs, panic, path::Path};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    snapshot::Snapshot,
};

use crate::{case::Case, server::Server};

/// So many set-ups there are at least: a folder that is not found has none.
const LEAST: usize = 40;

#[test]
fn each_message_names_an_act_that_helps() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken/cases");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= LEAST);
    let names = files.iter().map(|file| (file.file_stem().unwrap().to_str().unwrap(), file));
    let failed: Vec<&str> = names
        .filter(|(name, file)| {
            let case = Case::read(file);
            panic::catch_unwind(|| check(name, &case)).is_err()
        })
        .map(|(name, _)| name)
        .collect();
    assert!(failed.is_empty(), "{} of {}: {}", failed.len(), files.len(), failed.join(", "));
}

fn check(name: &str, case: &Case) {
    let server = case.server.as_ref().map(Server::start);
    let mut sandbox = Sandbox::new();
    let closed = server::closed();
    let authority = certificates::authority();
    let places = |text: &str| {
        let at = server.as_ref().map_or("", Server::url);
        let server = text.replace("{server}", at).replace("{port}", at.rsplit(':').next().unwrap());
        let work = sandbox.work().display().to_string();
        server.replace("{closed}", &closed).replace("{work}", &work)
    };
    sandbox.file("ca.pem", authority);
    if !case.config.is_empty() {
        sandbox.file(sandbox.config().join("authn/config.toml"), places(&case.config));
    }
    for file in &case.files {
        file.write(&sandbox, &places(&file.text));
    }
    let variables: Vec<_> =
        case.environment.iter().map(|(name, value)| (name, places(value))).collect();
    let command: Vec<String> = case.command.iter().map(|word| places(word)).collect();
    for (name, value) in variables {
        sandbox.env(name, value);
    }
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let outcome = match case.dns {
        None => sandbox.run(binary("authn"), &command),
        Some(answer) => match dns::run(&sandbox, answer, &command) {
            Some(outcome) => outcome,
            None => return,
        },
    };
    let text = told(&command, &outcome);
    Snapshot::new(&format!("broken/{name}"))
        .hide(sandbox.root().display().to_string(), "/sandbox")
        .check_text(&text);
    assert_eq!(outcome.code, case.exit, "{name}: {text}");
    assert!(text.contains(&case.act), "{name}: {}\n{text}", case.act);
}

/// What a user sees: the command, both outputs and the exit code.
fn told(command: &[&str], outcome: &Outcome) -> String {
    let Outcome { code, stdout, stderr, .. } = outcome;
    format!("$ authn {}\n{stdout}{stderr}exit {code}\n", command.join(" "))
}
