//! `status`: it contacts no server, so these servers answer nothing unless a token is requested.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    sandbox::{Outcome, Sandbox, set_mode},
    server::Server,
};

/// Expires at the first second of 2100. Its signature is not checked.
const IN_2100: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
const FIRST_OF_2100: u64 = 4_102_444_800;

/// Returns the only row, and standard error.
#[track_caller]
fn row(outcome: Outcome) -> (Vec<String>, String) {
    let stderr = outcome.stderr.clone();
    let stdout = outcome.done();
    let row = stdout.strip_suffix('\n').unwrap();
    assert!(!row.contains('\n'), "{row}");
    (row.split('\t').map(str::to_owned).collect(), stderr)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_stored_session_is_shown() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!(
        cells,
        ["-", "yes", "oauth", "cli", "none", "no", "file", "-", "-", "https://a.test"]
    );
    assert_eq!(said, "no valid token is stored: run `authn token` to get one\n");

    // Ten and a half days, so that the time of the test does not change the day.
    server.giving("t0k3n", 907_200, || sandbox.run(&["token"])).done();
    let (cells, said) = row(sandbox.run(&["status"]));
    assert!(cells[4].starts_with("10d1") && cells[4].ends_with("h left"), "{cells:?}");
    assert_eq!(cells[5..], ["no", "file", "-", "read", "https://a.test"]);
    assert_eq!(said, "");

    sandbox.file("repo/ci.toml", "[profile.ci]\n");
    let (cells, _) = row(sandbox.run(&["--config", "ci.toml", "--profile", "ci", "status"]));
    assert_eq!(
        cells[..5],
        ["ci", "yes", "oauth", "cli", "none"],
        "each profile has a session of its own"
    );
    server.is_left_alone();
}

#[test]
fn json_has_the_times_exactly() {
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = \"a.test\"\norigins = [\"https://*.b.test\"]\njwt = \"{IN_2100}\"\n\
         [profile.ci]\n"
    ));
    let earliest = now();
    let stdout = sandbox.run(&["-p", "ci", "status", "--json"]).done();
    let latest = now();
    let mut shown: Value = serde_json::from_str(&stdout).unwrap();
    let left = shown[0].as_object_mut().unwrap().remove("expires_in").unwrap().as_u64().unwrap();
    // A partial second is rounded down.
    assert!(left < FIRST_OF_2100 - earliest + 1 && left + 1 >= FIRST_OF_2100 - latest, "{left}");
    let expected = json!([{
        "profile": "ci",
        "active": true,
        "provider": "jwt",
        "served_by": null,
        "principal": null,
        "username": null,
        "authenticated": true,
        "has_token": true,
        "expires_at": "2100-01-01T00:00:00Z",
        "scopes": null,
        "has_refresh_token": false,
        "store": null,
        "server_clock_ahead_seconds": null,
        "last_failure": null,
        "domain": "a.test",
        "origins": ["https://a.test", "https://*.b.test"],
        "error": null,
    }]);
    assert_eq!(shown, expected);
}

#[test]
fn json_of_a_stored_session() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let shown =
        || -> Value { serde_json::from_str(&sandbox.run(&["status", "--json"]).done()).unwrap() };
    let nothing = &shown()[0];
    assert_eq!((&nothing["has_token"], &nothing["store"]), (&json!(false), &json!("file")));
    assert_eq!((&nothing["expires_at"], &nothing["expires_in"]), (&Value::Null, &Value::Null));
    let token = server.giving("t0k3n", 3_600, || sandbox.run(&["token", "--json"])).done();
    let token: Value = serde_json::from_str(&token).unwrap();
    let kept = &shown()[0];
    assert_eq!(kept["has_token"], true);
    assert_eq!(kept["expires_at"], token["expires_at"]);
    assert_eq!(kept["scopes"], json!(["read"]));
    assert!(kept["expires_in"].as_u64().unwrap() < 3_600);
}

#[test]
fn a_failed_refresh_is_shown_until_one_succeeds() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let failure = || -> Value {
        let shown = sandbox.run(&["status", "--json"]).done();
        serde_json::from_str::<Value>(&shown).unwrap()[0]["last_failure"].take()
    };
    for (status, body, message) in [
        ("400 Bad Request", r#"{"code":17}"#, "refused the request (status 400)"),
        ("403 Forbidden", "", "refused the request (status 403)"),
        ("503 Service Unavailable", "", "(status 503)"),
        ("200 OK", "{}", "answered with no access token"),
    ] {
        assert_eq!(failure(), Value::Null, "{status}");
        let earliest = now();
        let (outcome, _) = server.answering(status, body, || sandbox.run(&["token"]));
        let reported = outcome.stderr.lines().next().unwrap().strip_prefix("error: ").unwrap();
        assert!(reported.contains(message), "{reported}");
        let help = outcome.stderr.lines().nth(1).unwrap();

        let (cells, said) = row(sandbox.run(&["status"]));
        assert_eq!(cells[4], "none");
        let mut lines = said.lines();
        let warning = lines.next().unwrap();
        let (ago, error) = warning.split_once(" ago: ").unwrap();
        assert!(ago.starts_with("warning: the last refresh failed "), "{said}");
        assert_eq!(error, format!("{reported} (profile: none, provider: oauth)"));
        assert_eq!(lines.next().unwrap(), help);

        let shown = failure();
        let line = format!("{reported}; {}", help.strip_prefix("help: ").unwrap());
        assert_eq!(shown["error"], line);
        assert!(shown["at"].as_str().unwrap().ends_with('Z'), "{shown}");
        assert!(shown["seconds_ago"].as_u64().unwrap() <= now() - earliest, "{shown}");

        server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
        let (_, said) = row(sandbox.run(&["status"]));
        assert_eq!((failure(), &*said), (Value::Null, ""), "{status}");
        sandbox.run(&["logout"]);
    }
}

#[test]
fn a_failed_refresh_of_each_profile_is_shown() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let more = sandbox.file("repo/more.toml", "[profile.ci]\n");
    let sandbox = sandbox.env("AUTHN_CONFIG", more);
    for profile in [&[][..], &["-p", "ci"]] {
        let token = [profile, &["token"]].concat();
        server.answering("400 Bad Request", "", || sandbox.run(&token));
    }
    let outcome = sandbox.run(&["status"]);
    for profile in ["none", "ci"] {
        let end = format!("(profile: {profile}, provider: oauth)");
        assert_eq!(outcome.stderr.lines().filter(|line| line.ends_with(&end)).count(), 1);
    }
}

#[test]
fn a_missing_token_is_not_an_error() {
    let server = Server::new();
    let (cells, said) = row(server.sandbox_in_memory().run(&["status"]));
    assert_eq!(cells[4..7], ["none", "no", "memory"]);
    assert_eq!(
        said,
        "no token is stored: this provider keeps tokens in memory, so each program gets its own\n"
    );
    server.is_left_alone();

    // It expired in 2023.
    let expired = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl";
    let sandbox = Sandbox::with(format!("[credentials]\njwt = \"{expired}\"\n"));
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!(cells, ["-", "yes", "jwt", "-", "none", "no", "-", "-", "-", "-"]);
    assert!(said.starts_with("no token is stored: run `authn token`"), "{said}");
}

#[test]
fn a_configured_credential_is_valid_with_or_without_a_token() {
    for (provider, principal, has_token) in [
        ("basic = { username = \"ann\" }", "ann", false),
        ("api_key = \"s3cr3t\"", "-", false),
        ("bearer = \"s3cr3t\"", "-", true),
        ("[credentials.cached]\nbearer = \"s3cr3t\"", "-", true),
    ] {
        let sandbox = Sandbox::with(format!("[credentials]\n{provider}\n"));
        let (cells, said) = row(sandbox.run(&["status"]));
        assert_eq!((&*cells[3], &*cells[4], &*said), (principal, "valid", ""), "{provider}");
        let shown: Value =
            serde_json::from_str(&sandbox.run(&["status", "--json"]).done()).unwrap();
        let shown = (&shown[0]["authenticated"], &shown[0]["has_token"]);
        assert_eq!(shown, (&json!(true), &json!(has_token)), "{provider}");
    }
}

#[test]
#[cfg(unix)]
fn a_store_that_can_not_be_read_is_an_error() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.for_each(|file| set_mode(&file, 0o644));
    let status = "-\tyes\toauth\tcli\tunknown\t-\t-\t-\t-\thttps://a.test\n";
    for (command, shown) in [("status", status), ("logout", ""), ("stores", "")] {
        let outcome = sandbox.run(&[command]);
        assert_eq!((outcome.code, &*outcome.stdout), (1, shown), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("chmod 600 "), "{}", outcome.stderr);
    }
}

/// Three profiles: a valid one, an invalid one, and one of another provider.
const PROFILES: &str = "[credentials]\ndomain = \"a.test\"\n\
    [profile.dev.credentials.basic]\nusername = \"ann\"\n\
    [profile.broken.credentials.basic]\npasword = \"s3cr3t\"\n\
    [profile.prod.credentials]\ndomain = \"b.test\"\njwt = \"s3cr3t\"\n";

#[test]
fn all_profiles_are_shown_even_if_one_is_invalid() {
    let sandbox = Sandbox::with(PROFILES);
    let outcome = sandbox.run(&["status"]);
    assert_eq!(
        (outcome.code, &*outcome.stdout),
        (
            0,
            "broken\tno\tbasic\t-\twrong\t-\t-\t-\t-\t-\n\
             dev\tno\tbasic\tann\tvalid\tno\t-\t-\t-\thttps://a.test\n\
             prod\tno\tjwt\t-\tvalid\tno\t-\t-\t-\thttps://b.test\n"
        ),
        "{}",
        outcome.stderr
    );
    for words in [
        "warning: the configuration has 2 problems (profile: broken, provider: basic)",
        "help: `authn config check --profile broken` lists its problems",
        "no profile is active: choose one with `--profile NAME`",
    ] {
        assert!(outcome.stderr.contains(words), "{words}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);

    let (cells, said) = row(sandbox.run(&["-p", "dev", "status"]));
    assert_eq!(cells[..4], ["dev", "yes", "basic", "ann"]);
    assert!(!said.contains("broken"), "{said}");

    let sandbox = sandbox.env("AUTHN_PROFILE", "prod");
    let outcome = sandbox.run(&["status", "--json"]);
    let shown: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let member = |name: &str| -> Vec<Value> {
        shown.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
    };
    assert_eq!(member("profile"), ["broken", "dev", "prod"]);
    assert_eq!(member("active"), [false, false, true]);
    assert_eq!(member("has_token"), [Value::Null, json!(false), json!(true)]);
    let wrong = json!("the configuration has 2 problems");
    assert_eq!(member("error"), [wrong, Value::Null, Value::Null]);
    assert_eq!(outcome.code, 0);

    let sandbox = sandbox.env("AUTHN_PROFILE", "broken");
    let outcome = sandbox.run(&["status"]);
    assert_eq!(outcome.code, 3, "the active profile is the broken one");
    for words in ["6 | pasword = ***", "error: missing-key", "error: the configuration has 2"] {
        assert!(outcome.stderr.contains(words), "{words}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
}

#[test]
fn a_base_that_is_usable_by_itself_has_a_row() {
    let profiles = |outcome: Outcome| -> Vec<String> {
        let rows = outcome.done();
        let start = |row: &str| row.split('\t').take(2).collect::<Vec<_>>().join(" ");
        rows.lines().map(start).collect()
    };
    let text = "[credentials]\nbearer = \"x\"\n[profile.prod.credentials]\ndomain = \"b.test\"\n";
    let sandbox = Sandbox::with(text);
    assert_eq!(profiles(sandbox.run(&["status"])), ["- yes", "prod no"]);
    let sandbox = Sandbox::with(format!("default_profile = \"prod\"\n{text}"));
    assert_eq!(profiles(sandbox.run(&["status"])), ["- no", "prod yes"]);
    // The common part of the profiles is not usable by itself.
    let common = "default_profile = \"prod\"\n[credentials.basic]\npassword = \"x\"\n\
        [profile.prod.credentials.basic]\nusername = \"ann\"\n";
    assert_eq!(profiles(Sandbox::with(common).run(&["status"])), ["prod yes"]);
}

#[test]
fn a_profile_of_an_untrusted_project_has_no_row() {
    let sandbox = Sandbox::with("[credentials]\nbearer = \"x\"\n");
    sandbox.file("repo/.authn.toml", "[profile.mine.credentials]\ndomain = \"evil.test\"\n");
    let (cells, _) = row(sandbox.run(&["status"]));
    assert_eq!(cells[..2], ["-", "yes"]);
}

#[test]
fn an_unknown_profile_is_an_error() {
    let sandbox = Sandbox::with(PROFILES).env("AUTHN_PROFILE", "prdo");
    for arguments in [&["status"][..], &["-p", "prdo", "status"]] {
        let outcome = sandbox.run(arguments);
        assert_eq!(outcome.code, 3);
        assert!(outcome.stdout.starts_with("-\tyes\t-\t-\twrong\t"), "{}", outcome.stdout);
        assert!(outcome.stderr.contains("did you mean `prod`?"), "{}", outcome.stderr);
    }
}

#[test]
fn a_problem_of_all_profiles_is_reported_once() {
    let sandbox = Sandbox::with(PROFILES).env("AUTHN_CREDENTAILS__DOMAIN", "x");
    let outcome = sandbox.run(&["status"]);
    assert_eq!(
        outcome.stderr.matches("warning: unknown-variable").count(),
        1,
        "{}",
        outcome.stderr
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_narrow_terminal_shows_a_block_for_each_profile() {
    use std::process::Command;

    let sandbox = Sandbox::with("[credentials]\nbearer = \"x\"\n[profile.ci]\n");
    let shown = |columns: u32, flag: &str| {
        let mut program = sandbox.command(&[]);
        let line = format!(
            "stty rows 40 cols {columns}; exec {} status {flag}",
            env!("CARGO_BIN_EXE_authn")
        );
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(sandbox.path("repo"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        for (name, value) in program.stdin(std::process::Stdio::null()).get_envs() {
            command.env(name, value.unwrap());
        }
        Outcome::of(command.stdin(std::process::Stdio::null()).output().unwrap())
            .done()
            .replace("\r\n", "\n")
    };
    let wide = shown(120, "-v");
    assert!(wide.contains("PROFILE  ACTIVE  PROVIDER"), "{wide}");
    let brief = shown(40, "");
    assert!(brief.contains("PROFILE  ACTIVE  USER  TOKEN  STORE\n"), "{brief}");
    let narrow = shown(40, "-v");
    for line in ["PROFILE   ci", "ACTIVE    no", "TOKEN     valid"] {
        assert!(narrow.lines().any(|shown| shown == line), "{line}\n{narrow}");
    }
}

#[test]
fn a_session_that_cannot_be_read_is_a_warning() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3600, || sandbox.run(&["token"])).done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let files = || {
        let entries = std::fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| {
            path.extension().is_some_and(|ending| ending != "lock" && ending != "lease")
        });
        names.sort();
        names
    };
    let record = files().into_iter().find(|path| path.extension().unwrap() == "json").unwrap();
    let name = record.to_str().unwrap();
    std::fs::write(&record, "{ s3cr3t").unwrap();
    let before = files();
    let warning = format!(
        "warning: a stored session is not used, because it was damaged ({name})\n\
         help: the next login or token request replaces it\n"
    );
    // Whether a log is on that does not contain it, or none.
    for levels in [None, Some("off"), Some("reqwest=info"), Some("authn=error")] {
        let mut command = sandbox.command(&["status"]);
        command.envs(levels.map(|levels| ("AUTHN_LOG", levels)));
        let outcome = Outcome::of(command.output().unwrap());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(outcome.stderr.matches(&warning).count(), 1, "{levels:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("s3cr3t"), "{outcome:?}");
        assert_eq!(files(), before, "status only looks");
    }
    let logged = sandbox.run(&["-v", "status"]);
    assert!(!logged.stderr.contains(&warning), "the log contains it: {logged:?}");
    assert_eq!(logged.stderr.matches("a stored session is not used").count(), 1, "{logged:?}");
    // The next save replaces it.
    let outcome = server.giving("two", 3600, || sandbox.run(&["token"]));
    assert_eq!(outcome.stderr.matches(&warning).count(), 1, "{outcome:?}");
    assert_eq!(outcome.done(), "two\n");
    assert_eq!(sandbox.run(&["status"]).stderr, "");
}

#[test]
fn a_chain_names_the_provider_that_serves() {
    let chain = "[credentials]\ndomain = 'a.test'\n\
         [[credentials.chain.providers]]\njwt = { env = 'CI_TOKEN' }\n\
         [[credentials.chain.providers]]\n[credentials.chain.providers.oauth]\n\
         token_endpoint_url = 'https://i.test'\nauthorization_endpoint_url = 'https://i.test'\n\
         client_id = 'c'\ngrant_type = 'authorization_code'\n";
    let last = "[[credentials.chain.providers]]\n\
         chain.providers = [{ bearer = { env = 'NONE' } }, { bearer = 's3cr3t' }]\n";
    for (configuration, token, served_by, cell, said) in [
        (chain.to_owned(), "", None, "chain", "not logged in: run `authn login`\n"),
        (chain.to_owned(), IN_2100, Some("0.jwt"), "chain: 0.jwt", ""),
        (
            format!("{chain}{last}"),
            "",
            Some("2.chain.providers.1.bearer"),
            "chain: 2.chain.providers.1.bearer",
            "",
        ),
    ] {
        let sandbox = Sandbox::with(configuration).env("CI_TOKEN", token);
        let (cells, stderr) = row(sandbox.run(&["status"]));
        assert_eq!((cells[2].as_str(), stderr.as_str()), (cell, said));
        let json: Value = serde_json::from_str(&sandbox.run(&["status", "--json"]).done()).unwrap();
        let served_by = served_by.map(|link| format!("credentials.chain.providers.{link}"));
        assert_eq!(json[0]["served_by"], json!(served_by));
        assert_eq!(json[0]["authenticated"], json!(served_by.is_some()));
        let doctor = sandbox.run(&["doctor", "--offline"]).stdout;
        let absent = "jwt.jwt is absent, so the chain passes over its provider: env CI_TOKEN";
        assert_eq!(doctor.contains(absent), token.is_empty(), "{doctor}");
    }
}

/// Its requests are signed without a token of a server.
#[test]
fn a_client_that_signs_alone_has_no_token_to_get() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\n",
    );
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!((&*cells[4], &*said), ("valid", ""), "{cells:?}");
    let outcome = sandbox.run(&["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`authn header`"), "{}", outcome.stderr);

    let login = "request_token_url = \"https://a.test/r\"\nauthorization_url = \"https://a.test/a\"\n\
                 access_token_url = \"https://a.test/t\"\n";
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\n{login}"
    ));
    let (cells, said) = row(sandbox.run(&["status"]));
    assert_eq!((&*cells[4], &*said), ("none", "not logged in: run `authn login`\n"), "{cells:?}");
}
