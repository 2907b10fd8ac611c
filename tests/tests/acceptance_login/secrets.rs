//! The sweep for secrets of whole logins with the log of everything: screens, pages, outputs, and what other
//! processes see of the command line.

use std::{fs, path::Path};

use authn::conformance::Canary;
use authn_tests::{browser::Browser, rig::Rig, terminal::Terminal};
use serde_json::{Value, json};

use crate::scene::{Scene, link};

/// The log of everything, so that each way is swept where it says most.
const LOUD: &str = "-vvv";

/// Tokens that are all the canary, whatever they are asked for with.
fn tokens(canary: &Canary) -> Value {
    let canary = canary.as_str();
    let body = json!({
        "access_token": canary, "refresh_token": canary, "token_type": "Bearer", "expires_in": 3600,
    });
    let headers = json!({ "content-type": "application/json" });
    json!([{ "times": 100, "status": 200, "headers": headers, "body": body }])
}

/// Searches a text.
#[track_caller]
fn search(what: &str, text: &str, canary: &Canary) {
    assert_eq!(canary.find_in(text.as_bytes()), None, "{what}: {text}");
}

/// Searches the command lines and the environments of all programs that the user runs.
#[track_caller]
fn search_processes(scene: &Scene, canary: &Canary) {
    let home = scene.sandbox.home();
    let home = home.to_str().expect("a path in UTF-8");
    let mut found = 0;
    for process in fs::read_dir("/proc").expect("the processes").flatten() {
        let read = |name| fs::read(process.path().join(name)).unwrap_or_default();
        let environment = read("environ");
        if !String::from_utf8_lossy(&environment).contains(home) {
            continue;
        }
        found += 1;
        let command = read("cmdline");
        assert_eq!(canary.find_in(&command), None, "{}", String::from_utf8_lossy(&command));
        assert_eq!(canary.find_in(&environment), None);
    }
    assert!(found > 0, "the login itself is one of them");
}

/// Searches the output of a login, and of every command on its session until it ends.
#[track_caller]
fn search_session(scene: &Scene, terminal: &Terminal, canary: &Canary) {
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    search("the terminal", &terminal.transcript(), canary);
    assert!(canary.find_in(scene.sessions().concat().as_bytes()).is_some(), "it is kept");
    let token = scene.authn(&[LOUD, "token"]);
    assert_eq!(token.stdout.trim_end(), canary.as_str());
    search("the log of a token", &token.stderr, canary);
    for arguments in [
        &[LOUD, "status"][..],
        &[LOUD, "status", "--json"],
        &[LOUD, "stores"],
        &[LOUD, "doctor"],
        &[LOUD, "config", "show"],
        &[LOUD, "logout", "--revoke"],
        // If the server refuses that, nothing is deleted yet.
        &[LOUD, "logout"],
    ] {
        let outcome = scene.authn(arguments);
        search(&format!("{arguments:?}"), &(outcome.stdout + &outcome.stderr), canary);
    }
    assert!(canary.find_in(&all_files(&scene.sandbox.home())).is_none(), "nothing is left");
}

/// Everything in the user's folders.
fn all_files(home: &Path) -> Vec<u8> {
    fn read(folder: &Path, all: &mut Vec<u8>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                read(&entry.path(), all);
            } else {
                all.extend(fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    let mut all = Vec::new();
    read(home.parent().expect("the user's folders"), &mut all);
    all
}

#[test]
fn a_login_by_a_browser_shows_none() {
    let (scene, canary) = (Scene::new("native", ""), Canary::new());
    scene.rig.answers(&json!({ "callback": { "code": canary.as_str() } }));
    scene.rig.faults(&tokens(&canary));
    let terminal = scene.login(&["--no-browser", LOUD]);
    let opened = link(&terminal);
    search_processes(&scene, &canary);
    let report = Browser::fake().open(&opened);
    assert_eq!(report["status"], 200, "{report}");
    search("the page", report["words"].as_str().expect("a page"), &canary);
    search_session(&scene, &terminal, &canary);
}

#[test]
fn no_page_repeats_what_was_sent() {
    let (scene, canary) = (Scene::new("native", ""), Canary::new());
    let sent = canary.as_str();
    for (callback, code) in [
        (json!({ "state": sent }), 130),
        (json!({ "error": sent, "error_description": sent, "error_uri": sent }), 5),
        (json!({ "error": "access_denied", "error_description": sent, sent: sent }), 5),
        (json!({ "code": [sent, sent] }), 5),
        (json!({ "iss": sent }), 5),
    ] {
        scene.rig.answers(&json!({ "callback": callback }));
        let terminal = scene.login(&["--no-browser", LOUD]);
        let report = Browser::fake().open(&link(&terminal));
        assert_eq!(report["status"], 400, "{report}");
        search("the page", report["words"].as_str().expect("a page"), &canary);
        if code == 130 {
            terminal.wait_for("which was ignored");
            terminal.press("C-c");
        }
        assert_eq!(terminal.wait_for_end(), code, "{callback}: {}", terminal.transcript());
        search("the terminal", &terminal.transcript(), &canary);
    }
}

#[test]
fn a_login_by_a_device_shows_none() {
    let (scene, canary) = (Scene::new("device-quick", "grant_type = 'device_code'"), Canary::new());
    scene.rig.answers(&json!({ "device_authorization": { "device_code": canary.as_str() } }));
    // The server itself does not know that device code.
    let pending = json!({ "error": "authorization_pending" });
    scene.rig.faults(&json!([{ "times": 100, "status": 400, "body": pending }]));
    let terminal = scene.login(&[LOUD]);
    terminal.wait_for("waiting for the code");
    search_processes(&scene, &canary);
    scene.rig.faults(&tokens(&canary));
    search_session(&scene, &terminal, &canary);
}

#[test]
fn a_secret_that_is_typed_in_is_not_shown() {
    let scene = Scene::with(|rig: &Rig| {
        format!(
            "issuer_url = '{}'\nclient_id = 'kc-cc'\ngrant_type = 'client_credentials'",
            rig.issuer()
        )
    });
    let canary = Canary::new();
    scene.rig.faults(&tokens(&canary));
    let terminal = scene.login(&[LOUD]);
    terminal.wait_for("Client secret (not shown):");
    terminal.send(canary.as_str());
    search_processes(&scene, &canary);
    terminal.press("Enter");
    search_session(&scene, &terminal, &canary);
}

#[test]
fn a_pasted_address_contains_only_visible_values() {
    let (scene, canary) = (Scene::new("native", ""), Canary::new());
    scene.rig.faults(&tokens(&canary));
    let terminal = scene.login(&["--console", LOUD]);
    terminal.wait_for("or the code: >");
    terminal.send("made-up-code");
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert_eq!(shown.matches("made-up-code").count(), 1, "as it was typed, and in no log: {shown}");
    search("the terminal", &shown, &canary);
}
