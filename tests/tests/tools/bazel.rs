//! Bazel: its helper is called as `.bazelrc` says, with what Bazel would send.

use std::fs;

use serde_json::{Value, json};

use crate::{
    guide::{Section, Tool},
    scene::{Scene, skipped},
};

pub(crate) const SECTION: Section = Section("Bazel");

#[test]
fn its_helper_knows_the_cache_and_no_other_server() {
    let scene = Scene::new();
    scene.configure(&["https://cache.example.com"]);
    skipped("bazel would download itself");
    let outcome = SECTION.run(&scene, Tool::Absent, &[]);
    let settings = fs::read_to_string(scene.sandbox.home().join(".bazelrc")).unwrap();
    let mut helpers = settings
        .lines()
        .filter_map(|line| line.strip_prefix("common --credential_helper=cache.example.com="));
    let (helper, others) = (helpers.next().unwrap(), helpers.count());
    assert_eq!(others, 0, "{settings}");
    let ask = |uri: &str| {
        let input = json!({ "uri": uri }).to_string();
        scene.sandbox.run_with_input(helper, &["get"], input.as_bytes())
    };
    let answer = ask("https://cache.example.com/cas").success();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let expected = json!({ "Authorization": [format!("Bearer {}", scene.token())] });
    assert_eq!(answer["headers"], expected);
    let refused = ask("https://foreign.example.com/cas");
    scene.assert_secrecy(&[&outcome, &refused]);
}
