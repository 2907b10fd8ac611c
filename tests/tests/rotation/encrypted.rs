//! The sessions of several users are encrypted with another key again and again, and the command that does it is killed at
//! each of its system calls, while other processes refresh them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::Rig,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use serde_json::Value;

use crate::{
    killed::{counts, start, tokens},
    scene::{exchanges, files, session},
};

/// The system calls by which a session is read, locked and replaced.
const CALLS: [&str; 8] =
    ["openat", "write", "ftruncate", "fsync", "rename", "unlink", "flock", "close"];
/// Most occurrences of one call that are tried: the last ones, because the first ones load the program.
const MOST: usize = 10;
const SESSIONS: usize = 3;

/// The keys, the current one last.
struct Keys(Vec<[u8; 32]>);

impl Keys {
    fn rotate(&mut self) {
        let number = u8::try_from(self.0.len() + 1).unwrap();
        self.0.push(std::array::from_fn(|index| number ^ u8::try_from(index).unwrap()));
    }

    /// Returns a command that has the keys in its environment.
    fn command(&self, sandbox: &Sandbox, program: impl AsRef<Path>) -> Command {
        let mut command = sandbox.command(program.as_ref());
        let texts: Vec<String> = self.0.iter().rev().map(|key| STANDARD.encode(key)).collect();
        if let Some((current, previous)) = texts.split_first() {
            command.env("AUTHN_STORES__FILE__ENCRYPTION_KEY", current);
            if !previous.is_empty() {
                command.env("AUTHN_STORES__FILE__PREVIOUS_ENCRYPTION_KEYS", previous.join(","));
            }
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(sandbox, binary("authn")).args(arguments).output().unwrap())
    }

    fn rotator(&self, sandbox: &Sandbox, configuration: &Path, count: &str) -> Child {
        self.command(sandbox, binary("rotator")).arg(configuration).arg(count).spawn().unwrap()
    }

    /// Runs the command that encrypts, under a trace.
    fn trace(&self, sandbox: &Sandbox, inject: &[&str], log: &Path) -> Output {
        let mut command = self.command(sandbox, "strace");
        command.args(["-f", "-o"]).arg(log).args(["-e", &format!("trace={}", CALLS.join(","))]);
        command.args(inject).arg(binary("authn")).args(["stores", "--encrypt"]).output().unwrap()
    }
}

fn succeeded(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the names of the keys of the sessions, each of which must be readable.
fn key_ids(keys: &Keys, sandbox: &Sandbox) -> Vec<Value> {
    let shown = keys.run(sandbox, &["stores", "file", "--json"]).success();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let sessions = shown["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), SESSIONS, "{shown}");
    assert!(sessions.iter().all(|session| session["has_refresh_token"] == true), "{shown}");
    sessions.iter().map(|session| session["key_id"].clone()).collect()
}

#[test]
fn a_killed_encryption_loses_no_session_while_others_refresh_them() {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok(), "strace is missing: run tests/run, which installs it");
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    let mut keys = Keys(Vec::new());
    let configurations: [PathBuf; SESSIONS] = std::array::from_fn(|number| {
        let made = session(&rig, &sandbox);
        let configuration = made.with_file_name(format!("session-{number}.toml"));
        fs::rename(made, &configuration).unwrap();
        configuration
    });
    let mut seen = Vec::new();
    for configuration in &configurations {
        let output = succeeded(start(&sandbox, configuration, "1"));
        seen.extend(tokens(&output));
    }
    assert_eq!(key_ids(&keys, &sandbox), [Value::Null, Value::Null, Value::Null]);

    let log = sandbox.work().join("trace");
    keys.rotate();
    assert!(keys.trace(&sandbox, &[], &log).status.success());
    let counts = counts(&fs::read_to_string(&log).unwrap(), &CALLS);
    let mut killed = 0;
    for call in CALLS {
        let count = counts.get(call).copied().unwrap_or_default();
        for number in (1..=count).rev().take(MOST) {
            keys.rotate();
            let configuration = &configurations[number % SESSIONS];
            let refreshing = keys.rotator(&sandbox, configuration, "2");
            let inject = format!("inject={call}:signal=SIGKILL:when={number}");
            let output = keys.trace(&sandbox, &["-e", &inject], &log);
            killed += usize::from(!output.status.success());
            seen.extend(tokens(&succeeded(refreshing)));
            key_ids(&keys, &sandbox);
            assert!(files(&sandbox, ".corrupt").is_empty(), "torn by a kill at {call} {number}");
        }
    }
    // A session that is refreshed meanwhile is encrypted by that, so that the command may have less to do.
    assert!(killed > 0, "none was killed");

    keys.run(&sandbox, &["stores", "--encrypt"]).success();
    let ids = key_ids(&keys, &sandbox);
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()), "{ids:?}");
    let current = Keys(keys.0[keys.0.len() - 1..].to_vec());
    for configuration in &configurations {
        // A second token is had with the refresh token.
        seen.extend(tokens(&succeeded(current.rotator(&sandbox, configuration, "2"))));
    }
    exchanges(&rig);
    let leftovers = files(&sandbox, "")
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".oauth"));
    assert_eq!(leftovers.count(), 0, "the files of killed processes are removed");
    for path in files(&sandbox, "") {
        check(&fs::read(&path).unwrap(), &seen, &keys, &path.display().to_string());
    }
}

/// Fails if there is a token or a key in a text.
fn check(text: &[u8], tokens: &[String], keys: &Keys, what: &str) {
    let has = |secret: &[u8]| text.windows(secret.len()).any(|window| window == secret);
    assert!(!tokens.is_empty());
    for token in tokens {
        let encoded = [token.clone(), STANDARD_NO_PAD.encode(token), hex(token.as_bytes())];
        assert!(!encoded.iter().any(|form| has(form.as_bytes())), "a token is in {what}");
    }
    for key in &keys.0 {
        let encoded = [STANDARD.encode(key), URL_SAFE.encode(key), hex(key)];
        assert!(
            !encoded.iter().any(|form| has(form.trim_end_matches('=').as_bytes())),
            "a key is in {what}"
        );
        assert!(!has(key), "a key is in {what}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[test]
fn neither_a_token_nor_a_key_is_logged_or_shown() {
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    let configuration = session(&rig, &sandbox);
    let mut keys = Keys(Vec::new());
    for _ in 0..3 {
        keys.rotate();
    }
    let old = Keys(keys.0[..2].to_vec());
    let seen: Vec<String> =
        tokens(&succeeded(old.rotator(&sandbox, &configuration, "1"))).collect();
    let stranger = Keys(vec![[0xa5; 32]]);
    let all = Keys([keys.0.clone(), stranger.0.clone()].concat());
    let file = configuration.to_str().unwrap();
    let mut failed = 0;
    for keys in [&old, &stranger, &Keys(Vec::new()), &keys] {
        for arguments in [
            &["status"][..],
            &["stores", "--json"],
            &["stores", "file"],
            &["stores", "--encrypt"],
            &["doctor"],
            &["config", "show"],
            &["config", "check"],
            &["explain", "https://a.test"],
            &["header"],
            &["status", "--json"],
        ] {
            let arguments = [&["-vvv", "--config", file], arguments].concat();
            let outcome = keys.run(&sandbox, &arguments);
            failed += usize::from(outcome.code != 0);
            let is_header = arguments.contains(&"header");
            let shown = if is_header { outcome.stderr } else { outcome.stdout + &outcome.stderr };
            check(shown.as_bytes(), &seen, &all, &arguments.join(" "));
        }
    }
    assert!(failed > 3, "the errors were shown, too");
    for path in files(&sandbox, "") {
        check(&fs::read(&path).unwrap(), &seen, &all, &path.display().to_string());
    }
}
