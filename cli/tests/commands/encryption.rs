//! Keys by which sessions are encrypted: how they are given, shown and replaced.

use std::fs;

use serde_json::{Value, json};

use crate::{sandbox::Sandbox, server::Server};

const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KEY: &str = "AUTHN_STORES__FILE__ENCRYPTION_KEY";
const PREVIOUS: &str = "AUTHN_STORES__FILE__PREVIOUS_ENCRYPTION_KEYS";

/// Returns the texts of all files in the store's folder.
fn texts(sandbox: &Sandbox) -> Vec<String> {
    let folder = fs::read_dir(sandbox.path("home/.local/state/authn/tokens")).unwrap();
    folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

fn sessions(sandbox: &Sandbox) -> Vec<Value> {
    let json = sandbox.run(&["stores", "file", "--json"]).done();
    let shown: Value = serde_json::from_str(&json).unwrap();
    shown["sessions"].as_array().unwrap().clone()
}

#[test]
fn a_command_encrypts_the_sessions_and_does_it_once() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    assert_eq!(sessions(&sandbox)[0]["key_id"], Value::Null);
    let without = sandbox.run(&["stores", "--encrypt"]);
    assert_eq!(without.code, 3, "{without:?}");
    assert!(without.stderr.contains("openssl rand -base64 32"), "{without:?}");
    let named = sandbox.run(&["stores", "file", "--encrypt"]);
    assert_eq!(named.code, 3, "{named:?}");
    assert!(named.stderr.contains("`stores.file.encryption_key`"), "{named:?}");

    let sandbox = sandbox.env(KEY, OLD);
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert!(
        doctor.stdout.contains("not encrypted with its current key: 2 (keys in use: none)"),
        "{doctor:?}"
    );
    assert!(doctor.stdout.contains("stores file --encrypt"), "{doctor:?}");
    let place = "/home/.local/state/authn/tokens";
    for count in [2, 0] {
        let done = sandbox.run_without_folder(&["stores", "--encrypt"]).done();
        assert_eq!(done, format!("file\t{count}\t{place}\n"));
    }
    let id = sessions(&sandbox)[0]["key_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 8);
    assert!(!texts(&sandbox).iter().any(|text| text.contains("t0k3n")));
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert!(!doctor.stdout.contains("encrypted"), "{doctor:?}");
    assert_eq!(sandbox.run(&["token"]).done(), "t0k3n\n");

    let sandbox = sandbox.env(KEY, NEW).env(PREVIOUS, OLD);
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert!(doctor.stdout.contains(&format!("(keys in use: {id})")), "{doctor:?}");
    let done = sandbox.run_without_folder(&["stores", "file", "--encrypt", "--json"]).done();
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done, json!([{ "name": "file", "place": place, "encrypted": 2 }]));
    assert_ne!(sessions(&sandbox)[0]["key_id"], json!(id));
    assert_eq!(sandbox.run(&["token"]).done(), "t0k3n\n");
}

#[test]
fn without_the_key_the_session_is_named_and_kept() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store().env(KEY, OLD);
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let id = sessions(&sandbox)[0]["key_id"].as_str().unwrap().to_owned();
    let before = texts(&sandbox);
    let sandbox = sandbox.env(KEY, NEW);
    let status = sandbox.run(&["status"]);
    assert!(status.code != 0 && status.stderr.contains(&id), "{status:?}");
    assert!(status.stderr.contains("stores.file.previous_encryption_keys"), "{status:?}");
    let session = &sessions(&sandbox)[0];
    assert_eq!((&session["key_id"], &session["provider"]), (&json!(id), &json!("oauth")));
    let encrypt = sandbox.run(&["stores", "--encrypt"]);
    assert!(encrypt.code != 0 && encrypt.stderr.contains(&id), "{encrypt:?}");
    assert_eq!((&*encrypt.stdout, texts(&sandbox)), ("", before));

    // The stores of other profiles are encrypted even so.
    let place = sandbox.path("home/other").display().to_string();
    let other = format!("[profile.other.stores.file]\ndirectory = '{place}'\n");
    let config = sandbox.path("home/.config/authn/config.toml");
    let text = fs::read_to_string(&config).unwrap() + &other;
    fs::write(&config, text).unwrap();
    let both = sandbox.run(&["stores", "--encrypt"]);
    assert_eq!(both.code, encrypt.code, "{both:?}");
    assert!(both.stderr.contains(&id), "{both:?}");
    assert_eq!(both.stdout, format!("file\t0\t{place}\n"));
    assert_eq!(sandbox.env(KEY, OLD).run(&["token"]).done(), "t0k3n\n");
}

#[test]
fn a_list_of_previous_keys_is_given_in_each_way_and_never_shown() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store().env(KEY, OLD);
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let mut sandbox = sandbox.env(KEY, NEW).env("OLD_KEY", OLD);
    let file = sandbox.file("old", format!("{OLD}\n"));
    let other = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let file = file.display();
    for list in [
        OLD.to_owned(),
        format!("{other},{OLD}"),
        format!("{other}, {OLD}"),
        format!("['{other}', '{OLD}']"),
        format!("['{other}', {{ file = '{file}' }}]"),
        format!("[{{ file = '{file}' }}]"),
        "[{ env = 'OLD_KEY' }]".to_owned(),
    ] {
        sandbox = sandbox.env(PREVIOUS, &list);
        assert_eq!(sandbox.run(&["token"]).done(), "t0k3n\n", "{list}");
        for arguments in [
            &["config", "show"][..],
            &["config", "show", "--json"],
            &["config", "check"],
            &["doctor", "--offline"],
            &["explain", "https://a.test"],
            &["stores", "--json"],
        ] {
            let outcome = sandbox.run(arguments);
            assert_eq!(outcome.code, 0, "{list}: {arguments:?}: {outcome:?}");
            for key in [OLD, NEW, other] {
                let shown = [&outcome.stdout, &outcome.stderr];
                assert!(!shown.iter().any(|text| text.contains(key)), "{arguments:?}: {outcome:?}");
            }
        }
        let shown = sandbox.run(&["config", "show"]).done();
        assert!(shown.contains("stores.file.encryption_key"), "{shown}");
        assert!(shown.contains("stores.file.previous_encryption_keys"), "{shown}");
    }
}

#[test]
fn a_key_of_a_list_is_refused_in_a_flag_and_without_being_shown() {
    let sandbox = Sandbox::with("[credentials]\norigins = ['*']\nbearer = 'abc'\n").env(KEY, NEW);
    for value in [format!("{OLD},{OLD}"), format!("['{OLD}']")] {
        let set = format!("stores.file.previous_encryption_keys={value}");
        let outcome = sandbox.run(&["--set", &set, "token"]);
        assert_eq!(outcome.code, 3, "{outcome:?}");
        assert!(outcome.stderr.contains("error: literal-secret"), "{outcome:?}");
        assert!(!outcome.stderr.contains(OLD), "{outcome:?}");
    }
    let sandbox = sandbox.env("OLD_KEY", OLD);
    for reference in ["[{ env = \"OLD_KEY\" }]", "{ env = \"OLD_KEY\" }"] {
        let by_reference = format!("stores.file.previous_encryption_keys={reference}");
        assert_eq!(sandbox.run(&["--set", &by_reference, "token"]).done(), "abc\n");
    }
}

#[test]
fn the_keys_are_described_where_options_are() {
    let sandbox = Sandbox::new();
    let options = sandbox.run(&["options", "stores.file"]).done();
    for (key, of) in [("encryption_key", "secret"), ("previous_encryption_keys", "list of secrets")]
    {
        let row = options.lines().find(|row| row.starts_with(&format!("stores.file.{key}\t")));
        assert!(row.unwrap().contains(&format!("\t{of}\t")), "{options}");
    }
    let schema: Value = serde_json::from_str(&sandbox.run(&["config", "schema"]).done()).unwrap();
    let file = &schema["$defs"]["stores"]["properties"]["file"]["properties"];
    assert_eq!(file["encryption_key"]["writeOnly"], json!(true));
    let list = &file["previous_encryption_keys"];
    assert_eq!((&list["type"], &list["writeOnly"]), (&json!(["array", "string"]), &json!(true)));
    assert!(!list["items"].is_null(), "{list}");
}

#[test]
fn a_literal_key_in_a_file_that_others_can_read_is_a_warning() {
    let sandbox = Sandbox::with(format!(
        "[credentials]\norigins = ['*']\nbearer = {{ env = 'T' }}\n[stores.file]\n\
         encryption_key = {{ env = 'K' }}\nprevious_encryption_keys = ['{OLD}']\n"
    ));
    let sandbox = sandbox.env("K", NEW).env("T", "abc");
    crate::sandbox::set_mode(&sandbox.path("home/.config/authn/config.toml"), 0o644);
    let check = sandbox.run(&["config", "check"]);
    assert!(check.stderr.contains("literal-secret"), "{check:?}");
    assert!(check.stderr.contains("previous_encryption_keys"), "{check:?}");
    assert!(!check.stderr.contains(OLD), "{check:?}");
}
