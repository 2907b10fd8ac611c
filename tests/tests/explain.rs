//! `authn explain` as the system sees it: nothing is sent, nothing is run, no secret and no store is opened.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use authn_tests::command::{Outcome, Sandbox, binary};

/// Everything that sends, runs or opens.
const CALLS: &str = "trace=socket,connect,sendto,sendmsg,sendmmsg,clone,clone3,fork,vfork,execve,\
                     execveat,open,openat,openat2";

/// Runs `authn` under strace. Returns its outcome and the calls.
fn traced(sandbox: &Sandbox, arguments: &[&str]) -> (Outcome, Vec<String>) {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok(), "strace is missing: run tests/run, which installs it");
    let log = sandbox.home().join("trace");
    let mut command = sandbox.command("strace");
    command.args(["-f", "-s", "4096", "-e", CALLS, "-o"]).arg(&log);
    let output = command.arg(binary("authn")).args(arguments).output().unwrap();
    let calls = fs::read_to_string(log).unwrap();
    (Outcome::of(output), calls.lines().map(str::to_owned).collect())
}

#[test]
fn nothing_is_sent_run_or_opened() {
    let sandbox = Sandbox::new();
    let secret = sandbox.file(sandbox.home().join("private"), "s3cr3t");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = secret.display().to_string();
    sandbox.file(
        sandbox.config().join("authn/config.toml"),
        format!(
            "[credentials]\ndomain = 'a.test'\n\
             [[credentials.chain.providers]]\nbearer = {{ keyring = 'service/user' }}\n\
             [[credentials.chain.providers]]\n[credentials.chain.providers.oauth]\n\
             token_endpoint_url = 'http://127.0.0.1:9/token'\nclient_id = 'c'\nstore = 'file'\n\
             client_secret = {{ file = '{secret}' }}\n\
             [[credentials.chain.providers]]\n[credentials.chain.providers.jwt_bearer]\n\
             token_endpoint_url = 'http://127.0.0.1:9/token'\nservice_account_file = '{secret}'\n\
             [profile.basic.credentials]\nprovider = 'basic'\n\
             basic = {{ username = 'u', password = {{ file = '{secret}' }} }}\n"
        ),
    );
    let url = "https://a.test/things";
    for arguments in [
        &["explain", url][..],
        &["explain", url, "--json", "--redirect-to", "https://b.test/"],
        &["explain", url, "--assert-no-credentials"],
        &["-p", "basic", "explain", url],
    ] {
        let (outcome, calls) = traced(&sandbox, arguments);
        let code = i32::from(arguments.contains(&"--assert-no-credentials"));
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert!(outcome.stdout.contains(&secret) && !outcome.stdout.contains("s3cr3t"));
        let names = |call: &&String, names: &[&str]| {
            let call = call.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            names.iter().any(|name| call.starts_with(&format!("{name}(")))
        };
        let of = |all: &[&str]| calls.iter().filter(|call| names(call, all)).collect::<Vec<_>>();
        let sends = of(&["socket", "connect", "sendto", "sendmsg", "sendmmsg"]);
        assert_eq!(sends, Vec::<&String>::new(), "{arguments:?}");
        let starts = of(&["clone", "clone3", "fork", "vfork"]);
        assert_eq!(starts, Vec::<&String>::new(), "{arguments:?}: a thread or a program");
        assert_eq!(of(&["execve", "execveat"]).len(), 1, "{arguments:?}: the program itself");
        let opened = of(&["open", "openat", "openat2"]);
        assert!(opened.iter().any(|call| call.contains("config.toml")), "nothing was traced");
        for path in [&secret, "authn/tokens"] {
            let found = opened.iter().find(|call| call.contains(path));
            assert_eq!(found, None, "{arguments:?}");
        }
        assert!(!sandbox.state().join("authn").exists(), "{arguments:?}");
    }
    // The same calls are seen where the secrets are used.
    let (_, calls) = traced(&sandbox, &["-p", "basic", "header", "--url", url]);
    assert!(calls.iter().any(|call| call.contains(&secret)), "the secret is read");
}
