//! `config init`.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn a_template_is_printed() {
    let stdout = Sandbox::new().run(&["config", "init", "basic"]).done();
    let lines = [
        "[credentials]",
        "domain = \"<fill in>\"",
        "[credentials.basic]",
        "username = \"<fill in>\"",
        "password = { env = \"<fill in>\" }",
        "# override = false",
        "# [http]",
        "# timeout = \"30s\"",
        "# [stores.file]",
    ];
    let at: Vec<usize> = lines
        .iter()
        .map(|line| stdout.lines().position(|other| other == *line).expect(line))
        .collect();
    assert!(at.is_sorted(), "what is needed comes first: {stdout}");
    let sandbox = Sandbox::with(stdout);
    let outcome = sandbox.run(&["config", "show", "credentials.basic"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!outcome.stderr.contains("syntax"), "{outcome:?}");
}

#[test]
fn the_template_of_oauth_starts_with_the_choice_of_a_grant() {
    let stdout = Sandbox::new().run(&["config", "init", "oauth"]).done();
    let (_, table) = stdout.split_once("# Gets tokens from an OAuth 2").unwrap();
    let [choice, header] = [table.lines().nth(1).unwrap(), table.lines().nth(2).unwrap()];
    assert_eq!(header, "[credentials.oauth]");
    for word in ["`client_secret`", "`client_credentials`", "`authorization_code`", "`login`"] {
        assert!(choice.contains(word), "{word}: {choice}");
    }
    let options: Vec<&str> = table
        .lines()
        .map(|line| line.trim_start_matches("# "))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| !key.contains(' '))
        .collect();
    assert_eq!(options[..3], ["issuer_url", "client_id", "client_secret"]);
}

/// What is filled in without a secret is a login, and the error says that it can also be a program's secret that is missing.
#[test]
fn a_forgotten_client_secret_is_named_beside_the_login() {
    let filled = |more: &str| {
        Sandbox::with(format!(
            "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"app\"\n\
             token_endpoint_url = \"https://idp.test/token\"\n\
             authorization_endpoint_url = \"https://idp.test/authorize\"\n{more}"
        ))
    };
    let outcome = filled("").run(&["token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    let said = "help: log in with `authn login`, or set `client_secret` if no user is to log in\n";
    assert!(outcome.stderr.ends_with(said), "{}", outcome.stderr);
    // A grant that is chosen is meant.
    let chosen = filled("grant_type = \"authorization_code\"\n").run(&["token"]);
    assert_eq!(chosen.code, 4, "{}", chosen.stderr);
    assert!(chosen.stderr.ends_with("help: log in with `authn login`\n"), "{}", chosen.stderr);
}

#[test]
fn what_is_still_to_be_filled_in_is_named_until_the_file_works() {
    let sandbox = Sandbox::new();
    sandbox.run(&["config", "init", "basic", "--write"]).done();
    let missing = |sandbox: &Sandbox| {
        let outcome = sandbox.run(&["config", "check"]);
        let named = outcome
            .stderr
            .lines()
            .filter_map(|line| line.split_once("^ "))
            .map(|(_, key)| key.to_owned());
        assert_eq!(
            outcome.stderr.matches("this is still to be filled in").count(),
            named.clone().count()
        );
        (outcome.code, named.collect::<Vec<_>>())
    };
    let keys = ["credentials.domain", "credentials.basic.username", "credentials.basic.password"];
    assert_eq!(missing(&sandbox), (3, keys.map(str::to_owned).to_vec()));
    for (key, value) in [
        ("credentials.domain", "a.test"),
        ("credentials.basic.username", "ann"),
        ("credentials.basic.password.env", "PW"),
    ] {
        let outcome = sandbox.run(&["config", "set", key, value]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let sandbox = sandbox.env("PW", "secret");
    assert_eq!(missing(&sandbox), (0, Vec::new()));
    sandbox.run(&["header"]).done();
}

#[test]
fn no_other_error_than_what_is_to_be_filled_in() {
    let sandbox = Sandbox::new();
    // A provider whose table contains another table has no placeholder for it.
    for provider in [
        "api_key",
        "bearer",
        "exec",
        "file_token",
        "jwt",
        "jwt_bearer",
        "oauth",
        "oauth1",
        "spiffe",
    ] {
        let text = sandbox.run(&["config", "init", provider]).done();
        let sandbox = Sandbox::with(text);
        let outcome = sandbox.run(&["config", "check"]);
        assert_eq!(outcome.code, 3, "{provider}");
        let errors: Vec<&str> =
            outcome.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        let (_, each) = errors.split_last().unwrap();
        assert!(each.len() >= 2, "{provider}: {errors:?}");
        assert!(
            each.iter().all(|error| error.starts_with("error: not-filled-in: ")),
            "{provider}: {errors:?}"
        );
    }
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
