//! The commands that are the same for every tool.

use std::fs;

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("Set up a tool");

#[test]
fn a_tool_is_listed_shown_set_up_and_left_as_it_was() {
    let scene = Scene::new();
    scene.configure(&["https://git.example.com"]);
    let file =
        scene.sandbox.file(scene.sandbox.home().join(".gitconfig"), "[core]\n\teditor = vi\n");
    let outcome = SECTION.run(&scene, Tool::Present, &[]);
    assert!(outcome.stdout.contains("credential_process"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("git is no longer set up"), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(file).unwrap(), "[core]\n\teditor = vi\n");
}
