//! An untrusted project file: it chooses a profile; the rest is shown and has no effect.

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

const WARNING: &str = "\
warning: untrusted-project: the project's file may only choose a profile, because you have not trusted it
 |
 = at: /repo/.authn.toml:1:1
 = help: review and trust it with `authn config trust`
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.basic]\nusername = \"ann\"\n\
         password = \"pw\"\n[profile.test.credentials.basic]\nusername = \"tester\"\n",
    );
    fs::create_dir(sandbox.path("repo/.git")).unwrap();
    sandbox.file("repo/.authn.toml", HOSTILE);
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
    let told = format!("{WARNING}\nprofile: test, provider: basic\n");
    assert!(outcome.stderr.starts_with(&told), "{}", outcome.stderr);
    for row in [
        "default_profile\t\"test\"\t/repo/.authn.toml:1:19",
        "credentials.domain\t\"a.test\"\t/home/.config/authn/config.toml:2:10",
        "credentials.domain\t(withheld)\t/repo/.authn.toml:3:10",
        "credentials.basic.username\t(withheld)\t/repo/.authn.toml:6:12",
        "credentials.basic.password\t(withheld)\t/repo/.authn.toml:7:12, from file /etc/passwd",
        "credentials.origins\t(withheld)\t/repo/.authn.toml:11:11 [profile.test]",
    ] {
        assert!(outcome.stdout.lines().any(|line| line == row), "{row}\n{}", outcome.stdout);
    }
    for value in ["evil", "mallory", "\u{1b}"] {
        assert!(!outcome.stdout.contains(value), "{}", outcome.stdout);
    }
    assert_eq!(sandbox.run(&["config", "show", "credentials.domain"]).done(), "a.test\n");
    let json = sandbox.run(&["config", "show", "--json"]).done();
    assert!(!json.contains("evil.test") && !json.contains("mallory"), "{json}");
    // A map of the values has those that count.
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    let keys = |list: &str| -> Vec<String> {
        let values = shown[list].as_array().unwrap().iter();
        values.map(|value| value["key"].as_str().unwrap().to_owned()).collect()
    };
    let (mut values, withheld) = (keys("values"), keys("withheld"));
    let all = values.len();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), all, "{json}");
    for key in ["credentials.domain", "credentials.basic.username", "credentials.origins"] {
        assert!(withheld.iter().any(|withheld| withheld == key), "{key}\n{json}");
    }

    let outcome = sandbox.run_without_folder(&["config", "path"]);
    assert_eq!(outcome.stderr, format!("{WARNING}\n"));
    let paths = outcome.done();
    assert!(paths.lines().any(|line| line == "project\twithheld\t/repo/.authn.toml"), "{paths}");
    let paths = sandbox.run(&["config", "path", "--no-project"]).done();
    assert!(!paths.contains("project"), "{paths}");
}

#[test]
fn every_affected_command_says_how_to_trust_it() {
    let sandbox = sandbox();
    for arguments in [&["token"][..], &["header"], &["status"], &["config", "check"]] {
        let outcome = sandbox.run_without_folder(arguments);
        assert!(outcome.stderr.contains(WARNING), "{arguments:?} {outcome:?}");
    }
    assert_eq!(sandbox.run(&["config", "check"]).code, 0);
    let strict = sandbox.run(&["config", "check", "--strict"]);
    assert_eq!(strict.code, 3, "it has settings without effect");
    let outcome = sandbox.run(&["--no-project", "config", "check"]);
    assert!(!outcome.stderr.contains("trust"), "{outcome:?}");
    // If its settings are missing, the warning is printed with the error.
    let sandbox = Sandbox::new();
    sandbox.file("repo/.fdt.toml", "[credentials]\nbearer = 'abc'\n");
    let outcome = sandbox.run(&["--app", "fdt", "token"]);
    assert_eq!(outcome.code, 3);
    let advice = "help: the project's file is withheld: review and trust it with `authn --app fdt config trust`";
    assert!(outcome.stderr.contains("warning: untrusted-project"), "{outcome:?}");
    assert!(outcome.stderr.contains(advice), "{outcome:?}");
}

#[test]
fn control_characters_of_the_configuration_are_escaped() {
    let sandbox = Sandbox::with("[credentials.\"x\\u001b[2J\"]\nkey = 1\n");
    for arguments in [&["config", "show"][..], &["config", "path"], &["config", "show", "a\u{1b}b"]]
    {
        let outcome = sandbox.run(arguments);
        let shown = outcome.stdout + &outcome.stderr;
        assert!(!shown.contains('\u{1b}'), "{arguments:?} {shown}");
    }
}
