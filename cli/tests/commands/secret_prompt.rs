//! The terminal while a secret is typed: its echo is back after every signal.

use std::{env, fs, process::Command};

use authn::{
    ErrorKind,
    prompt::{Prompt as _, Question},
};
use authn_cli::TerminalPrompt;
use tokio::signal::unix::{SignalKind, signal};

use crate::{pty::Pty, sandbox::Sandbox};

const QUESTION: &str = "Client secret (not shown): ";

/// A client whose secret is asked for.
const LOGIN: &str = "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nstore = \"file\"\n\
    token_endpoint_url = \"http://127.0.0.1:1/token\"\ngrant_type = \"client_credentials\"\nclient_id = \"cli\"\n";

/// Chooses what `a_program_that_asks` does about signals.
const SIGNALS: &str = "AUTHN_TEST_SIGNALS";

/// The other program: a run of this test alone. Without the variable it is no test.
#[tokio::test]
async fn a_program_that_asks() {
    let Ok(kind) = env::var(SIGNALS) else { return };
    let handled = (kind == "handled").then(|| {
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()]
            .map(|kind| signal(kind).unwrap())
    });
    let question = Question::new("client secret").secret();
    let answer = TerminalPrompt::new().ask(&question).await;
    match answer {
        Ok(answer) => println!("answered {}", &*answer.expose()),
        Err(error) => println!("failed {}", error.kind() == ErrorKind::Cancelled),
    }
    if env::var_os("AUTHN_TEST_WAITS").is_some() {
        std::future::pending::<()>().await;
    }
    drop(handled);
}

fn other_program(sandbox: &Sandbox, signals: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["secret_prompt::a_program_that_asks", "--exact", "--nocapture", "-q"]);
    command.env(SIGNALS, signals).current_dir(sandbox.path("repo"));
    command
}

/// Sends a signal to the job.
fn send(sandbox: &Sandbox, signal: &str) {
    let process = fs::read_to_string(sandbox.path("repo/pid")).unwrap();
    assert!(Command::new("kill").args([signal, process.trim()]).status().unwrap().success());
}

/// Starts a program until it asks for the secret.
fn asking(sandbox: &Sandbox, script: &str, command: &Command) -> Pty {
    let mut pty = Pty::start(script, command);
    pty.wait_for(QUESTION);
    assert!(!pty.echoes());
    assert!(sandbox.path("repo/pid").exists());
    pty
}

#[test]
fn the_echo_is_restored_after_each_signal_that_ends_the_program() {
    for (signal, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1), ("-QUIT", 3)] {
        for kind in ["command", "default", "handled"] {
            let sandbox = Sandbox::with(LOGIN);
            let command = match kind {
                "command" => sandbox.command(&["login"]),
                kind => other_program(&sandbox, kind),
            };
            let script = "job \"$@\"; echo \"code $?.\"; read -r rest";
            let mut pty = asking(&sandbox, script, &command);
            send(&sandbox, signal);
            let shown = pty.wait_for("code ");
            let code = pty.wait_for(".");
            assert!(pty.echoes(), "{kind} {signal}");
            let expected = if kind == "handled" { 0 } else { 128 + number };
            assert_eq!(code, expected.to_string(), "{kind} {signal}: {shown}");
            assert_eq!(shown.contains("failed true"), kind == "handled", "{signal}: {shown}");
            pty.type_in("\n");
            assert!(pty.end().success());
        }
    }
}

#[test]
fn the_echo_is_restored_while_the_program_is_stopped() {
    for kind in ["command", "default", "handled"] {
        for key in [true, false] {
            let sandbox = Sandbox::with(LOGIN);
            let command = match kind {
                "command" => sandbox.command(&["login"]),
                kind => other_program(&sandbox, kind),
            };
            let script =
                "job \"$@\"; echo stopped; read -r rest; fg; echo \"code $?.\"; read -r rest";
            let mut pty = asking(&sandbox, script, &command);
            if key {
                pty.type_in("s3cr3t\u{1a}");
            } else {
                send(&sandbox, "-TSTP");
            }
            pty.wait_for("stopped");
            assert!(pty.echoes(), "{kind}");
            pty.type_in("\n");
            pty.wait_for(QUESTION);
            assert!(!pty.echoes(), "{kind}");
            if kind == "command" {
                send(&sandbox, "-TERM");
                pty.wait_for("code 143.");
            } else {
                // The part that was typed before is discarded.
                pty.type_in("again\n");
                pty.wait_for("answered again");
                pty.wait_for("code 0.");
            }
            assert!(pty.echoes(), "{kind}");
            pty.type_in("\n");
            assert!(pty.end().success());
        }
    }
}

#[test]
fn a_signal_has_its_effect_after_the_question() {
    let sandbox = Sandbox::new();
    let mut command = other_program(&sandbox, "default");
    command.env("AUTHN_TEST_WAITS", "1");
    let mut pty = asking(&sandbox, "job \"$@\"; echo \"code $?.\"; read -r rest", &command);
    pty.type_in("s3cr3t\n");
    pty.wait_for("answered s3cr3t");
    assert!(pty.echoes());
    send(&sandbox, "-TERM");
    pty.wait_for("code 143.");
    pty.type_in("\n");
    assert!(pty.end().success());
}

#[test]
fn the_end_of_input_and_ctrl_c_restore_the_echo() {
    for (typed, code) in [("\u{15}\u{4}", 0), ("\u{3}", 130)] {
        let sandbox = Sandbox::new();
        let command = other_program(&sandbox, "default");
        let mut pty = asking(&sandbox, "job \"$@\"; echo \"code $?.\"; read -r rest", &command);
        pty.type_in(&format!("s3cr3t{typed}"));
        let shown = pty.wait_for("code ");
        assert_eq!(pty.wait_for("."), code.to_string(), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(pty.echoes(), "{code}");
        pty.type_in("\n");
        assert!(pty.end().success());
    }
}
