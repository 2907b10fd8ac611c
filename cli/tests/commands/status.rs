//! `status`: it asks no server, so these servers answer nothing unless a token is wanted.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    sandbox::{Outcome, Sandbox, set_mode},
    server::Server,
};

/// Ends at the first second of 2100, by a signature that nobody checks.
const IN_2100: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
const FIRST_OF_2100: u64 = 4_102_444_800;

/// The one row, and what is said beside it.
#[track_caller]
fn row(outcome: Outcome) -> (Vec<String>, String) {
    let stderr = outcome.stderr.clone();
    let stdout = outcome.done();
    let row = stdout.strip_suffix('\n').unwrap();
    assert!(!row.contains('\n'), "{row}");
    (row.split('\t').map(str::to_owned).collect(), stderr)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_session_is_shown_while_it_is_kept() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!(cells, ["-", "oauth", "cli", "none", "no", "file", "-", "https://a.test"]);
    assert_eq!(said, "no valid token is kept: `authn token` gets one\n");

    // Ten days and a half: what passes meanwhile changes no day.
    server.giving("t0k3n", 907_200, || sandbox.run(&["token"])).done();
    let (cells, said) = row(sandbox.run(&["status"]));
    assert!(cells[3].starts_with("10d1") && cells[3].ends_with("h left"), "{cells:?}");
    assert_eq!(cells[4..], ["no", "file", "read", "https://a.test"]);
    assert_eq!(said, "");

    sandbox.file("work/ci.toml", "[profile.ci]\n");
    let (cells, _) = row(sandbox.run(&["--config", "ci.toml", "--profile", "ci", "status"]));
    assert_eq!(cells[..4], ["ci", "oauth", "cli", "none"], "each profile has a session of its own");
    server.is_left_alone();
}

#[test]
fn json_has_the_times_exactly() {
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = \"a.test\"\norigins = [\"https://*.b.test\"]\njwt = \"{IN_2100}\"\n\
         [profile.ci]\n"
    ));
    let earliest = now();
    let stdout = sandbox.run(&["-p", "ci", "status", "--json"]).done();
    let latest = now();
    let mut shown: Value = serde_json::from_str(&stdout).unwrap();
    let left = shown[0].as_object_mut().unwrap().remove("expires_in").unwrap().as_u64().unwrap();
    // Part of a second is no whole one.
    assert!(left < FIRST_OF_2100 - earliest + 1 && left + 1 >= FIRST_OF_2100 - latest, "{left}");
    let expected = json!([{
        "profile": "ci",
        "provider": "jwt",
        "identity": null,
        "has_token": true,
        "expires_at": "2100-01-01T00:00:00Z",
        "scopes": null,
        "has_refresh_token": false,
        "store": null,
        "domain": "a.test",
        "origins": ["https://a.test", "https://*.b.test"],
    }]);
    assert_eq!(shown, expected);
}

#[test]
fn json_of_a_kept_session() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let shown =
        || -> Value { serde_json::from_str(&sandbox.run(&["status", "--json"]).done()).unwrap() };
    let nothing = &shown()[0];
    assert_eq!((&nothing["has_token"], &nothing["store"]), (&json!(false), &json!("file")));
    assert_eq!((&nothing["expires_at"], &nothing["expires_in"]), (&Value::Null, &Value::Null));
    let token = server.giving("t0k3n", 3_600, || sandbox.run(&["token", "--json"])).done();
    let token: Value = serde_json::from_str(&token).unwrap();
    let kept = &shown()[0];
    assert_eq!(kept["has_token"], true);
    assert_eq!(kept["expires_at"], token["expires_at"]);
    assert_eq!(kept["scopes"], json!(["read"]));
    assert!(kept["expires_in"].as_u64().unwrap() < 3_600);
}

#[test]
fn a_program_without_a_token_says_so_calmly() {
    let server = Server::new();
    let (cells, said) = row(server.sandbox().run(&["status"]));
    assert_eq!(cells[3..6], ["none", "no", "memory"]);
    assert_eq!(
        said,
        "no token is kept: in memory it ends with each program, and each gets its own\n"
    );
    server.is_left_alone();

    let sandbox = Sandbox::with("[credentials]\nbasic = { username = \"ann\" }\n");
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!(cells, ["-", "basic", "ann", "none", "no", "-", "-", "-"]);
    assert!(said.starts_with("no token is at hand"), "{said}");

    let (cells, said) = row(Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n").run(&["status"]));
    assert_eq!((&*cells[3], &*said), ("valid", ""));
}

#[test]
#[cfg(unix)]
fn a_store_that_can_not_be_read_is_no_calm_matter() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.for_each(|file| set_mode(&file, 0o644));
    for command in ["status", "logout", "stores"] {
        let outcome = sandbox.run(&[command]);
        assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("chmod 600 "), "{}", outcome.stderr);
    }
}
