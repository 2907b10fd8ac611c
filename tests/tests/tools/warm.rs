//! A helper whose token is stored starts no thread and opens no socket: it is called for each request of a tool.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use authn_tests::command::{Outcome, binary};

use crate::scene::Scene;

/// Whatever starts a thread or a process, or opens a connection.
const CALLS: &str = "trace=socket,connect,clone,clone3,fork,vfork,execve,execveat";

/// What kubectl asks.
const QUESTION: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
"spec":{"cluster":{"server":"https://git.example.com","config":null},"interactive":false}}"#;

/// Runs `authn` under strace. Returns its output and the calls.
fn traced(scene: &Scene, arguments: &[&str], input: &str) -> (String, Vec<String>) {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok(), "strace is missing: run tests/run, which installs it");
    let log = scene.sandbox.home().join("trace");
    let mut command = scene.sandbox.command("strace");
    command.args(["-f", "-e", CALLS, "-o"]).arg(&log).arg(binary("authn")).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = Outcome::of(child.wait_with_output().unwrap()).success();
    let calls = fs::read_to_string(log).unwrap();
    let calls = calls.lines().filter(|line| line.contains('(')).map(str::to_owned);
    (output, calls.collect())
}

#[test]
fn a_stored_token_needs_no_thread_and_no_socket() {
    let mut scene = Scene::new();
    scene.sandbox.env("KUBERNETES_EXEC_INFO", QUESTION);
    scene.configure(&["https://git.example.com"]);
    let git = "protocol=https\nhost=git.example.com\n\n";
    for (arguments, input) in
        [(&["git-credential", "get"][..], git), (&["kubernetes-exec-credential"], "")]
    {
        let (cold, calls) = traced(&scene, arguments, input);
        // The first of all has no token yet: its calls are seen.
        assert_eq!(calls.iter().any(|call| call.contains("socket(")), arguments.len() == 2);
        let (warm, calls) = traced(&scene, arguments, input);
        assert_eq!(warm, cold);
        assert!(warm.contains(&scene.token()));
        let [start] = &calls[..] else { panic!("{arguments:?}\n{calls:#?}") };
        assert!(start.contains("execve("), "{start}");
    }
}
