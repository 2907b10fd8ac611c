//! The same requests through every HTTP client: `cases` has a file each, which says what is sent, how the servers answer, what
//! they receive, and how each request ends. `except` names the clients for which a case does not hold, and why.
//!
//! To add a case, add a file. A client is a module of `client`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod case;
mod client;
mod grpc;
mod one_stream;
mod rotation;
mod scene;
mod server;
mod text;

use std::{collections::BTreeSet, fs, path::PathBuf};

use case::Case;
use client::{CLIENTS, Client};
use scene::Scene;

/// Returns all cases by their names.
fn cases() -> Vec<(String, Case)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/cases"));
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let case = toml_edit::de::from_str(&text);
        let case = case.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), case));
    }
    cases.sort_by(|(one, _), (other, _)| one.cmp(other));
    cases
}

#[test]
fn each_case_says_for_which_clients_it_holds() {
    let cases = cases();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    let known: BTreeSet<&str> = CLIENTS.iter().map(|client| client.name()).collect();
    for (name, case) in &cases {
        assert!(!case.about.is_empty(), "{name}");
        let held = known.iter().filter(|client| !case.except.contains_key(**client)).count();
        assert!(held > 0, "{name} holds for no client");
        for (client, reason) in &case.except {
            assert!(known.contains(&**client), "{name} names the client {client}");
            assert!(reason.len() >= 15, "{name} says why it does not hold for {client}");
        }
    }
}

/// Runs each case that holds for a client, and reports all that fail.
async fn run(client: Client) {
    let mut failed = Vec::new();
    let mut count = 0;
    for (name, case) in cases() {
        if case.except.contains_key(client.name()) {
            continue;
        }
        count += 1;
        if let Err(error) = Scene::new(case, client).play().await {
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{} of {count}:\n{}", failed.len(), failed.join("\n"));
    assert!(count >= 15, "{count} cases");
}

#[tokio::test]
async fn reqwest() {
    run(Client::Reqwest).await;
}

#[tokio::test]
async fn reqwest_with_extensions() {
    run(Client::Execute).await;
}

#[tokio::test]
async fn blocking() {
    run(Client::Blocking).await;
}

#[tokio::test]
async fn tower() {
    run(Client::Tower).await;
}

#[tokio::test]
async fn tonic() {
    run(Client::Tonic).await;
}
