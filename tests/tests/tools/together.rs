//! Many commands at once, as a build with many repositories starts them.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    process::{Child, Stdio},
};

use authn_tests::command::Outcome;
use serde_json::Value;

use crate::scene::Scene;

const COMMANDS: usize = 200;

#[test]
fn an_expired_session_is_renewed_once_for_all() {
    let scene = Scene::new();
    scene.configure(&["https://git.example.com"]);
    scene.issue("expired");
    assert_eq!(scene.shell("authn token").success(), "expired\n");
    expire(&scene);
    scene.issue(&scene.token());
    let before = scene.rig.count(&[("endpoint", "token")]);

    // All of them are started before the first one has its question.
    let mut children: Vec<Child> = (0..COMMANDS)
        .map(|_| {
            let mut command = scene.sandbox.command("authn");
            command.args(["git-credential", "get"]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let question = b"capability[]=authtype\nprotocol=https\nhost=git.example.com\n\n";
    for child in &mut children {
        child.stdin.take().unwrap().write_all(question).unwrap();
    }
    let answers: BTreeSet<String> = children
        .into_iter()
        .map(|child| {
            let outcome = Outcome::of(child.wait_with_output().unwrap());
            assert_eq!(outcome.stderr, "");
            outcome.success()
        })
        .collect();
    let [answer] = &Vec::from_iter(answers)[..] else { panic!("there are several answers") };
    assert!(answer.contains(&format!("\ncredential={}\n", scene.token())), "{answer}");
    assert_eq!(scene.rig.count(&[("endpoint", "token")]) - before, 1);
}

/// Makes the stored token one that has expired.
fn expire(scene: &Scene) {
    let folder = scene.sandbox.state().join("authn/tokens");
    let documents = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<_> =
        documents.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    let path = documents.pop().unwrap();
    assert!(documents.is_empty(), "there is one session");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for token in document["tokens"].as_object_mut().unwrap().values_mut() {
        token["expires_at"] = 1_000.into();
        token["asked_at"] = 0.into();
    }
    fs::write(path, document.to_string()).unwrap();
}
