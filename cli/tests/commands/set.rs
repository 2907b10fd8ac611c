//! `config set` and `config unset`.

use std::{fs, io::Write as _, process::Stdio};

use crate::sandbox::{Outcome, Sandbox};

const FILE: &str = "home/.config/authn/config.toml";

const TEXT: &str = "\
# Ours.
[credentials]
domain = 'a.test'   # the API
origins = [ 'https://b.test' ]

[credentials.basic]
# Whose is it?
username = 'ann'

# The end.
";

fn text(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path(FILE)).unwrap()
}

fn run_with_input(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Outcome {
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Outcome::of(child.wait_with_output().unwrap())
}

#[test]
fn a_value_is_set_by_its_type_and_nothing_else_changes() {
    for (key, value, from, to) in [
        ("credentials.domain", "c.test", "'a.test'", "\"c.test\""),
        (
            "credentials.origins",
            "https://c.test,https://d.test",
            "[ 'https://b.test' ]",
            "[\"https://c.test\", \"https://d.test\"]",
        ),
        (
            "credentials.origins",
            "['https://c.test']",
            "[ 'https://b.test' ]",
            "[\"https://c.test\"]",
        ),
        ("credentials.basic.override", "true", "'ann'\n", "'ann'\noverride = true\n"),
        ("credentials.basic.password.env", "PW", "'ann'\n", "'ann'\npassword = { env = \"PW\" }\n"),
        (
            "credentials.basic.password.command",
            "['pass', 'x']",
            "'ann'\n",
            "'ann'\npassword = { command = [\"pass\", \"x\"] }\n",
        ),
        (
            "credentials.basic.password",
            "{ file = '/pw' }",
            "'ann'\n",
            "'ann'\npassword = { file = \"/pw\" }\n",
        ),
        ("http.timeout", "5", "# The end.\n", "# The end.\n\n[http]\ntimeout = \"5\"\n"),
    ] {
        let sandbox = Sandbox::with(TEXT);
        let outcome = sandbox.run_without_folder(&["config", "set", key, value]);
        assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{key}: {}", outcome.stderr);
        let expected = format!("{key} is set in /{FILE}\n");
        assert_eq!(outcome.stderr, expected, "{key}");
        assert_eq!(text(&sandbox), TEXT.replacen(from, to, 1), "{key}");
        let shown = sandbox.run(&[
            "config",
            "show",
            key.trim_end_matches(".env").trim_end_matches(".command"),
        ]);
        assert_eq!(shown.code, 0, "{key}: {}", shown.stderr);
    }
}

#[test]
fn a_flag_before_the_value_is_not_the_value() {
    for (arguments, code, words, to) in [
        (&["http.timeout", "--new-profile", "5s"][..], 0, "is set in", "timeout = \"5s\""),
        (&["credentials.basic.username", "--new-profile"], 2, "<VALUE>", TEXT),
        (&["credentials.basic.username", "--projct", "ann"], 2, "'--projct'", TEXT),
        (&["credentials.basic.username", "--", "--ann"], 0, "is set in", "\"--ann\""),
        (&["credentials.oauth.redirect_port", "-1"], 3, "from 0 to 65535", TEXT),
    ] {
        let sandbox = Sandbox::with(TEXT);
        let outcome = sandbox.run(&[&["config", "set"], arguments].concat());
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.stderr);
        assert!(text(&sandbox).contains(to), "{arguments:?}: {}", text(&sandbox));
    }
}

#[test]
fn a_wrong_key_or_value_is_refused_and_nothing_is_written() {
    for (key, value, code, words) in [
        (
            "http.timout",
            "5s",
            3,
            &["there is no option `http.timout`", "did you mean `http.timeout`?"][..],
        ),
        ("http.timeout", "5x", 3, &["expected a duration", "was written"]),
        ("http.proxy", "p.test", 3, &["expected an address such as", "without a scheme"]),
        ("http.proxy", "", 3, &["expected an address such as", "an empty text", "was written"]),
        ("http.proxy", "localhost:3128", 3, &["expected an address like", "was written"]),
        ("http.proxy", "ftp://p.test", 3, &["expected an address like", "was written"]),
        ("credentials.scheme", "gopher", 3, &["expected one of https, http"]),
        ("credentials.oauth.redirect_port", "80808", 3, &["expected an integer from 0 to 65535"]),
        ("credentials.oauth.grant_type", "client", 3, &["expected one of"]),
        ("credentials.basic.override", "maybe", 3, &["expected a boolean"]),
        ("credentials.oath.client_id", "x", 3, &["did you mean `credentials.oauth.client_id`?"]),
        ("oauth.client_id", "x", 3, &["did you mean `credentials.oauth.client_id`?"]),
        ("oauth.client_secret.env", "X", 3, &["mean `credentials.oauth.client_secret.env`?"]),
        ("bearer.env", "X", 3, &["did you mean `credentials.bearer.env`?"]),
        ("oath.client_idd", "x", 3, &["did you mean `credentials.oauth.client_id`?"]),
        ("http.credentials.domain", "x", 3, &["did you mean `credentials.domain`?"]),
        ("timeout", "5s", 3, &["did you mean `http.timeout`?"]),
        ("domain", "a.test", 3, &["did you mean `credentials.domain`?"]),
        ("file.directory", "/x", 3, &["did you mean `stores.file.directory`?"]),
        // The provider in use has precedence.
        ("username", "x", 3, &["did you mean `credentials.basic.username`?"]),
        ("credentials.username", "x", 3, &["did you mean `credentials.basic.username`?"]),
        (
            "client_id",
            "x",
            3,
            &["`credentials.azure_managed_identity.client_id`", "`credentials.oauth.client_id`"],
        ),
        (
            "profile.work.oauth.client_id",
            "x",
            3,
            &["did you mean `profile.work.credentials.oauth.client_id`?"],
        ),
        ("profile.work.http.timeuot", "x", 3, &["did you mean `profile.work.http.timeout`?"]),
        ("zzz", "x", 3, &["there is no option `zzz`", "`authn options` lists the options"]),
        (
            "credentials.oauth.parameters.api_key",
            "x",
            3,
            &["is a secret, which is not written into a file"],
        ),
        ("stores.bogus.directory", "x", 3, &["there is no option"]),
        ("credentials.basic.password.vault", "x", 3, &["there is no `vault`", "`.env`", "`.file`"]),
        ("default_profile", "work", 3, &["no source defines the profile `work`"]),
        ("a = b", "x", 3, &["a key is not valid TOML"]),
    ] {
        let sandbox = Sandbox::with(TEXT);
        let outcome = sandbox.run(&["config", "set", key, value]);
        assert_eq!((outcome.code, &*outcome.stdout), (code, ""), "{key}: {}", outcome.stderr);
        for word in words {
            assert!(outcome.stderr.contains(word), "{key}, {word}: {}", outcome.stderr);
        }
        assert_eq!(text(&sandbox), TEXT, "{key}");
    }
    let hidden = Sandbox::with(TEXT).env("AUTHN_HTTP__TIMEOUT", "5s").run(&[
        "config",
        "set",
        "http.timeout",
        "5x",
    ]);
    assert_eq!(hidden.code, 3, "a variable that overrides the value hides no error: {hidden:?}");
}

#[test]
fn a_wrong_key_is_corrected_without_the_profile_of_the_command_line() {
    let sandbox = Sandbox::with("[profile.work.credentials.oauth]\nclient_id = 'a'\n");
    for (key, meant) in [
        ("client_id", "credentials.oauth.client_id"),
        ("oauth.issuer_url", "credentials.oauth.issuer_url"),
        ("credentials.client_id", "credentials.oauth.client_id"),
    ] {
        let outcome = sandbox.run(&["-p", "work", "config", "set", key, "x"]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        let said = format!("there is no option `profile.work.{key}`");
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
        let help = format!("did you mean `{meant}`?");
        assert!(outcome.stderr.contains(&help), "{}", outcome.stderr);
    }
}

#[test]
fn a_reference_in_place_of_a_table_is_that_of_its_secret() {
    let sandbox = Sandbox::with("[credentials.bearer]\nheader = 'x'\n");
    let outcome = sandbox.run(&["config", "set", "credentials.bearer", "{ env = 'TOKEN' }"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(text(&sandbox), "[credentials.bearer]\nheader = 'x'\ntoken = { env = \"TOKEN\" }\n");
}

#[test]
fn a_refused_value_names_no_line_that_the_file_does_not_have() {
    let sandbox = Sandbox::with(TEXT);
    for (key, value, said) in [
        ("http.timeout", "5x", "error: wrong-type: http.timeout: expected a duration"),
        (
            "credentials.origins",
            "x",
            "error: invalid-value: credentials.origins.0: expected a scheme",
        ),
        (
            "credentials.oauth.issuer_url",
            "idp.test",
            "error: wrong-type: credentials.oauth.issuer_url: expected an address such as https://idp.example.com, found a text without a scheme",
        ),
    ] {
        let outcome = sandbox.run(&["config", "set", key, value]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with(said), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("config.toml"), "{}", outcome.stderr);
    }
}

#[test]
fn a_new_profile_is_named_and_one_by_mistake_is_refused() {
    let text_of = "[profile.production.http]\ntimeout = \"1s\"\n";
    for key in ["http.timeout", "profile.prodution.http.timeout"] {
        let flags: &[&str] = if key.starts_with("profile") { &[] } else { &["-p", "prodution"] };
        let run = |sandbox: &Sandbox, more: &[&str]| {
            sandbox.run_without_folder(&[&["config", "set"], more, flags, &[key, "5s"]].concat())
        };
        let sandbox = Sandbox::with(text_of);
        let refused = run(&sandbox, &[]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        let said = "error: no source defines the profile `prodution`\n\
                    help: did you mean `production`? To add a profile, repeat the command with `--new-profile`\n";
        assert_eq!(refused.stderr, said);
        assert_eq!(text(&sandbox), text_of);

        let added = run(&sandbox, &["--new-profile"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
        let said = format!(
            "profile.prodution.http.timeout is set in /{FILE}; the profile `prodution` is new\n"
        );
        assert_eq!(added.stderr, said);
        // It is no longer new, although another has almost its name.
        let again = run(&sandbox, &[]);
        assert_eq!(again.code, 0, "{}", again.stderr);
        assert!(!again.stderr.contains("is new"), "{}", again.stderr);
    }
    let sandbox = Sandbox::with(text_of);
    let other = sandbox.run(&["-p", "laptop", "config", "set", "http.timeout", "5s"]);
    assert_eq!(other.code, 0, "{}", other.stderr);
    assert!(other.stderr.contains("; the profile `laptop` is new\n"), "{}", other.stderr);
    // Another layer defines it.
    let sandbox = Sandbox::with(text_of).env("AUTHN_PROFILE__LAPTOP__HTTP__TIMEOUT", "5s");
    let known = sandbox.run(&["-p", "laptop", "config", "set", "http.timeout", "5s"]);
    assert_eq!(known.code, 0, "{}", known.stderr);
    assert!(!known.stderr.contains("is new"), "{}", known.stderr);
}

#[test]
fn what_is_missing_elsewhere_refuses_nothing() {
    let sandbox = Sandbox::new();
    for (key, value) in [
        ("credentials.oauth.client_id", "app"),
        ("credentials.oauth.client_secret.env", "NOT_SET_HERE"),
        ("credentials.oauth.issuer_url", "https://idp.test"),
    ] {
        let outcome = sandbox.run(&["config", "set", key, value]);
        assert_eq!(outcome.code, 0, "{key}: {}", outcome.stderr);
    }
    let expected = "[credentials.oauth]\nclient_id = \"app\"\nclient_secret = { env = \"NOT_SET_HERE\" }\nissuer_url = \"https://idp.test\"\n";
    assert_eq!(text(&sandbox), expected);
}

#[test]
fn a_secret_is_only_taken_from_standard_input() {
    const SECRET: &str = "hunter2-canary";
    let sandbox = Sandbox::with(TEXT);
    let key = "credentials.basic.password";
    for (key, value) in
        [(key, SECRET), ("credentials.bearer", SECRET), ("credentials.bearer.token", SECRET)]
    {
        let outcome = sandbox.run(&["config", "set", key, value]);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("other users can see the command line"),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains(&format!("`{key}.env`")), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(SECRET), "{}", outcome.stderr);
        assert_eq!(text(&sandbox), TEXT);
    }
    let outcome =
        run_with_input(&sandbox, &["-vvv", "config", "set", key, "-"], &format!("{SECRET}\n"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!(outcome.stdout + &outcome.stderr).contains(SECRET));
    assert_eq!(
        text(&sandbox),
        TEXT.replacen("'ann'\n", &format!("'ann'\npassword = \"{SECRET}\"\n"), 1)
    );
    // It replaces a reference, and a reference replaces it.
    assert_eq!(sandbox.run(&["config", "set", "credentials.basic.password.env", "PW"]).code, 0);
    assert!(!text(&sandbox).contains(SECRET));
    let outcome = run_with_input(&sandbox, &["config", "set", key, "-"], SECRET);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(text(&sandbox).contains(&format!("password = \"{SECRET}\"\n")));

    let outcome = run_with_input(&sandbox, &["config", "set", key, "-", "--project"], SECRET);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(!sandbox.path("repo/.authn.toml").exists());
}

#[test]
fn a_secret_is_written_exactly_as_it_is() {
    for secret in ["0012345678", "true", "[a,b]", "{a=b}", "{env='A'}", "\"quoted\"", "a\\b"] {
        for key in ["credentials.bearer", "credentials.bearer.token"] {
            let sandbox = Sandbox::with(
                "[credentials]\ndomain = 'a.test'\n\n[credentials.bearer]\nheader = 'x-token'\nheader_prefix = ''\n",
            );
            let outcome =
                run_with_input(&sandbox, &["config", "set", key, "-"], &format!("{secret}\n"));
            assert_eq!(outcome.code, 0, "{secret}: {}", outcome.stderr);
            assert_eq!(sandbox.run(&["token"]).done(), format!("{secret}\n"));
            assert!(text(&sandbox).contains("header = 'x-token'"), "{}", text(&sandbox));
            let outcome = sandbox.run(&["config", "set", &format!("{key}.env"), "TOKEN"]);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            assert!(
                text(&sandbox).ends_with("header_prefix = ''\ntoken = { env = \"TOKEN\" }\n"),
                "{}",
                text(&sandbox)
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn no_secret_is_written_where_others_can_read() {
    let sandbox = Sandbox::with(TEXT);
    crate::sandbox::set_mode(&sandbox.path(FILE), 0o644);
    let outcome =
        run_with_input(&sandbox, &["config", "set", "credentials.basic.password", "-"], "hunter2");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("other users can read") && outcome.stderr.contains("chmod 600")
    );
    assert_eq!(text(&sandbox), TEXT);
}

#[cfg(unix)]
#[test]
fn mode_and_link_of_the_file_are_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let sandbox = Sandbox::new();
    let target = sandbox.file("dotfiles/authn.toml", TEXT);
    crate::sandbox::set_mode(&target, 0o640);
    fs::create_dir_all(sandbox.path("home/.config/authn")).unwrap();
    symlink(&target, sandbox.path(FILE)).unwrap();
    assert_eq!(sandbox.run(&["config", "set", "credentials.domain", "c.test"]).code, 0);
    assert_eq!(fs::read_to_string(&target).unwrap(), TEXT.replacen("'a.test'", "\"c.test\"", 1));
    assert!(sandbox.path(FILE).is_symlink());
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);

    let new = Sandbox::new();
    assert_eq!(new.run(&["config", "set", "credentials.domain", "c.test"]).code, 0);
    let mode = fs::metadata(new.path(FILE)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_profile_a_file_or_the_project_can_be_chosen() {
    let sandbox = Sandbox::with(TEXT);
    for profile in ["prod", "two words"] {
        let outcome =
            sandbox.run(&["-p", profile, "config", "set", "credentials.domain", "c.test"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    assert!(text(&sandbox).ends_with(
        "# The end.\n\n[profile.prod.credentials]\ndomain = \"c.test\"\n\n[profile.\"two words\".credentials]\ndomain = \"c.test\"\n"
    ), "{}", text(&sandbox));
    let wrong = sandbox.run(&["-p", "prod", "config", "set", "http.timeout", "x"]);
    assert_eq!(wrong.code, 3, "{}", wrong.stderr);
    for profile in ["prod", "two words"] {
        let outcome = sandbox.run(&["-p", profile, "config", "unset", "credentials.domain"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    assert_eq!(text(&sandbox), TEXT);

    let outcome = sandbox.run(&["--config", "own.toml", "config", "set", "http.timeout", "5s"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let own = fs::read_to_string(sandbox.path("repo/own.toml")).unwrap();
    assert_eq!(own, "[http]\ntimeout = \"5s\"\n");

    let outcome = sandbox.run(&["config", "set", "--project", "http.timeout", "5s"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("is not trusted"), "{}", outcome.stderr);
    let project = fs::read_to_string(sandbox.path("repo/.authn.toml")).unwrap();
    assert_eq!(project, "[http]\ntimeout = \"5s\"\n");
    assert_eq!(text(&sandbox), TEXT);
}

#[test]
fn a_value_that_has_no_effect_is_a_warning() {
    let sandbox = Sandbox::with(TEXT).env("AUTHN_CREDENTIALS__DOMAIN", "env.test");
    let outcome = sandbox.run(&["config", "set", "credentials.domain", "c.test"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("env AUTHN_CREDENTIALS__DOMAIN overrides it"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_value_or_a_table_is_removed() {
    for (key, gone) in [
        ("credentials.domain", "domain = 'a.test'   # the API\n"),
        ("credentials.basic", "\n[credentials.basic]\n# Whose is it?\nusername = 'ann'\n"),
    ] {
        let sandbox = Sandbox::with(TEXT);
        let outcome = sandbox.run_without_folder(&["config", "unset", key]);
        assert_eq!(outcome.code, 0, "{key}: {}", outcome.stderr);
        assert_eq!(outcome.stderr, format!("{key} is no longer set in /{FILE}\n"));
        assert_eq!(text(&sandbox), TEXT.replacen(gone, "", 1), "{key}");
        let again = sandbox.run_without_folder(&["config", "unset", key]);
        assert_eq!(again.code, 1, "{key}: {}", again.stderr);
        assert!(again.stderr.contains(&format!("does not set `{key}`")), "{}", again.stderr);
    }
}

#[test]
fn a_broken_file_is_not_changed() {
    let broken = "[credentials\n";
    for arguments in [&["config", "set", "http.timeout", "5s"][..], &["config", "unset", "http"]] {
        let sandbox = Sandbox::with(broken);
        let outcome = sandbox.run(arguments);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("is not valid TOML, so the file is not changed"));
        assert_eq!(text(&sandbox), broken);
    }
}
