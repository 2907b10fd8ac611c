//! The names by which tools call the program.

use std::{fs, os::unix::fs::symlink};

use super::{CONFIGURATION, Home};
use crate::sandbox::{Sandbox, set_mode};

#[test]
fn a_name_stays_as_long_as_another_tool_needs_it() {
    for (first, second, name) in
        [("uv", "pip", "keyring"), ("docker", "podman", "docker-credential-authn")]
    {
        let home = Home::new();
        let link = home.path().join(".local/bin").join(name);
        home.run(&format!("{first} --yes")).done();
        home.run(&format!("{second} --yes")).done();
        home.run(&format!("{first} --undo --yes")).done();
        assert!(link.is_symlink(), "{second} needs it");
        home.run(&format!("{second} --undo --yes")).done();
        assert!(!link.is_symlink());
    }
}

#[test]
fn a_name_that_the_user_has_made_stays() {
    let home = Home::new();
    let bin = home.path().join(".local/bin");
    symlink(bin.join("authn"), bin.join("docker-credential-authn")).unwrap();
    home.run("docker --yes").done();
    home.run("docker --undo --yes").done();
    assert!(bin.join("docker-credential-authn").is_symlink());
}

#[test]
fn another_program_is_never_replaced() {
    for (tool, name) in [
        ("uv", "keyring"),
        ("pip", "keyring"),
        ("docker", "docker-credential-authn"),
        ("cargo", "cargo-credential-authn"),
        ("bazel", "bazel-credential-authn"),
    ] {
        let home = Home::new();
        let place = home.path().join(".local/bin").join(name);
        fs::write(&place, "#!/bin/sh\n").unwrap();
        set_mode(&place, 0o755);
        let tree = home.tree();
        let outcome = home.run(&format!("{tool} --yes"));
        assert_ne!(outcome.code, 0, "{outcome:?}");
        assert!(outcome.stderr.contains(&format!(".local/bin/{name} ")), "{outcome:?}");
        assert!(outcome.stderr.contains("help: move "), "{outcome:?}");
        assert_eq!(home.tree(), tree);
    }
}

#[test]
fn a_keyring_before_ours_is_named() {
    let Home { sandbox } = Home::new();
    let other = sandbox.file("other/keyring", "#!/bin/sh\n");
    let path = format!(
        "{}:{}",
        sandbox.path("other").display(),
        sandbox.path("home/.local/bin").display()
    );
    let home = Home { sandbox: sandbox.env("PATH", path) };
    let outcome = home.run("uv --yes");
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains(&format!("{} is before ", other.display())), "{outcome:?}");
    assert!(!home.path().join(".config/uv").exists());
}

#[test]
fn without_a_folder_on_path_the_command_says_which_to_add() {
    let sandbox = Sandbox::with(CONFIGURATION).env("PATH", "/usr/bin:/bin");
    let outcome = sandbox.run_without_folder(&["setup", "docker", "--yes"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.ends_with("help: add /home/.local/bin to PATH, and run the command again\n"),
        "{outcome:?}"
    );
    assert!(!sandbox.path("home/.docker").exists());
    // git calls the program by its path.
    sandbox.run(&["setup", "git", "--yes"]).done();
}

#[test]
fn a_missing_folder_on_path_is_made_and_removed_again() {
    let sandbox = Sandbox::with(CONFIGURATION);
    let path = sandbox.path("home/.local/bin").display().to_string();
    let sandbox = sandbox.env("PATH", path);
    sandbox.run(&["setup", "docker", "--yes"]).done();
    assert!(sandbox.path("home/.local/bin/docker-credential-authn").is_symlink());
    sandbox.run(&["setup", "docker", "--undo", "--yes"]).done();
    assert!(!sandbox.path("home/.local/bin").exists() && !sandbox.path("home/.docker").exists());
}

#[test]
fn what_was_written_is_removed_if_a_name_can_not_be_made() {
    let home = Home::new();
    fs::write(home.path().join(".terraformrc"), "# mine\n").unwrap();
    fs::write(home.path().join(".terraform.d"), "a file in the place of the folder").unwrap();
    let tree = home.tree();
    let outcome = home.run("terraform --yes");
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert_eq!(home.tree(), tree);
    assert!(home.run("terraform --undo --yes").stderr.contains("is not set up"));
}
