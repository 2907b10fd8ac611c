//! `config path`.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

#[test]
fn places_stand_low_to_high_with_their_state() {
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
