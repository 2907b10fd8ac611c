//! `stores`.

use serde_json::{Value, json};

use crate::{sandbox::Sandbox, server::Server};

/// A sandbox has no keyring.
const KEYRING: &str =
    if cfg!(feature = "keyring") { "keyring\t-\tSecret Service (authn)\t-\n" } else { "" };

#[test]
fn sessions_are_counted_by_store() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let listed = || sandbox.run_without_folder(&["stores"]).done();
    let place = "/home/.local/state/authn/tokens";
    assert_eq!(listed(), format!("memory\t-\t-\t-\nfile\t0\t{place}\t-\n{KEYRING}"));
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let counted = listed();

    let json = sandbox.run_without_folder(&["stores", "--json"]).done();
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown[0], json!({ "name": "memory", "place": null, "sessions": null }));
    assert_eq!((&shown[1]["name"], &shown[1]["place"]), (&json!("file"), &json!(place)));
    let [session] = shown[1]["sessions"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    let name = session["name"].as_str().unwrap();
    assert!(name.starts_with("oauth-default-"), "{name}");
    let file = format!("{place}/{name}.json");
    assert_eq!(session["place"], json!(file));
    assert!(sandbox.path(file.trim_start_matches('/')).is_file());

    let one = sandbox.run_without_folder(&["stores", "file"]).done();
    let (id, server) = (session["id"].as_str().unwrap(), server.url("/token"));
    assert_eq!(counted, format!("memory\t-\t-\t-\nfile\t1\t{place}\t{id}\n{KEYRING}"));
    let expected = format!("{id}\tfile\t-\toauth\t-\tin 59m\t{server}\tcli\t{file}\n");
    assert_eq!(one, expected);
    for (key, expected) in [
        ("profile", Value::Null),
        ("provider", json!("oauth")),
        ("server", json!(server)),
        ("client", json!("cli")),
        ("user", Value::Null),
        ("has_refresh_token", json!(false)),
    ] {
        assert_eq!(session[key], expected, "{key}");
    }
    let json = sandbox.run_without_folder(&["stores", "file", "--json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), shown[1]);
    assert_eq!(sandbox.run(&["stores", "memory"]).done(), "");
    let unknown = sandbox.run(&["stores", "nowhere"]);
    assert_eq!((unknown.code, &*unknown.stdout), (3, ""), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("`authn stores` lists the stores"), "{}", unknown.stderr);

    sandbox.run(&["logout"]).done();
    assert_eq!(listed(), format!("memory\t-\t-\t-\nfile\t0\t{place}\t-\n{KEYRING}"));
}

#[test]
fn sessions_of_other_options_are_listed_and_ended_without_any_secret() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let more = sandbox.file(
        "repo/more.toml",
        "[profile.ci]\n[profile.other.stores.file]\ndirectory = \"/nowhere/else\"\n",
    );
    let sandbox = sandbox.env("AUTHN_CONFIG", more);
    for (name, flags) in [
        ("one", &[][..]),
        ("two", &["--set", "credentials.oauth.client_id=old"]),
        ("three", &["-p", "ci", "--set", "credentials.oauth.audience=x"]),
        ("four", &["-p", "ci"]),
    ] {
        server.giving(name, 3_600, || sandbox.run(&[flags, &["token"]].concat())).done();
    }
    // From here on, the profile's secret is missing and the provider is another one.
    sandbox.file("repo/more.toml", "[profile.ci.credentials]\njwt = { env = \"MISSING\" }\n");
    let clients = || -> Vec<String> {
        let listed = sandbox.run(&["-p", "ci", "stores", "file"]).done();
        let cell = |row: &str, at| row.split('\t').nth(at).unwrap().to_owned();
        let mut found: Vec<String> =
            listed.lines().map(|row| [2, 7].map(|at| cell(row, at)).join(" ")).collect();
        found.sort();
        found
    };
    assert_eq!(clients(), ["- cli", "- old", "ci cli", "ci cli"]);
    let stores = sandbox.run(&["-p", "ci", "stores"]).done();
    let files = stores.lines().find(|row| row.starts_with("file\t4\t")).unwrap();
    assert_eq!(files.split('\t').nth(3).unwrap().split(',').count(), 4, "{files}");
    let listed = sandbox.run(&["stores", "file"]).done();
    let old = listed.lines().find(|row| row.contains("\told\t")).unwrap();
    let id = old.split('\t').next().unwrap();
    let ended = sandbox.run(&["-p", "ci", "logout", "--session", id]);
    let words =
        "logged out: deleted the session from the store `file` (profile: none, provider: oauth)";
    assert_eq!((ended.code, ended.stderr.trim_end()), (0, words));
    assert_eq!(clients(), ["- cli", "ci cli", "ci cli"]);
    let again = sandbox.run(&["logout", "--session", id]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(again.stderr.contains("`authn stores` lists the sessions"), "{}", again.stderr);
    for flag in ["--all", "--revoke", "--at-server"] {
        assert_eq!(sandbox.run(&["logout", "--session", id, flag]).code, 2, "{flag}");
    }

    let ended = sandbox.run(&["logout", "--all"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ci = "deleted the session from the store `file` (profile: ci, provider: oauth)";
    assert_eq!(ended.stderr.matches(ci).count(), 2, "{}", ended.stderr);
    assert_eq!(clients(), [""; 0]);
    let none = sandbox.run(&["logout", "--all"]);
    assert!(none.stderr.contains("the store `file` has no session"), "{}", none.stderr);
}

#[test]
fn the_folder_can_be_configured_and_belongs_to_the_application() {
    let sandbox = Sandbox::with("[stores.file]\ndirectory = \"/nowhere/tokens\"\n");
    let listed = format!("memory\t-\t-\t-\nfile\t0\t/nowhere/tokens\t-\n{KEYRING}");
    assert_eq!(sandbox.run(&["stores"]).done(), listed);
    let other = sandbox.run_without_folder(&["--app", "fdt", "stores"]).done();
    let listed = format!("memory\t-\t-\t-\nfile\t0\t/home/.local/state/fdt/tokens\t-\n{KEYRING}");
    assert_eq!(other, listed.replace("authn", "fdt"), "a keyring's service is named after it too");
}

#[test]
fn only_problems_of_the_stores_are_errors() {
    for fine in ["", "[credentials.basic]\npasword = \"s3cr3t\"\n"] {
        let outcome = Sandbox::with(fine).run(&["stores"]);
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
    }
    for (wrong, word) in [
        ("[stores.file]\ndirectroy = \"/x\"\n", "did you mean `directory`?"),
        ("[stores.file]\ndirectory = [\"s3cr3t\"]\n", "error: wrong-type"),
        ("[stores.fiel]\n", "did you mean `file`?"),
    ] {
        let outcome = Sandbox::with(wrong).run(&["stores"]);
        assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    }
}

#[test]
fn a_damaged_session_is_told_from_one_of_a_later_version() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let mut files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let session = files.find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    for (text, why, help) in [
        ("{ s3cr3t", "it was damaged", "the next login or token request replaces it"),
        (
            r#"{"version":99,"revision":1}"#,
            "a later version wrote it",
            "use the later version, or start a new session with this one",
        ),
    ] {
        std::fs::write(&session, text).unwrap();
        for command in [&["stores"][..], &["status"], &["doctor", "--offline"]] {
            let outcome = sandbox.run(command);
            let warning = format!("a stored session is not used, because {why}");
            assert!(outcome.stderr.contains(&warning), "{command:?} {}", outcome.stderr);
            assert!(outcome.stderr.contains(&format!("help: {help}\n")), "{}", outcome.stderr);
        }
        let found = sandbox.run(&["doctor", "--offline"]).stdout;
        let row = format!("{} is not used, because {why}\t{help}\n", session.display());
        assert!(found.contains(&row), "{row}{found}");
    }
}

#[cfg(feature = "keyring")]
#[test]
fn a_store_that_can_not_be_read_is_an_error_if_it_is_used() {
    let words = "there is no D-Bus session, so there is no keyring";
    let shown = Sandbox::new().run(&["stores", "--json"]);
    assert_eq!(shown.stderr, "");
    let shown: Value = serde_json::from_str(&shown.done()).unwrap();
    assert_eq!((&shown[2]["name"], &shown[2]["sessions"]), (&json!("keyring"), &Value::Null));
    assert!(shown[2]["error"].as_str().unwrap().starts_with(words));

    for used in [
        "[credentials.oauth]\nclient_id = \"x\"\nstore = \"keyring\"\n",
        "[stores.keyring]\nservice = \"other\"\n",
    ] {
        let outcome = Sandbox::with(used).run(&["stores"]);
        assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with(&format!("error: {words}")), "{}", outcome.stderr);
    }
}
