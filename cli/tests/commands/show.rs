//! `config show`.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const TWO_PROFILES: &str = r#"default_profile = "test"

[credentials]
domain = "api.example.com"
[credentials.basic]
username = "ann"
password = "s3cr3t"

[profile.test.credentials]
domain = "test.example.com"
[profile.prod.credentials]
domain = "prod.example.com"
"#;

/// A user's file with two profiles, another file, variables, and flags.
fn layered() -> Sandbox {
    let sandbox = Sandbox::with(TWO_PROFILES);
    let further =
        sandbox.file("further.toml", "\n\n[credentials]\n  origins = [\"https://a.test\"]\n");
    let password = sandbox.file("password", "s3cr3t");
    sandbox
        .env("AUTHN_CONFIG", further)
        .env("AUTHN_PROFILE", "prod")
        .env("AUTHN_CREDENTIALS__BASIC__USERNAME", "bob")
        .env("AUTHN_CREDENTIALS__BASIC__PASSWORD__FILE", password)
}

const FLAGS: [&str; 2] = ["--set", "credentials.scheme=https"];

#[test]
fn each_value_has_its_origin_and_what_it_overrides() {
    let run = |arguments: &[&str]| {
        layered().run_without_folder(&[&["--set", FLAGS[1], "config", "show"], arguments].concat())
    };
    let all = run(&["--all"]).done();
    let (unset, set): (Vec<&str>, Vec<&str>) =
        all.split_inclusive('\n').partition(|row| row.ends_with("\tdefault\n"));
    assert!(unset.contains(&"credentials.provider\t(not set)\tdefault\n"), "{unset:?}");
    let outcome = run(&[]);
    assert_eq!(set.concat(), outcome.stdout, "without `--all`, the defaults are left out");
    let json = run(&["--json"]).done();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["values"].as_array().unwrap().len(), all.lines().count(), "the JSON has all");
    assert_eq!(
        outcome.stdout,
        "\
default_profile\t\"test\"\t/home/.config/authn/config.toml:1:19
credentials.domain\t\"prod.example.com\"\t/home/.config/authn/config.toml:12:10 [profile.prod] (overrides config.toml:4:10)
credentials.scheme\t\"https\"\tflag --set credentials.scheme
credentials.origins\t[\"https://a.test\"]\t/further.toml:4:13
credentials.basic.username\t\"bob\"\tenv AUTHN_CREDENTIALS__BASIC__USERNAME (overrides config.toml:6:12)
credentials.basic.password\t(set)\tenv AUTHN_CREDENTIALS__BASIC__PASSWORD__FILE, from file /password (overrides config.toml:7:12)
"
    );
    let more = format!("{} more options have their defaults (`--all`)", unset.len());
    assert_eq!(outcome.stderr, format!("profile: prod, provider: basic\n{more}\n"));
    assert_eq!(outcome.code, 0);
}

#[test]
fn all_layers_have_rows() {
    let arguments = ["config", "show", "credentials.domain", "--all-layers"];
    assert_eq!(
        layered().run_without_folder(&arguments).done(),
        "\
credentials.domain\t\"prod.example.com\"\t/home/.config/authn/config.toml:12:10 [profile.prod]
credentials.domain\t\"api.example.com\" (overridden)\t/home/.config/authn/config.toml:4:10
"
    );
}

#[test]
fn json_says_the_same() {
    let stdout = layered().run_without_folder(&["config", "show", "--json", FLAGS[0], FLAGS[1]]);
    let shown: Value = serde_json::from_str(&stdout.done()).unwrap();
    assert_eq!(shown["profile"], "prod");
    assert_eq!(shown["provider"], "basic");
    assert_eq!(shown["problems"], json!([]));
    let value = |key: &str| {
        let values = shown["values"].as_array().unwrap();
        values.iter().find(|value| value["key"] == key).unwrap().clone()
    };
    let user = "/home/.config/authn/config.toml";
    assert_eq!(
        value("credentials.domain"),
        json!({
            "key": "credentials.domain",
            "kind": "plain",
            "set": true,
            "value": "prod.example.com",
            "origin": { "kind": "file", "path": user, "line": 12, "column": 10 },
            "profile": "prod",
            "reference": null,
            "unresolved": null,
            "overrides": [{
                "kind": "file",
                "path": user,
                "line": 4,
                "column": 10,
                "profile": null,
                "value": "api.example.com",
            }],
        })
    );
    assert_eq!(
        value("credentials.basic.password"),
        json!({
            "key": "credentials.basic.password",
            "kind": "secret",
            "set": true,
            "origin": { "kind": "env", "name": "AUTHN_CREDENTIALS__BASIC__PASSWORD__FILE" },
            "profile": null,
            "reference": "file /password",
            "unresolved": null,
            "overrides": [{
                "kind": "file",
                "path": user,
                "line": 7,
                "column": 12,
                "profile": null,
                "value": null,
            }],
        })
    );
    assert_eq!(
        value("credentials.scheme")["origin"],
        json!({ "kind": "flag", "name": "--set credentials.scheme" })
    );
    assert_eq!(
        value("credentials.provider"),
        json!({
            "key": "credentials.provider",
            "kind": "plain",
            "set": false,
            "value": null,
            "origin": { "kind": "default" },
            "profile": null,
            "reference": null,
            "unresolved": null,
            "overrides": [],
        })
    );
}

#[test]
fn a_key_prints_its_bare_value() {
    let sandbox = layered();
    let show = |key: &str| sandbox.run(&["config", "show", key]).done();
    assert_eq!(show("credentials.domain"), "prod.example.com\n");
    assert_eq!(show("credentials.basic.password"), "(set)\n");
    let unset = sandbox.run(&["config", "show", "credentials.provider"]);
    assert_eq!((unset.code, &*unset.stdout, &*unset.stderr), (1, "", ""));
    let rows = show("credentials.basic");
    let keys: Vec<&str> = rows.lines().filter_map(|row| row.split('\t').next()).collect();
    assert_eq!(keys[..2], ["credentials.basic.username", "credentials.basic.password"]);
    assert!(keys.iter().all(|key| key.starts_with("credentials.basic.")), "{keys:?}");
}

#[test]
fn a_reference_that_leads_nowhere_is_not_set() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.basic]\nusername = 'ann'\n\
                password = { env = 'NOWHERE' }\n";
    let sandbox = Sandbox::with(text);
    let why = "(unresolved: the environment variable NOWHERE is not set)";
    let key = "credentials.basic.password";
    let bare = sandbox.run(&["config", "show", key]);
    assert_eq!((bare.code, bare.stdout), (0, format!("{why}\n")));
    let rows = sandbox.run_without_folder(&["config", "show"]).stdout;
    let row = format!("{key}\t{why}\t/home/.config/authn/config.toml:5:12, from env NOWHERE");
    assert!(rows.lines().any(|line| line == row), "{rows}");
    let json = sandbox.run(&["config", "show", "--json", key]).done();
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["values"][0]["unresolved"], "the environment variable NOWHERE is not set");
    let sandbox = sandbox.env("NOWHERE", "s3cr3t");
    assert_eq!(sandbox.run(&["config", "show", key]).done(), "(set)\n");
}

#[test]
fn overridden_values_are_shown_where_they_may_be() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nclient_id = 'one'\nclient_secret = 's3cr3t'\n\
                redirect_port = 's3cr3t'\n[profile.two.credentials.oauth]\nclient_id = 'two'\n\
                client_secret = { env = 'SECRET' }\nredirect_port = 8000\n";
    let sandbox = Sandbox::with(text).env("SECRET", "s3cr3t");
    let outcome = sandbox.run_without_folder(&[
        "-p",
        "two",
        "config",
        "show",
        "credentials.oauth",
        "--all-layers",
    ]);
    let rows: Vec<&str> =
        outcome.stdout.lines().filter(|row| row.contains("(overridden)")).collect();
    let file = "/home/.config/authn/config.toml";
    assert_eq!(
        rows,
        [
            format!("credentials.oauth.client_id\t\"one\" (overridden)\t{file}:4:13"),
            format!("credentials.oauth.client_secret\t(set) (overridden)\t{file}:5:17"),
            format!("credentials.oauth.redirect_port\t(hidden) (overridden)\t{file}:6:17"),
        ],
        "{}",
        outcome.stdout
    );
}

#[test]
fn an_unknown_profile_has_no_values() {
    for json in [&[][..], &["--json"]] {
        let outcome = layered().run(&[&["-p", "nope", "config", "show"], json].concat());
        assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
        assert!(
            outcome.stderr.contains("no source defines the profile `nope`"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn an_unknown_key_is_an_error() {
    let sandbox = layered();
    for (key, help) in [
        ("credentials.domian", "did you mean `credentials.domain`?"),
        ("username", "did you mean `credentials.basic.username`?"),
        ("xyz", "run `authn config show`"),
    ] {
        let outcome = sandbox.run(&["config", "show", key]);
        assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
        assert!(outcome.stderr.contains(help), "{}", outcome.stderr);
    }
}

#[test]
fn invalid_values_are_shown_and_unknown_values_are_hidden() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = 5\nsecret = \"s3cr3t\"\n[credentials.basic]\npasword = \"s3cr3t\"\n\
         [credentials.corp]\nkey = \"s3cr3t\"\n[http]\nproxy = \"http://ann:s3cr3t@proxy.test/\"\n",
    );
    let outcome = sandbox.run(&["config", "show"]);
    assert_eq!(outcome.code, 0);
    let all = outcome.stdout.clone() + &outcome.stderr;
    assert!(!all.contains("s3cr3t"), "{all}");
    for row in [
        "credentials.domain\t(hidden)\t",
        "credentials.secret\t(hidden)\t",
        "credentials.basic.pasword\t(hidden)\t",
        "credentials.corp.key\t(hidden)\t",
        "http.proxy\t\"http://",
    ] {
        assert!(outcome.stdout.lines().any(|line| line.starts_with(row)), "{row}\n{all}");
    }
    assert!(outcome.stderr.contains("error: wrong-type"), "{all}");

    let json = sandbox.run(&["config", "show", "--json"]).done();
    assert!(!json.contains("s3cr3t"), "{json}");
    let shown: Value = serde_json::from_str(&json).unwrap();
    let unknown = shown["values"].as_array().unwrap().iter();
    let unknown: Vec<&Value> = unknown.filter(|value| value["kind"] == "unknown").collect();
    assert!(unknown.len() >= 2 && unknown.iter().all(|value| value.get("value").is_none()));
    let mut problems = shown["problems"].as_array().unwrap().iter();
    let problem = problems.find(|problem| problem["code"] == "wrong-type").unwrap();
    assert_eq!(problem["key"], "credentials.domain");
    assert_eq!(problem["origin"]["line"], 2);
    assert_eq!(problem["origin"]["column"], 10);
}

#[test]
fn another_application_has_its_own_files_and_variables() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"authn.test\"\n");
    sandbox.file("home/.config/fdt/config.toml", "[credentials]\ndomain = \"fdt.test\"\n");
    let sandbox = sandbox.env("FDT_CREDENTIALS__BASIC__USERNAME", "ann");
    let show = |key: &str| sandbox.run(&["--app", "fdt", "config", "show", key]).done();
    assert_eq!(show("credentials.domain"), "fdt.test\n");
    assert_eq!(show("credentials.basic.username"), "ann\n");
}

#[test]
fn values_of_a_preset_have_it_as_their_origin() {
    let text = "[credentials]\ndomain = 'api.github.com'\n[credentials.oauth]\npreset = 'github'\n\
                client_id = 'cli'\ntoken_endpoint_url = 'https://ghe.test/login/oauth/access_token'\n";
    let sandbox = Sandbox::with(text);
    let show =
        |flags: &[&str]| sandbox.run_without_folder(&[&["config", "show"], flags].concat()).stdout;
    let rows = show(&[]);
    let device = "credentials.oauth.device_authorization_endpoint_url\t\"https://github.com/login/device/code\"\tpreset github\n";
    assert!(rows.contains(device), "{rows}");
    let token = "credentials.oauth.token_endpoint_url\t\"https://ghe.test/login/oauth/access_token\"\t\
                 /home/.config/authn/config.toml:6:22 (overrides preset github)\n";
    assert!(rows.contains(token), "{rows}");
    let layers = show(&["--all-layers"]);
    assert!(
        layers.contains("credentials.oauth.token_endpoint_url\t\"https://github.com/login/oauth/access_token\" (overridden)\tpreset github\n"),
        "{layers}"
    );
    let json: Value =
        serde_json::from_str(&show(&["--json", "credentials.oauth.grant_type"])).unwrap();
    assert_eq!(json["values"][0]["origin"], json!({ "kind": "preset", "name": "github" }));
    assert_eq!(sandbox.run(&["config", "check"]).code, 0);

    // The user's own replaces it, also the values that it does not have.
    let own = "title = 'Ours'\nprovider = 'oauth'\nsource = 'https://git.test'\n[options]\n\
               authorization_endpoint_url = 'https://ghe.test/login/oauth/authorize'\n";
    sandbox.file("home/.config/authn/presets/github.toml", own);
    let rows = show(&["credentials.oauth"]);
    let own = "/home/.config/authn/presets/github.toml:5:30\n";
    assert!(rows.contains(own) && !rows.contains("preset github"), "{rows}");
    let paths = sandbox.run_without_folder(&["config", "path"]).stdout;
    assert!(paths.starts_with("preset\tread\t"), "{paths}");
}
