//! `config init`.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn a_template_is_printed() {
    let stdout = Sandbox::new().run(&["config", "init", "basic"]).done();
    for line in ["[credentials]", "# domain = \"api.example.com\"", "[credentials.basic]"] {
        assert!(stdout.lines().any(|other| other == line), "{stdout}");
    }
    let sandbox = Sandbox::with(stdout);
    let outcome = sandbox.run(&["config", "show", "credentials.basic"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!outcome.stderr.contains("syntax"), "{outcome:?}");
}

#[test]
fn it_is_written_once_and_only_for_the_user() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(&["config", "init", "basic"]).done();
    let outcome = sandbox.run_without_folder(&["config", "init", "basic", "--write"]);
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""));
    assert!(outcome.stderr.starts_with("wrote /home/.config/authn/config.toml: "), "{outcome:?}");
    let path = sandbox.path("home/.config/authn/config.toml");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    let outcome = sandbox.run(&["config", "init", "bearer", "--write"]);
    assert_eq!((outcome.code, &*outcome.stdout), (1, ""));
    assert!(outcome.stderr.contains("already exists"), "{outcome:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(path), 0o600);
        assert_eq!(mode(sandbox.path("home/.config/authn")), 0o700);
    }
}

#[test]
fn another_file_or_application_can_be_named() {
    let sandbox = Sandbox::new();
    sandbox.run(&["--config", "own.toml", "config", "init", "basic", "--write"]).done();
    assert!(sandbox.path("repo/own.toml").is_file());
    sandbox.run(&["--app", "fdt", "config", "init", "basic", "--write"]).done();
    assert!(sandbox.path("home/.config/fdt/config.toml").is_file());
    assert!(!sandbox.path("home/.config/authn").exists());
}
