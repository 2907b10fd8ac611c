//! What tools send to their helpers and get, as it is published: a file each in `exchanges`. This is all that is tested of
//! a tool that isn't here.
//!
//! In an output, `{token}` is the token, `{epoch}` its expiry in seconds, and `{time}` the same by RFC 3339. An output of
//! JSON is compared by its values.

use std::{fs, io::Write as _, os::unix::fs::symlink, path::Path, process::Stdio};

use authn_tests::command::Outcome;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use toml_edit::{DocumentMut, Item};

use crate::scene::Scene;

const ORIGINS: [&str; 7] = [
    "https://git.example.com",
    "https://registry.example.com",
    "https://cache.example.com",
    "https://cargo.example.com",
    "https://cluster.example.com",
    "https://modules.example.com",
    "https://index.example.com",
];

/// A profile with AWS keys.
const KEYS: &str = r#"[profile.keys.credentials]
provider = "exec"
[profile.keys.credentials.exec]
format = "aws"
command = ["echo", '{"Version":1,"AccessKeyId":"AKIATHINGS","SecretAccessKey":"abc","SessionToken":"def","Expiration":"2099-01-01T00:00:00Z"}']
"#;

/// The keys of a case.
const MEMBERS: [&str; 7] =
    ["source", "program", "arguments", "environment", "input", "output", "code"];

#[test]
fn every_published_exchange_is_kept() {
    let scene = Scene::new();
    scene.configure(&ORIGINS);
    let config = scene.sandbox.config().join("authn/config.toml");
    let text = fs::read_to_string(&config).unwrap() + KEYS;
    fs::write(config, text).unwrap();
    let known: Value = serde_json::from_str(&scene.shell("authn token --json").success()).unwrap();
    let time = known["expires_at"].as_str().unwrap();
    let epoch = OffsetDateTime::parse(time, &Rfc3339).unwrap().unix_timestamp().to_string();
    let values =
        [("{token}", known["token"].as_str().unwrap()), ("{epoch}", &epoch), ("{time}", time)];

    let mut wrong = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/exchanges");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    for path in &files {
        let case: DocumentMut = fs::read_to_string(path).unwrap().parse().unwrap();
        let name = path.file_stem().unwrap().display();
        if let Some(key) = case.iter().find(|(key, _)| !MEMBERS.contains(key)) {
            panic!("{name}: {key:?}");
        }
        let expected =
            values.iter().fold(text_of(&case, "output"), |text, (from, to)| text.replace(from, to));
        let code = case.get("code").map_or(Some(0), Item::as_integer).unwrap();
        let outcome = ask(&scene, &case);
        let is_same = i64::from(outcome.code) == code && is_same(&outcome.stdout, &expected);
        if !is_same || outcome.stderr.contains(&scene.token()) {
            wrong.push(format!("{name} expects {code} and\n{expected}\n{outcome:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(files.len() >= 14, "there are exchanges, and {} were found", files.len());
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1, "one token serves all");
}

/// Runs the helper of a case.
fn ask(scene: &Scene, case: &DocumentMut) -> Outcome {
    let name = case.get("program").map_or("authn", |name| name.as_str().unwrap());
    let program = scene.programs().join(name);
    if !program.exists() {
        symlink(scene.programs().join("authn"), &program).unwrap();
    }
    let mut command = scene.sandbox.command(program);
    let arguments = case["arguments"].as_array().unwrap();
    command.args(arguments.iter().map(|word| word.as_str().unwrap()));
    for (name, value) in case.get("environment").and_then(Item::as_table).into_iter().flatten() {
        command.env(name, value.as_str().unwrap().trim());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A helper may end without reading its input.
    let _ = child.stdin.take().unwrap().write_all(text_of(case, "input").as_bytes());
    Outcome::of(child.wait_with_output().unwrap())
}

fn text_of(case: &DocumentMut, key: &str) -> String {
    case.get(key).map_or("", |text| text.as_str().unwrap()).to_owned()
}

fn is_same(found: &str, expected: &str) -> bool {
    if !expected.starts_with('{') {
        return found == expected;
    }
    let values = |text: &str| -> Option<Vec<Value>> {
        serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()
    };
    let found = values(found);
    found.is_some() && found == values(expected)
}
