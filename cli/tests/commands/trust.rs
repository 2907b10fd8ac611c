//! `config trust` without a terminal. The question itself is tested in the tests of the workspace, which have a
//! terminal.

use std::fs;

use crate::sandbox::{Outcome, Sandbox};

const PROJECT: &str = r#"default_profile = "test"
[credentials]
domain = "project.test"
[credentials.basic]
username = "ann"
password = { file = "/nowhere/password" }
[credentials.api_key]
plain_headers = { "x-\u001b[2J" = "https://evil.test/path" }
[credentials.corp]
key = "s3cr3t"
[profile.test]
http.proxy = "http://u:s3cr3t@proxy.test:3128"
http.ca_file = "ca.pem"
[profile.test.credentials]
provider = "bearer"
bearer = { env = "PATH" }
"#;

fn sandbox(project: &str) -> Sandbox {
    let sandbox = Sandbox::with("[credentials]\nbearer = 'own'\n");
    fs::create_dir(sandbox.path("repo/.git")).unwrap();
    sandbox.file("repo/.authn.toml", project);
    sandbox
}

fn trust(sandbox: &Sandbox, flags: &[&str]) -> Outcome {
    let outcome = sandbox.run_without_folder(&[&["config", "trust"], flags].concat());
    assert_eq!(outcome.stdout, "", "all of it belongs to the question");
    outcome
}

fn state(sandbox: &Sandbox) -> String {
    let paths = sandbox.run(&["config", "path"]).done();
    let line = paths.lines().find_map(|line| line.strip_prefix("project\t")).unwrap();
    line.split('\t').next().unwrap().to_owned()
}

#[test]
fn all_settings_are_shown_and_nothing_is_trusted_without_a_question() {
    let sandbox = sandbox(PROJECT);
    let outcome = trust(&sandbox, &[]);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        r#"/repo/.authn.toml would set:

LINE  KEY                                              VALUE
1     default_profile                                  "test"
3     credentials.domain                               "project.test"
5     credentials.basic.username                       "ann"
6     credentials.basic.password                       (set), from file /nowhere/password
8     credentials.api_key.plain_headers."x-\u{1b}[2J"  "https://evil.test/path"
10    credentials.corp.key                             (hidden)
12    profile.test.http.proxy                          "http://***@proxy.test:3128/"
13    profile.test.http.ca_file                        "ca.pem"
15    profile.test.credentials.provider                "bearer"
16    profile.test.credentials.bearer.token            (set), from env PATH

It refers to:

KIND      NAME                    LINE
profile   test                    1, 12, 13, 15, 16
origin    project.test            3
server    http://proxy.test:3128  12
file      /nowhere/password       6
file      ca.pem                  13
variable  PATH                    16

warning: 1 value is hidden, because it is unknown or invalid
help: read the file before you trust it
error: there is no terminal to ask at
help: run `authn config trust` in a terminal, or `authn config trust --yes` if you have read the settings above
"#
    );
    assert_eq!(state(&sandbox), "withheld");
    assert!(!sandbox.path("home/.local").exists());
}

#[test]
fn a_server_is_named_however_it_is_spelt() {
    let sandbox = sandbox(
        r#"[credentials.oauth]
token_endpoint_url = "https:evil.test/x"
issuer_url = "HTTPS:/\\evil2.test/x"
[http]
proxy = "http:evil3.test:80"
[profile.a.credentials.oauth]
token_endpoint_url = "ht\ttps\n:evil4.test"
"#,
    );
    let outcome = trust(&sandbox, &[]);
    let named = outcome.stderr.split("It refers to:").nth(1).unwrap();
    for server in
        ["https://evil.test", "https://evil2.test", "http://evil3.test", "https://evil4.test"]
    {
        let is_named =
            named.lines().any(|line| line.split_whitespace().take(2).eq(["server", server]));
        assert!(is_named, "{server} {}", outcome.stderr);
    }
}

#[test]
fn where_keys_are_sent_is_named() {
    let sandbox = sandbox(
        r#"[[credentials.api_key.for]]
origin = "https://evil.test:8443"
headers = { x-key = "s3cr3t", x-file = { file = "/nowhere/key" } }
[[credentials.api_key.for]]
origin = "s3cr3t s3cr3t"
query = { k.env = "KEY" }
other = "s3cr3t"
"#,
    );
    let outcome = trust(&sandbox, &[]);
    let lines: Vec<Vec<&str>> =
        outcome.stderr.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in [
        &["2", "credentials.api_key.for.0.origin", "\"https://evil.test:8443\""][..],
        &["3", "credentials.api_key.for.0.headers.x-key", "(set)"],
        &[
            "3",
            "credentials.api_key.for.0.headers.x-file",
            "(set),",
            "from",
            "file",
            "/nowhere/key",
        ],
        &["5", "credentials.api_key.for.1.origin", "(hidden)"],
        &["7", "credentials.api_key.for.1.other", "(hidden)"],
        &["origin", "https://evil.test:8443", "2"],
        &["file", "/nowhere/key", "3"],
        &["variable", "KEY", "6"],
    ] {
        assert!(lines.iter().any(|there| there == line), "{line:?} {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("2 values are hidden"), "{}", outcome.stderr);
}

#[test]
fn a_script_trusts_and_revokes() {
    let sandbox = sandbox("[credentials]\nbearer = 'theirs'\n");
    assert_eq!(sandbox.run(&["token"]).done(), "own\n");
    let outcome = trust(&sandbox, &["--yes"]);
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stderr.contains("credentials.bearer.token  (set)"),
        "the settings are shown too"
    );
    let expected =
        "\n/repo/.authn.toml is trusted until it changes; run `authn config check` to check it\n";
    assert!(outcome.stderr.ends_with(expected), "{outcome:?}");
    assert_eq!(state(&sandbox), "trusted");
    let outcome = sandbox.run(&["token"]);
    assert_eq!((&*outcome.stdout, &*outcome.stderr), ("theirs\n", ""));
    let again = trust(&sandbox, &[]);
    assert_eq!((again.code, &*again.stderr), (0, "/repo/.authn.toml is already trusted\n"));

    sandbox.file("repo/.authn.toml", "[credentials]\nbearer = 'theirs'\n#");
    assert_eq!(state(&sandbox), "changed");
    assert_eq!(sandbox.run(&["token"]).done(), "own\n");
    let outcome = trust(&sandbox, &[]);
    assert!(outcome.stderr.contains(".authn.toml has changed since you trusted it"), "{outcome:?}");

    fs::remove_file(sandbox.path("repo/.authn.toml")).unwrap();
    let outcome = trust(&sandbox, &["--revoke"]);
    let expected = "/repo/.authn.toml is no longer trusted\n";
    assert_eq!((outcome.code, &*outcome.stderr), (0, expected));
    let outcome = trust(&sandbox, &["--revoke"]);
    let expected = "no file was trusted: looked for /repo/.authn.toml\n";
    assert_eq!((outcome.code, &*outcome.stderr), (0, expected));
}

#[test]
fn a_file_named_by_a_flag_needs_no_trust_and_a_variable_names_it_whole() {
    let sandbox = sandbox("[credentials]\nbearer = 'theirs'\n");
    let outcome = sandbox.run(&["--config", ".authn.toml", "token"]);
    assert_eq!((&*outcome.stdout, &*outcome.stderr), ("theirs\n", ""));
    let relative = sandbox.env("AUTHN_CONFIG", ".authn.toml");
    let outcome = relative.run(&["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("error: relative-path: the variable has a relative path"),
        "{outcome:?}"
    );
    let path = relative.path("repo/.authn.toml");
    let outcome = relative.env("AUTHN_CONFIG", path).run(&["token"]);
    assert_eq!((&*outcome.stdout, &*outcome.stderr), ("theirs\n", ""));
}

#[test]
fn a_relative_home_is_ignored() {
    let sandbox = sandbox("[credentials]\nbearer = 'theirs'\n").env("HOME", "home");
    sandbox.file("repo/home/.config/authn/config.toml", "[credentials]\nbearer = 'theirs'\n");
    let sandbox = sandbox.env("XDG_CONFIG_HOME", "");
    let outcome = trust(&sandbox, &["--yes"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("there is no state directory for the record"), "{outcome:?}");
    assert!(!sandbox.path("repo/home/.local").exists());
    let outcome = sandbox.run(&["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{outcome:?}");
    assert!(!sandbox.run(&["config", "path"]).done().contains("\tread\thome"));
}

#[test]
fn no_variable_or_file_can_set_the_flag() {
    let sandbox = sandbox("yes = true\n[trust]\nyes = true\n[credentials]\nbearer = 'theirs'\n");
    sandbox.file(
        "home/.config/authn/config.toml",
        "yes = true\n[trust]\nyes = true\n[credentials]\nbearer = 'own'\n",
    );
    let sandbox = sandbox.env("AUTHN_YES", "true").env("AUTHN_TRUST__YES", "1");
    let outcome = sandbox.command(&["config", "trust"]).output().unwrap();
    assert_eq!(Outcome::of(outcome).code, 2);
    // An answer that does not come from a terminal is ignored.
    let answer = sandbox.file("answer", "y\n");
    let mut command = sandbox.command(&["config", "trust"]);
    let outcome = command.stdin(fs::File::open(answer).unwrap()).output().unwrap();
    assert_eq!(Outcome::of(outcome).code, 2);
    assert_eq!(state(&sandbox), "withheld");
}

#[test]
fn a_file_that_can_not_be_trusted_is_an_error() {
    let sandbox = sandbox("[credentials\n");
    let outcome = trust(&sandbox, &["--yes"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.starts_with("error: syntax: a `[` is not closed"), "{outcome:?}");
    assert!(outcome.stderr.contains("/repo/.authn.toml:1"), "{outcome:?}");
    assert!(outcome.stderr.contains("can't be trusted, because it can't be read"), "{outcome:?}");
    assert!(outcome.stderr.contains("`authn config edit --project`"), "{outcome:?}");

    fs::create_dir(sandbox.path("repo/below")).unwrap();
    fs::remove_file(sandbox.path("repo/.authn.toml")).unwrap();
    let mut command = sandbox.command(&["--app", "fdt", "config", "trust"]);
    let outcome = Outcome::of(command.current_dir(sandbox.path("repo/below")).output().unwrap());
    assert_eq!(outcome.code, 3);
    let [first, last] = ["repo/below/.fdt.toml", "repo/.fdt.toml"]
        .map(|path| sandbox.path(path).display().to_string());
    let expected =
        format!("no project file: looked for {first}, and in each folder up to {last}\n");
    assert!(outcome.stderr.contains(&expected), "{outcome:?}");

    let outcome = trust(&sandbox, &["--no-project"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(trust(&sandbox, &["--revoke", "--yes"]).code, 2);
}

#[cfg(unix)]
#[test]
fn a_record_that_others_can_write_is_ignored_with_a_warning() {
    let sandbox = sandbox("[credentials]\nbearer = 'theirs'\n");
    trust(&sandbox, &["--yes"]);
    let folder = sandbox.path("home/.local/state/authn/trust");
    let record = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    crate::sandbox::set_mode(&record, 0o602);
    for arguments in [&["config", "path"][..], &["config", "check"], &["token"]] {
        let outcome = sandbox.run(arguments);
        let told = format!("{} can be accessed by other users\n", record.display());
        let help = format!(" = help: `chmod 600 {}`", record.display());
        assert!(outcome.stderr.contains("warning: trust-record"), "{outcome:?}");
        assert!(outcome.stderr.contains(&told), "{outcome:?}");
        assert!(outcome.stderr.contains(&help), "{outcome:?}");
    }
    assert_eq!(state(&sandbox), "withheld");
    assert_eq!(sandbox.run(&["token"]).done(), "own\n");
}

#[test]
fn each_application_has_its_own_session_and_command() {
    let sandbox = Sandbox::new();
    sandbox.file("repo/.fdt.toml", "[credentials]\nbearer = 'theirs'\n");
    let outcome = sandbox.run(&["--app", "fdt", "config", "trust"]);
    assert!(outcome.stderr.contains("run `authn --app fdt config trust` in a terminal"));
    let outcome = sandbox.run(&["--app", "fdt", "config", "trust", "--yes"]);
    assert!(outcome.stderr.contains("`authn --app fdt config check`"), "{outcome:?}");
    assert_eq!(sandbox.run(&["--app", "fdt", "token"]).done(), "theirs\n");
    assert!(sandbox.path("home/.local/state/fdt/trust").is_dir());
}

#[test]
fn what_a_preset_brings_is_shown() {
    let sandbox = sandbox("[credentials.oauth]\npreset = 'github'\nclient_id = 'cli'\n");
    let stderr = trust(&sandbox, &[]).stderr;
    for row in [
        "2              credentials.oauth.preset",
        "preset github  credentials.oauth.token_endpoint_url",
        "server  https://github.com  preset github",
    ] {
        assert!(stderr.contains(row), "{row}:\n{stderr}");
    }
    let own = "title = 'Ours'\nprovider = 'oauth'\nsource = 'https://git.test'\n[options]\n\
               token_endpoint_url = 'https://git.test/token'\n";
    sandbox.file("home/.config/authn/presets/github.toml", own);
    let stderr = trust(&sandbox, &[]).stderr;
    let row = "server  https://git.test  /home/.config/authn/presets/github.toml:5:22";
    assert!(stderr.contains(row), "{stderr}");
}
