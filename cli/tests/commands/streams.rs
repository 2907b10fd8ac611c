//! Standard output and standard error: closed, full, in colour.

use std::{fs::File, io};

use crate::sandbox::{Outcome, Sandbox};

const COMMANDS: [&[&str]; 13] = [
    &["providers"],
    &["providers", "basic", "--json"],
    &["config", "show"],
    &["header"],
    &["token", "--json"],
    &["status"],
    &["stores", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["completions", "bash"],
    &["man"],
    &["--help"],
    &["--version"],
];

fn sandbox() -> Sandbox {
    Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n")
}

#[test]
fn a_closed_standard_output_is_not_a_failure() {
    let sandbox = sandbox();
    for arguments in COMMANDS {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = sandbox.command(arguments).stdout(writer).output().unwrap();
        let outcome = Outcome::of(output);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    }
}

#[test]
fn a_closed_standard_error_is_not_a_failure() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = sandbox().command(&["config", "show", "nothing"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    for arguments in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let outcome = Outcome::of(sandbox().command(arguments).stdout(full).output().unwrap());
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(outcome.stderr.contains("standard output can't be written"), "{outcome:?}");
    }
}

#[test]
fn colour_is_only_for_terminals_unless_a_flag_enables_it() {
    let sandbox = Sandbox::with("[credentials]\ndomian = \"a.test\"\n");
    let coloured = |arguments: &[&str]| sandbox.run(arguments).stderr.contains('\u{1b}');
    assert!(!coloured(&["config", "check"]));
    assert!(!coloured(&["config", "check", "--color", "never"]));
    assert!(coloured(&["config", "check", "--color", "always"]));
    assert!(coloured(&["confg", "--color=always"]));
    assert!(!coloured(&["confg"]));
    let sandbox = Sandbox::with("").env("NO_COLOR", "1");
    assert!(!sandbox.run(&["config", "check"]).stderr.contains('\u{1b}'));
    assert!(sandbox.run(&["config", "check", "--color", "always"]).stderr.contains('\u{1b}'));
}

#[test]
fn an_invalid_command_line_has_its_own_code() {
    for arguments in [&[][..], &["config"], &["tokn"], &["token", "x"], &["--color", "x", "token"]]
    {
        let outcome = Sandbox::new().run(arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{arguments:?}");
    }
    let outcome = Sandbox::new().run(&["--version"]);
    assert_eq!(outcome.done(), format!("authn {}\n", env!("CARGO_PKG_VERSION")));
}
