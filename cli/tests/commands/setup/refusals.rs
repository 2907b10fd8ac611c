//! What is shown, asked and refused.

use std::fs;

use super::{CONFIGURATION, Home};
use crate::sandbox::set_mode;

#[test]
fn nothing_changes_without_a_yes() {
    let home = Home::new();
    fs::write(home.path().join(".gitconfig"), "[user]\n\ttoken = users-own\n").unwrap();
    let tree = home.tree();
    let shown = home.run("git --dry-run").done();
    let authn = home.path().join(".local/bin/authn");
    assert_eq!(
        shown
            .replace(&authn.display().to_string(), "/authn")
            .replace(&home.path().display().to_string(), ""),
        "\
/.gitconfig
@@ line 3 @@
+[credential \"https://git.example.com\"]
+# `authn setup git --undo` removes this.
+\thelper =
+\thelper = /authn git-credential
+[credential \"https://git.example.com:8443\"]
+# `authn setup git --undo` removes this.
+\thelper =
+\thelper = /authn git-credential
"
    );
    let outcome = home.run("git");
    assert_eq!((outcome.code, &*outcome.stdout), (2, &*shown));
    assert_eq!(
        outcome.stderr,
        "error: there is no terminal to ask at\nhelp: run `authn setup git --yes` if you agree to the change\n"
    );
    assert_eq!(home.tree(), tree);
    home.run("git --yes").done();
    let set_up = home.tree();
    home.run("git --undo --dry-run").done();
    assert_eq!(home.run("git --undo").code, 2);
    assert_eq!(home.tree(), set_up);
}

#[test]
fn the_list_says_what_is_set_up() {
    let home = Home::new();
    let state = |tool: &str| {
        let list = home.sandbox.run(&["setup"]).done();
        let row = list.lines().find(|row| row.starts_with(&format!("{tool}\t"))).unwrap();
        row.split('\t').nth(1).unwrap().to_owned()
    };
    assert_eq!(home.sandbox.run(&["setup"]).done().lines().count(), 13);
    assert_eq!(state("docker"), "-");
    home.run("docker --yes").done();
    assert_eq!(state("docker"), "set up");
    assert_eq!(state("podman"), "-");
    fs::write(home.path().join(".docker/config.json"), "{}").unwrap();
    assert_eq!(state("docker"), "incomplete");
    home.run("docker --yes").done();
    assert_eq!(state("docker"), "set up");
    home.run("docker --undo --yes").done();
    assert_eq!(state("docker"), "-");
}

#[test]
fn a_host_that_is_new_is_added_and_undone_with_the_others() {
    let home = Home::new();
    home.run("docker --yes").done();
    home.run("bazel --yes").done();
    let more = CONFIGURATION.replace(
        "\"https://git.example.com\"",
        "\"https://git.example.com\", \"https://new.example.com\"",
    );
    home.sandbox.file("home/.config/authn/config.toml", more);
    home.run("docker --yes").done();
    let text = fs::read_to_string(home.path().join(".docker/config.json")).unwrap();
    assert_eq!(text.matches("\"authn\"").count(), 3, "{text}");
    home.run("bazel --yes").done();
    let text = fs::read_to_string(home.path().join(".bazelrc")).unwrap();
    assert_eq!(text.matches("--credential_helper=").count(), 2, "{text}");
    home.run("bazel --undo --yes").done();
    home.run("docker --undo --yes").done();
    assert!(home.tree().is_empty());
}

#[test]
fn what_was_changed_in_place_is_left_with_a_warning() {
    let home = Home::new();
    home.run("uv --yes").done();
    let file = home.path().join(".config/uv/uv.toml");
    fs::write(&file, "keyring-provider = \"disabled\"\n").unwrap();
    let outcome = home.run("uv --undo --yes");
    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.contains("uv.toml was changed since"), "{outcome:?}");
    assert_eq!(fs::read_to_string(file).unwrap(), "keyring-provider = \"disabled\"\n");
}

#[test]
fn what_a_tool_could_not_use_is_refused() {
    let bound_to_none = "[credentials.bearer]\ntoken = \"s3cr3t\"\n";
    let any = format!("[credentials]\norigins = [\"*\"]\n{bound_to_none}");
    for (configuration, line, code, message) in [
        (bound_to_none, "git --yes", 3, "bound to no origin"),
        (&*any, "git --yes", 3, "needs the name of each host"),
        (CONFIGURATION, "gcloud --yes", 2, "needs the audience"),
        (CONFIGURATION, "git --yes --audience x", 2, "`--audience` is for gcloud"),
        (CONFIGURATION, "git --yes --set http.timeout=5s", 2, "`--set` can't be used"),
        (CONFIGURATION, "svn --yes", 2, "invalid value 'svn'"),
        (CONFIGURATION, "--undo", 2, "required"),
        (CONFIGURATION, "claude --yes", 3, "neither the API of Claude Code"),
    ] {
        let home = Home::with(configuration);
        let outcome = home.run(line);
        assert_eq!(outcome.code, code, "{line} {outcome:?}");
        assert!(outcome.stderr.contains(message), "{line} {outcome:?}");
        assert!(home.tree().is_empty(), "{line}");
    }
    let home = Home::new();
    let file = home.path().join(".config/authn/config.toml").display().to_string();
    let outcome = home.run(&format!("docker --yes --config {file}"));
    assert!(
        outcome.code == 2 && outcome.stderr.contains("calls its helper without flags"),
        "{outcome:?}"
    );
}

#[test]
fn the_flags_of_the_call_are_repeated_by_the_tool() {
    let profile = format!(
        "{CONFIGURATION}[profile.work.credentials]\norigins = [\"https://work.example.com\"]\n"
    );
    let home = Home::with(&profile);
    let file = home.path().join(".config/authn/config.toml").display().to_string();
    home.run(&format!("git --yes --profile work --config {file}")).done();
    let text = fs::read_to_string(home.path().join(".gitconfig")).unwrap();
    assert!(
        text.contains(&format!("authn --config {file} --profile work git-credential\n")),
        "{text}"
    );
    assert!(text.contains("https://work.example.com") && !text.contains("https://git"), "{text}");
}

#[test]
fn what_the_user_has_removed_is_no_reason_to_warn() {
    let home = Home::new();
    home.run("uv --yes").done();
    fs::remove_file(home.path().join(".config/uv/uv.toml")).unwrap();
    fs::remove_file(home.path().join(".local/bin/keyring")).unwrap();
    assert_eq!(home.run("uv --undo --yes").stderr, "uv is no longer set up\n");
    assert!(home.tree().is_empty());
}

#[test]
fn an_undo_leaves_read_only_files_and_its_record() {
    let home = Home::new();
    home.run("docker --yes").done();
    set_mode(&home.path().join(".docker/config.json"), 0o400);
    let tree = home.tree();
    let outcome = home.run("docker --undo --yes");
    assert!(outcome.code == 1 && outcome.stderr.contains("is read-only"), "{outcome:?}");
    assert_eq!(home.tree(), tree);
    set_mode(&home.path().join(".docker/config.json"), 0o600);
    home.run("docker --undo --yes").done();
    assert!(home.tree().is_empty());
}

/// The answer of a user at a terminal, the exit code, and whether the tool is set up then.
#[cfg(target_os = "linux")]
#[test]
fn the_user_is_asked_at_a_terminal() {
    for (answer, code, is_set_up) in [("y\n", 0, true), ("n\n", 1, false), ("\n", 1, false)] {
        let home = Home::new();
        let mut command = home.sandbox.command(&["setup", "git"]);
        command.env("TERM", "dumb");
        let mut terminal = crate::pty::Pty::start("exec \"$@\"", &command);
        let shown = terminal.wait_for("Write this? [y/N] ");
        assert!(shown.contains("+[credential \"https://git.example.com\"]"), "{shown}");
        terminal.type_in(answer);
        terminal.wait_for(if is_set_up { "git is set up" } else { "nothing has changed" });
        assert_eq!(terminal.end().code(), Some(code), "{answer:?}");
        assert_eq!(home.path().join(".gitconfig").exists(), is_set_up, "{answer:?}");
    }
}
