//! `completions`: the scripts work in their shells.

#![cfg(unix)]

use std::process::{Command, Stdio};

use crate::sandbox::{Outcome, Sandbox};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// Returns the words that bash proposes for the last word of a line.
fn proposed(sandbox: &Sandbox, program: &str, line: &str) -> Vec<String> {
    let script = r#"
source "$1"
COMP_WORDS=($3)
[[ $3 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
registered=$(complete -p "$2")
function=${registered#*-F }
"${function%% *}" "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"#;
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", script, "bash"])
        .arg(sandbox.path("completions.bash"))
        .args([program, line])
        .current_dir(sandbox.path("repo"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let outcome = Outcome::of(output);
    // `compopt` complains outside of a completion.
    let complaints = outcome.stderr.lines().filter(|line| !line.contains("compopt"));
    assert_eq!(complaints.count(), 0, "{outcome:?}");
    outcome.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_providers() {
    let sandbox = Sandbox::new();
    let script = sandbox.run(&["completions", "bash"]).done();
    sandbox.file("completions.bash", script);
    let proposed = |line| proposed(&sandbox, "authn", line);
    assert_eq!(proposed("authn stat"), ["status"]);
    assert_eq!(proposed("authn config che"), ["check"]);
    assert_eq!(proposed("authn -p prod config check --net"), ["--network"]);
    assert_eq!(proposed("authn status --j"), ["--json"]);
    assert_eq!(proposed("authn --color al"), ["always"]);
    assert_eq!(proposed("authn providers api"), ["api_key"]);
    assert_eq!(proposed("authn config init oa"), ["oauth", "oauth1"]);
    assert_eq!(proposed("authn completions z"), ["zsh"]);
    let all = proposed("authn ");
    for command in ["config", "doctor", "header", "man", "providers", "stores", "token"] {
        assert!(all.contains(&command.to_owned()), "{command}: {all:?}");
    }
    assert!(proposed("authn providers nothing-like-it").is_empty());
}

#[test]
fn they_complete_the_name_that_the_program_was_started_by() {
    let sandbox = Sandbox::new();
    let program = sandbox.path("corp-cli");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_authn"), &program).unwrap();
    let completions = |shell| {
        let output = Command::new(&program).args(["completions", shell]).output().unwrap();
        Outcome::of(output).done()
    };
    sandbox.file("completions.bash", completions("bash"));
    assert_eq!(proposed(&sandbox, "corp-cli", "corp-cli config sh"), ["show"]);
    for shell in SHELLS {
        assert!(completions(shell).contains("corp-cli"), "{shell}");
    }
}

#[test]
fn each_shell_gets_all_commands_and_needs_no_configuration() {
    let sandbox = Sandbox::with("[credentials\n");
    for shell in SHELLS {
        let script = sandbox.run(&["completions", shell]).done();
        for word in ["doctor", "completions", "network"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // The scripts of the other shells have no values of arguments.
        if ["bash", "zsh"].contains(&shell) {
            assert!(script.contains("jwt_bearer"), "{shell}");
        }
    }
    assert_eq!(sandbox.run(&["completions", "tcsh"]).code, 2);
}

/// Checks the scripts with the other shells that this machine has.
#[test]
fn other_shells_parse_theirs() {
    let sandbox = Sandbox::new();
    for (shell, arguments) in [("zsh", ["-n"]), ("fish", ["--no-execute"])] {
        let script = sandbox.run(&["completions", shell]).done();
        let path = sandbox.file("script", script);
        match Command::new(shell).args(arguments).arg(path).stdin(Stdio::null()).output() {
            Ok(output) => assert_eq!(Outcome::of(output).done(), "", "{shell}"),
            Err(error) => println!("skipped: there is no {shell} ({error})"),
        }
    }
}
