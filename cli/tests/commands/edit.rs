//! `config edit`, with editors that are scripts.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::sandbox::{Outcome, Sandbox, set_mode};

/// A sandbox whose editor runs these lines of a script; the file is `$file`.
fn with_editor(sandbox: Sandbox, lines: &str) -> Sandbox {
    let script = format!("#!/bin/sh\nfor file; do :; done\n{lines}\n");
    let editor = sandbox.file("my editor", script);
    set_mode(&editor, 0o755);
    let quoted = format!("'{}' --wait", editor.display());
    sandbox.env("VISUAL", quoted).env("EDITOR", "/nowhere/editor")
}

fn edit(sandbox: &Sandbox, flags: &[&str]) -> Outcome {
    sandbox.run_without_folder(&[&["config", "edit"], flags].concat())
}

#[test]
fn a_new_file_is_only_for_its_user() {
    let sandbox = with_editor(
        Sandbox::new(),
        "cp \"$file\" new; ls -l \"$file\" >mode; printf '[credentials]\\norigins = [\"*\"]\\nbearer = \"abc\"\\n' >>\"$file\"",
    );
    let outcome = edit(&sandbox, &[]);
    assert_eq!(
        (outcome.code, &*outcome.stderr),
        (0, "/home/.config/authn/config.toml has no errors\n")
    );
    let new = fs::read_to_string(sandbox.path("repo/new")).unwrap();
    assert!(new.lines().all(|line| line.is_empty() || line.starts_with("# ")), "{new}");
    assert!(new.contains("# domain = \"api.example.com\""), "{new}");
    assert!(fs::read_to_string(sandbox.path("repo/mode")).unwrap().starts_with("-rw-------"));
    let mode = |path| fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("home/.config/authn"), 0o700);
    assert_eq!(sandbox.run(&["token"]).done(), "abc\n");
}

#[test]
fn without_a_change_no_file_is_left() {
    for (lines, code) in [(":", 0), ("rm \"$file\"", 0), ("exit 7", 1)] {
        let sandbox = with_editor(Sandbox::new(), lines);
        let outcome = edit(&sandbox, &[]);
        assert_eq!(outcome.code, code, "{lines} {outcome:?}");
        assert!(outcome.stderr.starts_with("nothing was saved, so there is no file\n"));
        assert!(!sandbox.path("home/.config").exists(), "{lines}");
    }
    // Existing folders and files stay.
    let sandbox = with_editor(Sandbox::with("# mine\n"), ":");
    sandbox.file("home/.config/fdt/other", "");
    assert_eq!(edit(&sandbox, &["--app", "fdt"]).code, 0);
    assert!(sandbox.path("home/.config/fdt/other").exists());
    assert!(!sandbox.path("home/.config/fdt/config.toml").exists());
    assert_eq!(edit(&sandbox, &[]).code, 0);
    let kept = fs::read_to_string(sandbox.path("home/.config/authn/config.toml")).unwrap();
    assert_eq!(kept, "# mine\n");
}

#[test]
fn problems_are_shown_and_the_changes_stay() {
    let sandbox = with_editor(
        Sandbox::with("[credentials]\nbearer = 'abc'\n"),
        "printf 'domian = \"a.test\"\\n' >>\"$file\"; echo >>edits",
    );
    let outcome = edit(&sandbox, &[]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("--> /home/.config/authn/config.toml:3:10"), "{outcome:?}");
    assert!(outcome.stderr.contains("did you mean `domain`?"), "{outcome:?}");
    assert!(
        outcome.stderr.ends_with(
            "error: /home/.config/authn/config.toml has an error\n\
             help: your changes are saved; run `authn config edit` to fix them\n"
        ),
        "{outcome:?}"
    );
    let path = sandbox.path("home/.config/authn/config.toml");
    assert!(fs::read_to_string(path).unwrap().ends_with("domian = \"a.test\"\n"));
    let edits = fs::read_to_string(sandbox.path("repo/edits")).unwrap();
    assert_eq!(edits, "\n", "without a terminal there is no question");
}

#[test]
fn another_file_can_be_named() {
    let sandbox = with_editor(Sandbox::new(), "printf '[credentials\\n' >>\"$file\"");
    let outcome = edit(&sandbox, &["--config", "-own.toml"]);
    assert_eq!(outcome.code, 2, "clap parses it as a flag");
    let outcome = edit(&sandbox, &["--config=-own.toml"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("error: syntax"), "{outcome:?}");
    assert!(outcome.stderr.contains("`authn config edit --config=-own.toml`"), "{outcome:?}");
    assert!(sandbox.path("repo/-own.toml").is_file());
}

#[test]
fn a_changed_project_file_must_be_trusted_again() {
    let sandbox =
        with_editor(Sandbox::new(), "printf '[credentials]\\nbearer = \"abc\"\\n' >>\"$file\"");
    fs::create_dir(sandbox.path("repo/.git")).unwrap();
    fs::create_dir(sandbox.path("repo/below")).unwrap();
    let mut command = sandbox.command(&["config", "edit", "--project"]);
    let outcome = Outcome::of(command.current_dir(sandbox.path("repo/below")).output().unwrap());
    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.contains(".authn.toml is not trusted"), "{outcome:?}");
    assert!(sandbox.path("repo/.authn.toml").is_file(), "at the repository's root");
    sandbox.run(&["config", "trust", "--yes"]).done();

    let sandbox = with_editor(sandbox, "echo '# more' >>\"$file\"");
    let outcome = edit(&sandbox, &["--project"]);
    assert_eq!(
        (outcome.code, &*outcome.stderr),
        (
            0,
            "warning: /repo/.authn.toml has changed since you trusted it, so it can only choose a profile\n\
             help: run `authn config trust` to see what it would set, and to trust it\n"
        )
    );
    sandbox.run(&["config", "trust", "--yes"]).done();
    let sandbox = with_editor(sandbox, ":");
    let outcome = edit(&sandbox, &["--project"]);
    assert_eq!(outcome.stderr, "/repo/.authn.toml can be read, and is trusted\n");
    let sandbox = with_editor(sandbox, "echo '[' >>\"$file\"");
    let outcome = edit(&sandbox, &["--project"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("/repo/.authn.toml:"), "{outcome:?}");
    assert_eq!(edit(&sandbox, &["--project", "--no-project"]).code, 2);
}

#[test]
fn an_editor_that_fails_is_named() {
    let sandbox = with_editor(Sandbox::with("# mine\n"), "echo '# saved' >>\"$file\"; exit 7");
    let outcome = edit(&sandbox, &[]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("/my editor --wait` ended with exit code 7"), "{outcome:?}");
    assert!(outcome.stderr.contains("see its saved changes in /home/.config/authn/config.toml"));

    let sandbox = Sandbox::new().env("VISUAL", "").env("EDITOR", "/nowhere/editor -n $HOME");
    let outcome = edit(&sandbox, &[]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("tried `/nowhere/editor -n $HOME`"), "{outcome:?}");
    assert!(!sandbox.path("home/.config").exists());

    let outcome = edit(&Sandbox::new().env("EDITOR", "'vi"), &[]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("EDITOR does not name an editor"), "{outcome:?}");
}

#[test]
fn no_shell_reads_the_variable() {
    let sandbox = Sandbox::with("");
    let script = sandbox.file("editor", "#!/bin/sh\nprintf '%s\\n' \"$@\" >words\n");
    set_mode(&script, 0o755);
    let line = format!("{} $(touch ran) ;touch\\ ran `touch ran`", script.display());
    let sandbox = sandbox.env("EDITOR", line);
    assert_eq!(edit(&sandbox, &[]).code, 0);
    let words = fs::read_to_string(sandbox.path("repo/words")).unwrap();
    let file = sandbox.path("home/.config/authn/config.toml").display().to_string();
    let words: Vec<&str> = words.lines().collect();
    assert_eq!(words, ["$(touch", "ran)", ";touch ran", "`touch", "ran`", &file]);
    assert!(!sandbox.path("repo/ran").exists());
}

#[test]
fn without_a_terminal_no_default_editor_is_started() {
    let sandbox = Sandbox::new();
    let editor = sandbox.file("bin/editor", "#!/bin/sh\ntouch started\n");
    set_mode(&editor, 0o755);
    let sandbox = sandbox.env("PATH", editor.parent().unwrap()).env("VISUAL", " ");
    let outcome = edit(&sandbox, &[]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: there is no terminal for an editor"), "{outcome:?}");
    assert!(!sandbox.path("repo/started").exists());
    assert!(!sandbox.path("home/.config").exists(), "no file is created");
}
