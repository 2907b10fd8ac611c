//! Commands that print tokens and secrets: when they run, and what is shown of them.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use crate::sandbox::Sandbox;

/// Returns a user whose project has a configuration with commands. Each command leaves a file when it runs.
fn sandbox(provider: &str) -> Sandbox {
    let sandbox = Sandbox::with("");
    fs::create_dir(sandbox.path("repo/.git")).unwrap();
    let ran = sandbox.path("ran");
    let command = format!("['/bin/sh', '-c', 'echo >> {}; echo abc']", ran.display());
    let text =
        format!("[credentials]\ndomain = 'a.test'\n{}\n", provider.replace("COMMAND", &command));
    sandbox.file("repo/.authn.toml", &text);
    sandbox
}

fn runs(sandbox: &Sandbox) -> usize {
    fs::read(sandbox.path("ran")).map_or(0, |runs| runs.len())
}

#[test]
fn nothing_runs_before_trust_and_before_a_token_is_wanted() {
    for provider in ["exec.command = COMMAND", "bearer.token.command = COMMAND"] {
        let sandbox = sandbox(provider);
        let reads = [
            &["config", "show"][..],
            &["config", "show", "--json", "--all-layers"],
            &["config", "check"],
            &["config", "path"],
            &["status"],
            &["doctor"],
            &["stores"],
            &["explain", "https://a.test/"],
        ];
        let asks = [&["token"][..], &["header"]];
        for arguments in reads.iter().chain(&asks) {
            sandbox.run_without_folder(arguments);
        }
        assert_eq!(runs(&sandbox), 0, "{provider}: before trust");

        let shown = sandbox.run_without_folder(&["config", "trust", "--yes"]);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        let said = shown.stdout + &shown.stderr;
        assert!(said.contains("command") && said.contains("/bin/sh"), "{said}");
        for arguments in reads {
            sandbox.run_without_folder(arguments);
        }
        assert_eq!(runs(&sandbox), 0, "{provider}: before a token is wanted");
        assert_eq!(sandbox.run(&["header"]).done(), "Authorization: Bearer abc\n");
        assert_eq!(runs(&sandbox), 1, "{provider}: for a token");
    }
}

#[test]
fn a_command_is_shown_without_its_arguments_once_it_is_trusted() {
    for (provider, row) in [
        (
            "bearer.token = { command = ['pass', 'hunter2', 'hunter2 b'] }",
            "credentials.bearer.token\t(set)\t/repo/.authn.toml:3:16, from command pass (2 arguments)",
        ),
        (
            "exec.command = ['/opt/pass', 'hunter2', 'hunter2 b']",
            "credentials.exec.command\t[\"/opt/pass\", (hidden), (hidden)]\t/repo/.authn.toml:3:16",
        ),
        (
            "exec.command = '/opt/pass hunter2'",
            "credentials.exec.command\t[\"/opt/pass\", (hidden)]\t/repo/.authn.toml:3:16",
        ),
        (
            "exec.command = ['/opt/pass hunter2']",
            "credentials.exec.command\t[(hidden)]\t/repo/.authn.toml:3:16",
        ),
        (
            "exec.command = ['/opt/pass']\nexec.env.A = 'hunter2'",
            "credentials.exec.env.A\t(set)\t/repo/.authn.toml:4:14",
        ),
    ] {
        let sandbox = sandbox(provider);
        let asked = sandbox.run_without_folder(&["config", "trust", "--yes"]);
        let words = asked.stdout + &asked.stderr;
        assert_eq!(words.contains("hunter2"), !provider.contains("env"), "{provider}: {words}");
        let shown = sandbox.run_without_folder(&["config", "show"]).done();
        assert!(shown.lines().any(|line| line == row), "{provider}: {shown}");
        for command in [
            &["config", "show"][..],
            &["config", "show", "--json"],
            &["config", "check"],
            &["explain", "https://a.test/"],
            &["explain", "--json", "https://a.test/"],
            &["doctor", "--offline"],
            &["token"],
            &["-vvv", "token"],
        ] {
            let outcome = sandbox.run_without_folder(command);
            let said = outcome.stdout + &outcome.stderr;
            assert!(!said.contains("hunter2"), "{provider}, {command:?}: {said}");
        }
    }
}

/// A command is not in the program's process group, so that Ctrl-C does not reach it.
#[test]
fn no_command_outlives_the_program() {
    let sandbox = Sandbox::with("");
    let pipe = sandbox.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // All its processes hold the pipe open.
    let script = format!(
        "trap \"\" TERM INT; exec 3> {}; sleep 1000 & echo ready >&3; wait",
        pipe.display()
    );
    let text = format!(
        "[credentials]\ndomain = 'a.test'\n[credentials.exec]\ncommand = ['/bin/sh', '-c', '{script}']\n"
    );
    sandbox.file("home/.config/authn/config.toml", &text);
    let mut command = sandbox.command(&["token"]);
    let mut program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = BufReader::new(File::open(pipe).unwrap());
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");

    let mut errors = BufReader::new(program.stderr.take().unwrap());
    let process = program.id().to_string();
    let interrupt = || {
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    };
    let mut message = String::new();
    interrupt();
    errors.read_line(&mut message).unwrap();
    assert!(message.starts_with("interrupted: "), "{message}");
    interrupt();
    assert_eq!(program.wait().unwrap().code(), Some(130));
    // The end of the pipe: no process is left.
    let mut rest = String::new();
    pipe.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_command_that_calls_this_program_ends() {
    let program = env!("CARGO_BIN_EXE_authn");
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = 'a.test'\nexec.command = ['{program}', 'token']\n"
    ));
    let outcome = sandbox.run(&["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    let deep = sandbox.env("AUTHN_CALLS", "5").run(&["token"]);
    assert!(deep.stderr.contains("calls this program again and again"), "{}", deep.stderr);
    assert_eq!(deep.code, 3);
}
