//! `doctor`: its findings, and the command that fixes each.

use std::fs;

use serde_json::Value;

use crate::{
    sandbox::{Outcome, Sandbox, set_mode},
    server::Server,
};

/// Runs it without the network, which other tests cover for the linked providers.
fn run(sandbox: &Sandbox) -> Outcome {
    sandbox.run_without_folder(&["doctor", "--offline"])
}

/// Returns the rows of a check: state, finding and help.
fn of<'o>(outcome: &'o Outcome, check: &str) -> Vec<[&'o str; 3]> {
    let cells = outcome.stdout.lines().map(|row| row.split('\t').collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells[1] == check);
    rows.map(|cells| [cells[0], cells[2], cells[3]]).collect()
}

#[track_caller]
fn has(outcome: &Outcome, check: &str, row: [&str; 3]) {
    let rows = of(outcome, check);
    assert!(rows.contains(&row), "{check}: {row:?}\n{rows:?}\n{}", outcome.stderr);
    assert!(!outcome.stdout.contains("s3cr3t") && !outcome.stderr.contains("s3cr3t"));
}

#[test]
fn a_valid_setup_is_reported_in_full() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let outcome = run(&sandbox);
    let told = "no problems found (profile: none, provider: oauth)\n";
    assert_eq!((outcome.code, &*outcome.stderr), (0, told));
    let config = "/home/.config/authn/config.toml";
    has(&outcome, "files", ["ok", &format!("{config} is read"), "-"]);
    has(&outcome, "provider", ["ok", &format!("oauth, chosen by {config}:3:1"), "-"]);
    has(&outcome, "origins", ["ok", "requests to https://a.test are authorised", "-"]);
    let private = format!("{config} contains a secret, and only its owner can read it");
    has(&outcome, "permissions", ["ok", &private, "-"]);
    has(&outcome, "store", ["ok", "file in /home/.local/state/authn/tokens can be used", "-"]);
    has(&outcome, "proxy", ["ok", "no proxy is configured", "-"]);
    has(&outcome, "session", ["ok", "no token is stored, and no login is needed", "-"]);
    assert!(of(&outcome, "version")[0][1].starts_with("authn "), "{}", outcome.stdout);
    has(&outcome, "server", ["skipped", "no server was contacted", "leave out `--offline`"]);
    has(&outcome, "token", ["skipped", "no token was requested", "`authn doctor --token`"]);
    assert!(of(&outcome, "login").is_empty());
    server.is_left_alone();

    server.giving("t0k3n", 907_200, || sandbox.run(&["token"])).done();
    let outcome = run(&sandbox);
    let [[state, message, _]] = of(&outcome, "session")[..] else { panic!("{outcome:?}") };
    assert!(state == "ok" && message.starts_with("a token with 10d"), "{message}");

    let json = sandbox.run(&["doctor", "--offline", "--json"]).done();
    let findings: Value = serde_json::from_str(&json).unwrap();
    let session = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "session");
    let session = session.unwrap();
    assert_eq!((&session["state"], &session["help"]), (&Value::from("ok"), &Value::Null));
}

#[test]
fn a_problem_of_the_configuration_has_its_place_and_help() {
    let sandbox = Sandbox::with(
        "[credentials]\n[credentials.basic]\nusername = [\"s3cr3t\"]\npasword = \"s3cr3t\"\n\
         password = { env = \"NOWHERE\" }\n",
    );
    let outcome = run(&sandbox);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert_eq!(
        outcome.stderr,
        "error: 3 problems and 1 warning (profile: none, provider: basic)\n"
    );
    let config = "/home/.config/authn/config.toml";
    let unknown = format!(
        "{config}:4:11: credentials.basic.pasword: there is no option `pasword` in `credentials.basic`"
    );
    has(&outcome, "configuration", ["problem", &unknown, "did you mean `password`?"]);
    let rows = of(&outcome, "references");
    let [["problem", message, _]] = rows[..] else { panic!("{rows:?}") };
    assert!(message.contains("NOWHERE is not set"), "{message}");
    let rows = of(&outcome, "origins");
    let [["warning", _, help]] = rows[..] else { panic!("{rows:?}") };
    assert!(help.contains("credentials.domain"), "{help}");

    let outcome = run(&Sandbox::new());
    assert_eq!(outcome.code, 3);
    let rows = of(&outcome, "provider");
    let [["problem", _, help]] = rows[..] else { panic!("{rows:?}") };
    assert!(help.contains("`authn config init PROVIDER`"), "{help}");
    assert_eq!(of(&outcome, "files")[0][0], "ok");

    let outcome = run(&Sandbox::with("[credentials\n"));
    assert_eq!((outcome.code, of(&outcome, "files")[0][0]), (3, "problem"), "{outcome:?}");
}

#[test]
fn references_are_reported_with_their_target() {
    let sandbox = Sandbox::new();
    let secret = sandbox.file("secret", "s3cr3t");
    let text = format!("[credentials]\nbearer = {{ file = \"{}\" }}\n", secret.display());
    sandbox.file("home/.config/authn/config.toml", text);
    let fine = "credentials.bearer.token is available: file /secret";
    has(&run(&sandbox), "references", ["ok", fine, "-"]);
    #[cfg(unix)]
    {
        set_mode(&secret, 0o644);
        let outcome = run(&sandbox);
        let rows = of(&outcome, "references");
        let [["problem", message, help]] = rows[..] else { panic!("{rows:?}") };
        assert!(
            message.ends_with("the secret file /secret can be accessed by other users"),
            "{message}"
        );
        assert_eq!(help, "`chmod 600 /secret`");
        assert_eq!(outcome.code, 3);
    }
}

#[test]
#[cfg(unix)]
fn a_configuration_with_a_secret_that_others_can_read_is_a_warning() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n");
    set_mode(&sandbox.path("home/.config/authn/config.toml"), 0o640);
    let outcome = run(&sandbox);
    let path = "/home/.config/authn/config.toml";
    let open = format!("{path} contains a secret, and other users can read it");
    has(&outcome, "permissions", ["warning", &open, &format!("`chmod 600 {path}`")]);
    assert_eq!(
        (outcome.code, &*outcome.stderr),
        (0, "warning: 1 warning (profile: none, provider: bearer)\n")
    );
}

#[test]
#[cfg(unix)]
fn a_problem_of_the_store_has_its_command() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let session = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let session =
        session.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    let name = session.file_name().unwrap().to_str().unwrap().to_owned();
    let path = format!("/home/.local/state/authn/tokens/{name}");
    sandbox.file("home/.local/state/authn/tokens/old.newer", "s3cr3t");
    let aside = "/home/.local/state/authn/tokens/old.newer";
    let message =
        format!("{aside} is a session that was set aside, because a later version wrote it");
    let outcome = run(&sandbox);
    has(&outcome, "store", ["warning", &message, &format!("`rm {aside}`, once you don't need it")]);
    assert_eq!(outcome.code, 0);

    set_mode(&session, 0o604);
    let outcome = run(&sandbox);
    let open = format!("{path} can be accessed by other users");
    has(&outcome, "store", ["problem", &open, &format!("`chmod 600 {path}`")]);
    has(
        &outcome,
        "session",
        ["problem", "the session is unknown, because the store can't be used", "-"],
    );
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(session.is_file());

    set_mode(&session, 0o600);
    set_mode(&folder, 0o777);
    let outcome = run(&sandbox);
    let folder = "/home/.local/state/authn/tokens";
    let open = format!("{folder} is writable by other users");
    has(&outcome, "store", ["problem", &open, &format!("`chmod go-w {folder}`")]);
}

#[test]
#[cfg(unix)]
fn a_session_that_is_not_private_is_a_warning_with_its_command_where_no_store_is_needed() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let token = || server.giving("t0k3n", 3_600, || sandbox.run_without_folder(&["token"]));
    token().done();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let session = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let session =
        session.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    let name = session.file_name().unwrap().to_str().unwrap();
    let path = format!("/home/.local/state/authn/tokens/{name}");
    set_mode(&session, 0o644);
    let outcome = token();
    let warning = format!(
        "warning: {path} can be accessed by other users, so the token is not stored for the next program\n\
         help: `chmod 600 {path}`, or set `store` to `memory` to do without\n"
    );
    assert_eq!((&*outcome.stderr, &*outcome.stdout), (&*warning, "t0k3n\n"));
    let outcome = run(&sandbox);
    let open = format!(
        "{path} can be accessed by other users: tokens may not be stored, and each program then requests its own"
    );
    let help = format!("`chmod 600 {path}`, or set `store` to `memory` to do without");
    has(&outcome, "store", ["warning", &open, &help]);
    assert_eq!(outcome.code, 0, "{outcome:?}");

    // What was set aside stops nothing.
    set_mode(&session, 0o600);
    fs::write(&session, "{ s3cr3t").unwrap();
    token().done();
    let outcome = run(&sandbox);
    let aside = path.replace(".json", ".corrupt");
    let message = format!("{aside} is a session that was set aside, because it was damaged");
    has(&outcome, "store", ["warning", &message, &format!("`rm {aside}`, once you don't need it")]);
    let usable = "file in /home/.local/state/authn/tokens can be used";
    has(&outcome, "store", ["ok", usable, "-"]);
    assert!(!outcome.stdout.contains("not be stored"), "{}", outcome.stdout);
}

#[test]
#[cfg(unix)]
fn a_folder_in_which_everybody_can_replace_a_file_is_a_warning() {
    let config =
        "[credentials]\ndomain = \"a.test\"\nbearer = { file = \"../../secrets/token\" }\n";
    let sandbox = Sandbox::with(config);
    set_mode(&sandbox.file("home/secrets/token", "t0k3n"), 0o600);
    assert_eq!(sandbox.run(&["token"]).stderr, "");
    for (folder, clause) in [
        ("home/.config/authn", "the file is in a folder in which every user can replace it"),
        ("home/secrets", "token is in a folder in which every user can replace it"),
    ] {
        set_mode(&sandbox.path(folder), 0o777);
        let outcome = sandbox.run(&["token"]);
        assert_eq!((outcome.code, &*outcome.stdout), (0, "t0k3n\n"), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches(clause).count(), 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("`chmod o-w "), "{}", outcome.stderr);
        set_mode(&sandbox.path(folder), 0o1777);
        assert_eq!(sandbox.run(&["token"]).stderr, "");
        set_mode(&sandbox.path(folder), 0o755);
    }
}

#[test]
fn without_a_configuration_the_findings_agree() {
    let outcome = run(&Sandbox::new());
    assert_eq!(outcome.code, 3, "{outcome:?}");
    has(
        &outcome,
        "configuration",
        ["skipped", "no option is set, so there is nothing to check", "-"],
    );
    has(
        &outcome,
        "server",
        [
            "skipped",
            "neither a store nor a server was tried, because none is configured",
            "configure a provider first",
        ],
    );
    assert!(!outcome.stdout.contains("valid"), "{}", outcome.stdout);
}

#[test]
fn a_file_of_authorities_is_parsed() {
    let text = "[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n[http]\nca_file = \"ca.pem\"\n";
    let sandbox = Sandbox::with(text);
    let set_it = "set it to a PEM file of certificate authorities";
    for (contents, expected) in [(None, "check the path"), (Some("s3cr3t"), set_it)] {
        if let Some(contents) = contents {
            sandbox.file("home/.config/authn/ca.pem", contents);
        }
        let outcome = run(&sandbox);
        let rows = of(&outcome, "authorities");
        let [["problem", message, help]] = rows[..] else { panic!("{rows:?}") };
        assert!(message.contains(":5:11: http.ca_file: `http.ca_file` /home/"), "{message}");
        assert_eq!(help, expected);
        assert_eq!(outcome.code, 3);
        assert!(!outcome.stdout.contains("s3cr3t"));
    }
}

#[test]
fn the_active_proxy_is_named_without_its_password() {
    let configuration = "[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n";
    let proxy = |sandbox: Sandbox| {
        let outcome = run(&sandbox);
        assert!(!outcome.stdout.contains("s3cr3t"), "{}", outcome.stdout);
        of(&outcome, "proxy")[0].map(str::to_owned)
    };
    let sandbox = || Sandbox::with(configuration);
    let variable = || sandbox().env("https_proxy", "http://ann:s3cr3t@p.test:3128");
    let through = "requests use the proxy http://p.test:3128, set by https_proxy";
    assert_eq!(proxy(variable())[..2], ["ok", through]);
    let except = format!("{through}, except for the hosts in NO_PROXY");
    assert_eq!(proxy(variable().env("NO_PROXY", "b.test"))[..2], ["ok", &except]);
    assert_eq!(proxy(variable().env("HTTPS_PROXY", "ftp://s3cr3t"))[0], "warning");
    let configured =
        Sandbox::with(format!("{configuration}[http]\nproxy = \"http://u:s3cr3t@q.test\"\n"));
    let configured = configured.env("ALL_PROXY", "http://p.test");
    assert_eq!(
        proxy(configured)[..2],
        ["ok", "requests use the proxy http://q.test, set by `http.proxy`"]
    );
    let all = proxy(sandbox().env("ALL_PROXY", "p.test"));
    assert_eq!(all[1], "requests use the proxy http://p.test, set by ALL_PROXY");
}

#[test]
fn an_untrusted_project_file_is_a_warning_with_its_command() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n");
    sandbox.file("repo/.authn.toml", "[credentials]\ndomain = \"evil.test\"\n");
    let outcome = run(&sandbox);
    let rows = of(&outcome, "files");
    let withheld = rows.iter().find(|row| row[0] == "warning").unwrap();
    assert!(withheld[1].starts_with("/repo/.authn.toml:1:1: the project's file"), "{withheld:?}");
    assert_eq!(withheld[2], "review and trust it with `authn config trust`");
    assert!(!outcome.stdout.contains("evil"), "{}", outcome.stdout);
    assert_eq!(outcome.code, 0);
}

#[test]
fn the_chosen_profile_is_checked() {
    let text = "[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n[profile.bad.credentials]\ndomian = \"x\"\n";
    let sandbox = Sandbox::with(text);
    assert_eq!(run(&sandbox).code, 0);
    let outcome = sandbox.run(&["-p", "bad", "doctor", "--offline"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("(profile: bad, provider: bearer)"), "{}", outcome.stderr);
}

#[test]
fn the_server_is_contacted_without_a_secret() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let (outcome, request) = server.answering("404 Not Found", "", || sandbox.run(&["doctor"]));
    assert_eq!((outcome.code, request.body.as_str()), (0, ""), "{outcome:?}");
    let rows = of(&outcome, "server");
    let [["ok", message, "-"]] = rows[..] else { panic!("{rows:?}") };
    assert!(message.ends_with(" is reachable"), "{message}");
    server.is_left_alone();

    drop(server);
    let outcome = sandbox.run(&["doctor"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    let rows = of(&outcome, "server");
    let [["problem", message, help]] = rows[..] else { panic!("{rows:?}") };
    assert!(message.contains("can't be reached"), "{message}");
    assert_eq!(
        help,
        "check the address and its port, and that the server runs: no program listens there"
    );
}

#[test]
fn a_missing_login_is_reported_with_its_command_and_way() {
    let text = "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
        issuer_url = \"https://idp.test\"\nclient_id = \"cli\"\n[profile.ci]\n";
    let sandbox = || Sandbox::with(text);
    let way = |sandbox: Sandbox, options: &[&str]| {
        let arguments = [options, &["-p", "ci", "doctor", "--offline"]].concat();
        let outcome = sandbox.run(&arguments);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let login = if options.is_empty() { "`authn login --profile ci`" } else { "`authn login " };
        let rows = of(&outcome, "session");
        let [["warning", "not logged in", help]] = rows[..] else { panic!("{rows:?}") };
        assert!(help.starts_with(login), "{help}");
        of(&outcome, "login")[0][1].to_owned()
    };
    let browser = "a login opens a browser on this machine";
    let other = "a login shows a code or a link for another device, as far as the server has them";
    #[cfg(target_os = "linux")]
    {
        assert_eq!(way(sandbox(), &[]), format!("{other}, because there is no display"));
        let display = sandbox().env("DISPLAY", ":0");
        assert_eq!(way(display, &[]), format!("{browser}, because DISPLAY is set"));
    }
    let remote = sandbox().env("DISPLAY", ":0").env("SSH_TTY", "/dev/pts/0");
    assert_eq!(way(remote, &[]), format!("{other}, because SSH_TTY is set"));
    let editor = sandbox().env("SSH_TTY", "/dev/pts/0").env("BROWSER", "open");
    assert_eq!(way(editor, &[]), format!("{browser}, because BROWSER is set"));
    let code = way(sandbox(), &["--set", "credentials.oauth.grant_type=device_code"]);
    assert_eq!(code, "a login shows a code, which is typed in on any device");
    let typed = way(sandbox(), &["--set", "credentials.oauth.grant_type=client_credentials"]);
    assert_eq!(typed, "a login asks for what the configuration lacks of the client");
    let named = way(sandbox(), &["--set", "credentials.oauth.browser=[\"firefox\"]"]);
    assert_eq!(named, "a login opens the browser that the option `browser` names");
    let paste = "a login shows a link, and asks for the address that a browser ends at";
    let away = way(sandbox(), &["--set", "credentials.oauth.redirect_uri=https://c.test/x"]);
    assert_eq!(away, format!("{paste}, because `redirect_uri` is not on this machine"));
    let options = ["grant_type=authorization_code", "redirect_uri=http://localhost:8888/x"];
    for option in options.map(|option| format!("credentials.oauth.{option}")) {
        let remote = sandbox().env("SSH_TTY", "/dev/pts/0");
        assert_eq!(way(remote, &["--set", &option]), format!("{paste}, because SSH_TTY is set"));
    }

    let outcome = sandbox().run(&["status"]);
    assert_eq!(outcome.code, 0);
    assert_eq!(outcome.stderr, "not logged in: run `authn login`\n");
}
