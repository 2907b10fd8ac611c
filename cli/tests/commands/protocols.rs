//! Each folder of `cli/tests/protocols`: what a tool writes, and what the helper answers.
//!
//! A case has the file `arguments`, and may have `input`, `environment` and `config.toml`. What is expected is in `output`,
//! `error` and `code`; after a change, write them with `UPDATE_PROTOCOLS=1`, and read the difference.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::sandbox::{Outcome, Sandbox};

/// The profiles of the cases, and what their secrets have in common.
const PROFILES: &str = include_str!("protocols.toml");
const SECRET: &str = "s3cr3t";

struct Case {
    name: String,
    folder: PathBuf,
}

impl Case {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols");
        let mut all: Vec<Self> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let folder = entry.unwrap().path();
                let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                Self { name, folder }
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(all.len() >= 100);
        all
    }

    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }

    fn run(&self) -> Outcome {
        let configuration = self.text("config.toml");
        let mut sandbox = Sandbox::with(configuration.as_deref().unwrap_or(PROFILES));
        sandbox = sandbox.env("PATH", "/usr/bin:/bin");
        if let Some(variable) = self.text("environment") {
            let (name, value) = variable.trim_end().split_once('=').unwrap();
            sandbox = sandbox.env(name, value);
        }
        let arguments = self.text("arguments").expect("a case has a file `arguments`");
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let input = fs::read(self.folder.join("input")).unwrap_or_default();
        let outcome = answered(&sandbox, &arguments, &input);
        let folder = sandbox.path("").display().to_string();
        let short = |text: String| text.replace(folder.trim_end_matches('/'), "");
        Outcome { code: outcome.code, stdout: short(outcome.stdout), stderr: short(outcome.stderr) }
    }

    #[track_caller]
    fn expect(&self, file: &str, found: &str) {
        let path = self.folder.join(file);
        if env::var_os("UPDATE_PROTOCOLS").is_some() {
            match found {
                "" => drop(fs::remove_file(&path)),
                found => fs::write(&path, found).unwrap(),
            }
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{}: {file}", self.name);
    }
}

/// Runs a helper with an input, which it may leave unread.
fn answered(sandbox: &Sandbox, arguments: &[&str], input: &[u8]) -> Outcome {
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The helper may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    Outcome::of(child.wait_with_output().unwrap())
}

#[test]
fn each_tool_is_answered_in_its_own_protocol() {
    for case in Case::all() {
        let outcome = case.run();
        assert!(!outcome.stderr.contains(SECRET), "{}: {outcome:?}", case.name);
        case.expect("output", &outcome.stdout);
        case.expect("error", &outcome.stderr);
        case.expect(
            "code",
            &if outcome.code == 0 { String::new() } else { format!("{}\n", outcome.code) },
        );
    }
}

#[test]
fn a_huge_input_is_refused_without_reading_it_all() {
    let sandbox = Sandbox::with(PROFILES);
    let huge = b"protocol=https\nhost=git.example.com\npath=".iter().copied();
    let huge: Vec<u8> = huge.chain(std::iter::repeat_n(b'a', 10 << 20)).collect();
    for arguments in ["git-credential get", "docker-credential get", "bazel-credential get"] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let outcome = answered(&sandbox, &arguments, &huge);
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(
            outcome.code != 0 && text.contains("longer than 64 KiB"),
            "{arguments:?} {outcome:?}"
        );
    }
    let outcome = answered(&sandbox, &["cargo-credential", "--cargo-plugin"], &huge);
    assert!(outcome.stdout.contains("longer than 64 KiB"), "{outcome:?}");
}

#[test]
#[cfg(unix)]
fn no_command_asks_where_no_user_is() {
    // It prints what it can read, and so what a user would be asked for.
    let command = "['/bin/sh', '-c', 'read line && echo got-$line || echo nothing']";
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = 'git.example.com'\n[credentials.exec]\ncommand = {command}\ninteractive = true\n"
    ));
    assert_eq!(answered(&sandbox, &["token"], b"asked\n").done(), "got-asked\n");
    let helper = answered(&sandbox, &["kubernetes-exec-credential"], b"asked\n").done();
    assert!(helper.contains(r#""token": "nothing""#), "{helper}");
}

#[test]
#[cfg(unix)]
fn a_keyring_that_calls_this_program_is_asked_once() {
    use crate::sandbox::set_mode;

    let sandbox = Sandbox::with(PROFILES);
    let program = env!("CARGO_BIN_EXE_authn");
    // One is a copy of this program, one calls it, and one is Python's.
    let copy = sandbox.file("copy/keyring", std::fs::read(program).unwrap());
    let script = |folder: &str, line: &str| {
        sandbox.file(&format!("{folder}/keyring"), format!("#!/bin/sh\n{line}\n"))
    };
    let calling = script("calling", &format!("exec {program} keyring \"$@\""));
    let other = script("other", "echo \"other $*\"");
    for path in [&copy, &calling, &other] {
        set_mode(path, 0o700);
    }
    let folder = |path: &Path| path.parent().unwrap().display().to_string();
    let both = format!("{}:{}", folder(&copy), folder(&calling));
    let sandbox = sandbox.env("PATH", &both);
    let asked = ["keyring", "get", "https://other.example.com/", "ann"];
    let outcome = sandbox.run(&asked);
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (1, "", ""));
    let sandbox = sandbox.env("PATH", format!("{both}:{}:/bin", folder(&other)));
    assert_eq!(sandbox.run(&asked).done(), "other get https://other.example.com/ ann\n");
}
