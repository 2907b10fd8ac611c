//! A project's file that nobody has trusted: it chooses a profile, and the rest is shown and not in force.

use std::fs;

use crate::sandbox::Sandbox;

const HOSTILE: &str = r#"default_profile = "test"
[credentials]
domain = "evil.test"
provider = "bearer"
[credentials.basic]
username = "mallory"
password = { file = "/etc/passwd" }
[credentials."a\u001b[2Jb"]
key = "x"
[profile.test.credentials]
origins = ["*"]
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.basic]\nusername = \"ann\"\n\
         password = \"pw\"\n[profile.test.credentials.basic]\nusername = \"tester\"\n",
    );
    fs::create_dir(sandbox.path("work/.git")).unwrap();
    sandbox.file("work/.authn.toml", HOSTILE);
    sandbox
}

#[test]
fn it_changes_nothing_but_the_profile() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["header"]).done(), "Authorization: Basic dGVzdGVyOnB3\n");
    assert_eq!(sandbox.run(&["header", "--url", "https://evil.test/"]).code, 3);
    let header = sandbox.run(&["--no-project", "header"]).done();
    assert_eq!(header, "Authorization: Basic YW5uOnB3\n");
}

#[test]
fn it_is_shown_as_withheld() {
    let sandbox = sandbox();
    let outcome = sandbox.run_without_folder(&["config", "show"]);
    assert_eq!(outcome.stderr, "profile: test, provider: basic\n");
    for row in [
        "default_profile\t\"test\"\t/work/.authn.toml:1:19",
        "credentials.domain\t\"a.test\"\t~/.config/authn/config.toml:2:10",
        "credentials.domain\t(withheld)\t/work/.authn.toml:3:10",
        "credentials.basic.username\t(withheld)\t/work/.authn.toml:6:12",
        "credentials.basic.password\t(withheld)\t/work/.authn.toml:7:12, from file /etc/passwd",
        "credentials.origins\t(withheld)\t/work/.authn.toml:11:11",
    ] {
        assert!(outcome.stdout.lines().any(|line| line == row), "{row}\n{}", outcome.stdout);
    }
    for value in ["evil", "mallory", "\u{1b}"] {
        assert!(!outcome.stdout.contains(value), "{}", outcome.stdout);
    }
    assert_eq!(sandbox.run(&["config", "show", "credentials.domain"]).done(), "a.test\n");
    let json = sandbox.run(&["config", "show", "--json"]).done();
    assert!(!json.contains("evil.test") && !json.contains("mallory"), "{json}");

    let paths = sandbox.run_without_folder(&["config", "path"]).done();
    assert!(paths.lines().any(|line| line == "project\twithheld\t/work/.authn.toml"), "{paths}");
    let paths = sandbox.run(&["config", "path", "--no-project"]).done();
    assert!(!paths.contains("project"), "{paths}");
}

#[test]
fn a_terminal_does_not_obey_what_is_said_of_it() {
    let sandbox = Sandbox::with("[credentials.\"x\\u001b[2J\"]\nkey = 1\n");
    for arguments in [&["config", "show"][..], &["config", "path"], &["config", "show", "a\u{1b}b"]]
    {
        let outcome = sandbox.run(arguments);
        let shown = outcome.stdout + &outcome.stderr;
        assert!(!shown.contains('\u{1b}'), "{arguments:?} {shown}");
    }
}
