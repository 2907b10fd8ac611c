//! `config path`.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

#[test]
fn sources_are_listed_low_to_high_with_their_state() {
    let sandbox = Sandbox::with("[credentials\n");
    let further = sandbox.file("further.toml", "[credentials]\n");
    let sandbox = sandbox.env("AUTHN_CREDENTIALS__DOMAIN", "a.test");
    let arguments = ["--config", further.to_str().unwrap(), "config", "path"];
    assert_eq!(
        sandbox.run_without_folder(&arguments).done(),
        "\
system\tabsent\t/etc/authn/config.toml
user\tfailed\t/home/.config/authn/config.toml
file\tread\t/further.toml
environment\tread\tAUTHN_…
flags\tabsent\t--set
"
    );
    let json = sandbox.run_without_folder(&["config", "path", "--json"]).done();
    let json: Value = serde_json::from_str(&json).unwrap();
    let user =
        json!({ "name": "user", "state": "failed", "path": "/home/.config/authn/config.toml" });
    assert_eq!(json[1], user);
    assert_eq!(json[2], json!({ "name": "environment", "state": "read", "path": null }));
}

#[test]
fn invisible_characters_of_a_path_are_escaped() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("a\u{202e}lmot.\u{200b}b", "[credentials\n");
    let outcome =
        sandbox.run_without_folder(&["--config", file.to_str().unwrap(), "config", "path"]);
    assert!(outcome.stdout.contains("file\tfailed\t/a\\u{202e}lmot.\\u{200b}b\n"), "{outcome:?}");
    let outcome =
        sandbox.run_without_folder(&["--config", file.to_str().unwrap(), "config", "check"]);
    let shown = outcome.stdout + &outcome.stderr;
    assert!(shown.contains("/a\\u{202e}lmot.\\u{200b}b:1"), "{shown}");
    assert!(!shown.contains(['\u{202e}', '\u{200b}']), "{shown}");
}
