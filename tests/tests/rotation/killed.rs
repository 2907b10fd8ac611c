//! Some processes of a fleet are killed, and one is killed at each system call of its save.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
};
use serde_json::Value;

use crate::scene::{exchanges, files, session};

const PROCESSES: usize = 50;
const KILLED: usize = 10;
const ROTATIONS: &str = "20";

pub(crate) fn start(sandbox: &Sandbox, configuration: &Path, count: &str) -> Child {
    let mut command = sandbox.command(binary("rotator"));
    command.arg(configuration).arg(count).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

pub(crate) fn tokens(output: &str) -> impl Iterator<Item = String> + '_ {
    output.lines().filter_map(|line| line.strip_prefix("got ")).map(str::to_owned)
}

#[test]
fn fifty_processes_share_a_session_and_ten_are_killed() {
    let rig = Rig::start();
    let sandbox = Sandbox::new();
    let configuration = session(&rig, &sandbox);
    let mut seen = BTreeSet::new();
    let first = start(&sandbox, &configuration, "1").wait_with_output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    seen.extend(tokens(&String::from_utf8(first.stdout).unwrap()));

    // Ten wait for the lease, which this test holds, and are killed while they wait.
    let lease = File::open(files(&sandbox, ".lease").pop().unwrap()).unwrap();
    lease.lock().unwrap();
    let mut waiting: Vec<Child> =
        (0..KILLED).map(|_| start(&sandbox, &configuration, "2")).collect();
    for child in &mut waiting {
        // The stored token is fresh, so the first is had without the lease, and the second waits for it.
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let said: Vec<String> = lines.take(3).map(Result::unwrap).collect();
        assert_eq!(said[2], "asking");
        seen.extend(tokens(&said.join("\n")));
    }
    for child in &mut waiting {
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
    }
    lease.unlock().unwrap();

    let others: Vec<Child> =
        (KILLED..PROCESSES).map(|_| start(&sandbox, &configuration, ROTATIONS)).collect();
    for child in others {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let output = String::from_utf8(output.stdout).unwrap();
        assert_eq!(tokens(&output).count().to_string(), ROTATIONS);
        seen.extend(tokens(&output));
    }
    assert_eq!(
        seen.len() as u64,
        exchanges(&rig),
        "every exchange is a rotation, and every rotation one"
    );
    let last = start(&sandbox, &configuration, "2").wait_with_output().unwrap();
    assert!(last.status.success(), "the session lives");
}

/// The system calls by which a document is written, and the locks around it.
const CALLS: [&str; 10] = [
    "openat",
    "fallocate",
    "write",
    "ftruncate",
    "fsync",
    "rename",
    "unlink",
    "flock",
    "getdents64",
    "close",
];
/// Most occurrences of one call in a thread that are tried.
const MOST: usize = 30;

#[test]
fn a_killed_save_leaves_no_partial_file() {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok(), "strace is missing: run tests/run, which installs it");
    let rig = Rig::start();
    let configuration = |sandbox: &Sandbox| {
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
             client_id = 'cc-basic'\nclient_secret = 'secret'\nstore = 'file'\n",
            rig.issuer()
        );
        sandbox.file("session.toml", text)
    };
    let trace = |sandbox: &Sandbox, inject: &[&str], log: &Path| {
        let file = configuration(sandbox);
        let mut command = sandbox.command("strace");
        command.args(["-f", "-o"]).arg(log).args(["-e", &format!("trace={}", CALLS.join(","))]);
        command.args(inject).arg(binary("rotator")).arg(file).arg("1");
        command.output().unwrap()
    };
    let sandbox = Sandbox::new();
    let log = sandbox.work().join("trace");
    assert!(trace(&sandbox, &[], &log).status.success());
    let document = fs::read_to_string(files(&sandbox, ".json").pop().unwrap()).unwrap();
    let counts = counts(&fs::read_to_string(&log).unwrap(), &CALLS);

    let mut killed = 0;
    for call in CALLS {
        // The steps of a save can be on several threads, and calls are counted in each.
        let count = counts.get(call).copied().unwrap_or_default();
        for number in (1..=count).rev().take(MOST) {
            // A second save, over a document that is there.
            let path = files(&sandbox, ".json").pop().unwrap();
            fs::write(&path, expired(&document)).unwrap();
            let inject = format!("inject={call}:signal=SIGKILL:when={number}");
            let output = trace(&sandbox, &["-e", &inject], &log);
            killed += usize::from(!output.status.success());
            let left = fs::read_to_string(&path).unwrap();
            let left: Value = serde_json::from_str(&left)
                .unwrap_or_else(|_| panic!("torn by a kill at {call} {number}"));
            assert!(left["revision"].is_u64());
            assert!(files(&sandbox, ".corrupt").is_empty());
        }
    }
    assert!(killed > 20, "only {killed} were killed");
    // The files of killed processes block no other, and are removed by the next save.
    let path = files(&sandbox, ".json").pop().unwrap();
    fs::write(&path, expired(&document)).unwrap();
    let last = start(&sandbox, &configuration(&sandbox), "1").wait_with_output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    let leftovers: Vec<PathBuf> = files(&sandbox, "")
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".oauth"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

/// The highest count of each call in one thread.
pub(crate) fn counts(trace: &str, calls: &'static [&'static str]) -> BTreeMap<&'static str, usize> {
    let mut by_thread: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else { continue };
        let name = call.trim_start().split('(').next().unwrap_or_default();
        *by_thread.entry((thread, name)).or_default() += 1;
    }
    let highest = |call: &&'static str| {
        let of_call = by_thread.iter().filter(|((_, name), _)| name == call);
        (*call, of_call.map(|(_, count)| *count).max().unwrap_or_default())
    };
    calls.iter().map(highest).collect()
}

/// The same document with a token that has expired, so that a new one is exchanged for and saved.
fn expired(document: &str) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    for token in document["tokens"].as_object_mut().unwrap().values_mut() {
        token["expires_at"] = 1_000.into();
        token["asked_at"] = 0.into();
    }
    document.to_string()
}
