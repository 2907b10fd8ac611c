//! podman, buildah and skopeo: their helper is asked as they ask it.

use std::fs;

use serde_json::{Value, json};

use crate::{
    guide::{Section, Tool},
    scene::{CLIENT, Scene, skipped},
};

pub(crate) const SECTION: Section = Section("podman");

#[test]
fn its_helper_knows_the_registry_and_no_other() {
    let scene = Scene::new();
    scene.configure(&["https://registry.example.com"]);
    skipped("podman pulls into a store of its own");
    let outcome = SECTION.run(&scene, Tool::Absent, &[]);
    let file = scene.sandbox.config().join("containers/auth.json");
    let file: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(file["credHelpers"], json!({ "registry.example.com": "authn" }));

    let ask = |server: &str| {
        let helper = scene.programs().join("docker-credential-authn");
        scene.sandbox.run_with_input(helper, &["get"], server.as_bytes())
    };
    let answer: Value = serde_json::from_str(&ask("registry.example.com").success()).unwrap();
    assert_eq!((&answer["Username"], &answer["Secret"]), (&json!(CLIENT), &json!(scene.token())));
    let refused = ask("foreign.example.com");
    assert_eq!(refused.stdout, "credentials not found in native keychain\n");
    assert_eq!(refused.code, 1);
    scene.assert_secrecy(&[&outcome, &refused]);
}
