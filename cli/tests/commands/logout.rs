//! `logout`.

use crate::{
    sandbox::{Outcome, Sandbox},
    server::Server,
};

const OAUTH: &str = "(profile: none, provider: oauth)";

#[track_caller]
fn said(outcome: &Outcome, words: &str) {
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
    assert_eq!(outcome.stderr, format!("{words}\n"));
}

#[test]
fn the_session_is_deleted_and_the_next_token_is_another() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let nothing = format!("the store `file` has no session {OAUTH}");
    said(&sandbox.run(&["logout"]), &nothing);
    for token in ["one", "two"] {
        let outcome = server.giving(token, 3_600, || sandbox.run(&["token"]));
        assert_eq!(outcome.done(), format!("{token}\n"));
        let forgotten = format!("logged out: deleted the session from the store `file` {OAUTH}");
        said(&sandbox.run(&["logout"]), &forgotten);
        said(&sandbox.run(&["logout"]), &nothing);
    }
    server.is_left_alone();
}

#[test]
fn tokens_of_other_scopes_are_deleted_too() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let other = ["token", "--scope", "read"];
    server.giving("one", 3_600, || sandbox.run(&other)).done();
    let outcome = sandbox.run(&["logout"]);
    assert!(outcome.stderr.starts_with("logged out: "), "{outcome:?}");
    let again = server.giving("two", 3_600, || sandbox.run(&other));
    assert_eq!(again.done(), "two\n");
}

#[test]
fn an_unreadable_session_is_deleted_and_the_message_says_so() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let files = || -> Vec<_> {
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect()
    };
    let ends = |path: &std::path::Path, ending| path.extension().is_some_and(|end| end == ending);
    let document = || files().into_iter().find(|path| ends(path, "json")).unwrap();
    let is_set_aside = || files().iter().any(|path| ends(path, "corrupt"));
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    std::fs::write(document(), "{\"refresh_token\":\"l1ve\"").unwrap();
    server.giving("two", 3_600, || sandbox.run(&["token"])).done();
    assert!(is_set_aside());
    let ended = format!("logged out: deleted the session from the store `file` {OAUTH}");
    said(&sandbox.run(&["logout"]), &ended);
    assert!(!is_set_aside());

    std::fs::write(document().with_extension("corrupt"), "l1ve").unwrap();
    let deleted = format!("deleted an unreadable session from the store `file` {OAUTH}");
    said(&sandbox.run(&["logout"]), &deleted);
    assert!(!is_set_aside());
    said(&sandbox.run(&["logout"]), &format!("the store `file` has no session {OAUTH}"));
}

#[test]
fn another_profiles_session_stays() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    sandbox.file("repo/ci.toml", "[profile.ci]\n");
    let ci = |command| ["--config", "ci.toml", "--profile", "ci", command];
    server.giving("base", 3_600, || sandbox.run(&["token"])).done();
    server.giving("ci", 3_600, || sandbox.run(&ci("token"))).done();
    let outcome = sandbox.run(&ci("logout"));
    assert!(outcome.stderr.ends_with("(profile: ci, provider: oauth)\n"), "{outcome:?}");
    assert_eq!(sandbox.run(&["token"]).done(), "base\n");
}

#[test]
fn without_a_store_there_is_nothing_to_delete() {
    let words = "no session is stored, because no store is in use";
    said(&Server::new().sandbox_in_memory().run(&["logout"]), &format!("{words} {OAUTH}"));
    let sandbox = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n");
    said(&sandbox.run(&["logout"]), &format!("{words} (profile: none, provider: bearer)"));
}

#[test]
fn a_chain_is_logged_out_at_the_provider_that_has_served() {
    let server = Server::new();
    // Nothing is at this address, which only a request shows.
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = \"a.test\"\n\
         [[credentials.chain.providers]]\ngcp_metadata = {{ host = \"127.0.0.1:9\" }}\n\
         [[credentials.chain.providers]]\n[credentials.chain.providers.oauth]\n\
         token_endpoint_url = \"{}\"\ngrant_type = \"client_credentials\"\n\
         client_id = \"cli\"\nclient_secret = \"s3cr3t\"\n",
        server.url("/token")
    ));
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    assert_eq!(sandbox.run(&["token"]).done(), "one\n");
    let status = sandbox.run(&["status", "--json"]).done();
    assert!(status.contains("1.oauth"), "{status}");

    // A server that is configured by its token endpoint alone has no revocation endpoint.
    let outcome = sandbox.run(&["logout", "--revoke"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`revocation_endpoint_url`"), "{}", outcome.stderr);
    assert_eq!(sandbox.run(&["token"]).done(), "one\n");
    let forgotten = "logged out: deleted the session from the store `file`";
    said(&sandbox.run(&["logout"]), &format!("{forgotten} (profile: none, provider: chain)"));
    assert_eq!(server.giving("two", 3_600, || sandbox.run(&["token"])).done(), "two\n");
    server.is_left_alone();
}

#[test]
fn a_session_that_is_not_revoked_stays() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    // A server that is configured by its token endpoint alone has no revocation endpoint.
    let outcome = sandbox.run(&["logout", "--revoke"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
    for word in ["error: ", "help: set `revocation_endpoint_url`, or leave out `--revoke`"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
    assert_eq!(sandbox.run(&["token"]).done(), "one\n");
    server.is_left_alone();
}

/// Returns the ID of the only stored session of a client.
fn id_of(sandbox: &Sandbox, client: &str) -> String {
    let listed = sandbox.run(&["stores", "file"]).done();
    let row = listed.lines().find(|row| row.split('\t').nth(7) == Some(client)).unwrap();
    row.split('\t').next().unwrap().to_owned()
}

const OTHER: [&str; 2] = ["--set", "credentials.oauth.client_id=other"];

#[test]
fn other_sessions_of_the_profile_are_counted_with_what_ends_them() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let more = sandbox.file("repo/more.toml", "[profile.ci]\n");
    let sandbox = sandbox.env("AUTHN_CONFIG", more);
    for flags in [&[][..], &OTHER, &["-p", "ci"]] {
        server.giving("one", 3_600, || sandbox.run(&[flags, &["token"]].concat())).done();
    }
    let left = "1 other session without a profile is still stored, of options that have changed or were given by flags: \
                `authn stores` lists it, `authn logout --session ID` deletes it, and `authn logout --all` deletes all";
    let ended = format!("logged out: deleted the session from the store `file` {OAUTH}");
    said(&sandbox.run(&["logout"]), &format!("{ended}\n{left}"));
    let nothing = format!("the store `file` has no session of the current options {OAUTH}");
    said(&sandbox.run(&["logout"]), &format!("{nothing}\n{left}"));
    // The session of another profile is not counted.
    sandbox.run(&["logout", "--session", &id_of(&sandbox, "other")]).done();
    said(&sandbox.run(&["logout"]), &nothing);
    // The sessions of a store that is no longer chosen are.
    let in_memory = ["-p", "ci", "--set", "credentials.oauth.store=memory", "logout"];
    let outcome = sandbox.run(&in_memory);
    assert!(
        outcome.stderr.contains("1 other session of this profile is still stored"),
        "{outcome:?}"
    );
    assert!(!outcome.stderr.contains("--profile"), "`--all` takes no profile: {outcome:?}");
}

#[test]
fn what_is_left_after_revoking_all_is_listed_and_is_a_failure() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&[&OTHER[..], &["token"]].concat())).done();
    let folder = "home/.local/state/authn/tokens";
    let files = std::fs::read_dir(sandbox.path(folder)).unwrap();
    let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let aside = names.find_map(|name| Some(format!("{}.corrupt", name.strip_suffix(".json")?)));
    let aside = aside.unwrap();
    sandbox.file(&format!("{folder}/{aside}"), "l1ve");
    let outcome = sandbox.run(&["logout", "--all", "--revoke"]);
    let id = id_of(&sandbox, "other");
    assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
    for words in [
        format!("the store `file` has no session of the current options {OAUTH}\n"),
        format!(
            "left in the store `file`: session {id} {OAUTH}: no profile has its options, so it can't be revoked\n"
        ),
        format!("{aside} is a session that was set aside, because it was damaged\n"),
        "error: 2 sessions are left\nhelp: `authn logout --session ID` deletes one".to_owned(),
    ] {
        assert!(outcome.stderr.contains(&words), "{words}\n{}", outcome.stderr);
    }
    // The session of a profile that fails is left, too, and the code is that of the failure.
    server.giving("two", 3_600, || sandbox.run(&["token"])).done();
    let outcome = sandbox.run(&["logout", "--all", "--revoke"]);
    let id = id_of(&sandbox, "cli");
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
    let why = format!("session {id} {OAUTH}: its profile could not be logged out\n");
    assert!(outcome.stderr.contains(&why), "{why}\n{}", outcome.stderr);
    sandbox.run(&["logout", "--all"]).done();
    assert_eq!(sandbox.run(&["logout", "--all", "--revoke"]).code, 0);
    server.is_left_alone();
}

#[test]
fn a_missing_session_needs_no_revocation() {
    let sandbox = Server::new().sandbox_with_store();
    said(
        &sandbox.run(&["logout", "--revoke"]),
        &format!("the store `file` has no session {OAUTH}"),
    );
}

#[test]
fn without_the_server_a_revocation_fails_and_deletes_nothing() {
    let server = Server::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = server.sandbox_with_store();
    let option = format!("credentials.oauth.revocation_endpoint_url=http://{closed}/revoke");
    let run = |command: &[&str]| sandbox.run(&[&["--set", &option][..], command].concat());
    server.giving("one", 3_600, || run(&["token"])).done();
    for command in [&["logout", "--revoke"][..], &["logout", "--revoke", "--all"]] {
        let outcome = run(command);
        assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
        for word in ["can't be reached", "help: try again, or leave out `--revoke`"] {
            assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        }
        assert_eq!(run(&["token"]).done(), "one\n");
    }
}

#[test]
fn all_profiles_are_logged_out_even_if_one_is_invalid() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let more = sandbox.file(
        "repo/more.toml",
        "[profile.broken.credentials.oauth]\nclient_di = \"s3cr3t\"\n[profile.ci]\n\
         [profile.plain.credentials]\nbearer = \"s3cr3t\"\n",
    );
    let sandbox = sandbox.env("AUTHN_CONFIG", more);
    let token = |profile: &[&str]| sandbox.run(&[profile, &["token"]].concat());
    for (profile, name) in [(&[][..], "base"), (&["-p", "ci"], "ci")] {
        server.giving(name, 3_600, || token(profile)).done();
    }
    let outcome = sandbox.run(&["logout", "--all"]);
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
    let ended = "logged out: deleted the session from the store `file`";
    for line in [
        format!("{ended} (profile: none, provider: oauth)"),
        format!("{ended} (profile: ci, provider: oauth)"),
    ] {
        assert!(
            outcome.stderr.lines().any(|message| message == line),
            "{line}\n{}",
            outcome.stderr
        );
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    for profile in [&[][..], &["-p", "ci"]] {
        server.giving("new", 3_600, || token(profile)).done();
    }
    let outcome = sandbox.run(&["-p", "ci", "logout", "--all"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
}

#[test]
fn the_user_of_the_session_is_reported() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    // The record as a login writes it.
    let folder = sandbox.path("home/.local/state/authn/tokens");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let path =
        files.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    let record = std::fs::read_to_string(&path).unwrap();
    let record =
        record.replacen('{', r#"{"username":"ann\u001b[2J","server_clock_ahead":-180,"#, 1);
    std::fs::write(&path, record).unwrap();

    let status = sandbox.run(&["status"]).done();
    let cells: Vec<&str> = status.split('\t').collect();
    assert_eq!((cells[3], cells[7]), ("ann\\u{1b}[2J", "-3m"));
    let outcome = sandbox.run(&["logout"]);
    assert!(
        outcome.stderr.starts_with("logged out ann\\u{1b}[2J: deleted the session"),
        "{outcome:?}"
    );
}

/// A token with an ID token, as after a login.
const WITH_ID_TOKEN: &str =
    r#"{"access_token":"one","token_type":"Bearer","expires_in":3600,"id_token":"e30.e30.c2ln"}"#;

const PAGE: &str = "credentials.oauth.end_session_endpoint_url=https://i.test/bye";
const LINK: &str = "https://i.test/bye?id_token_hint=e30.e30.c2ln&client_id=cli";

#[test]
fn without_a_page_for_logouts_nothing_is_deleted() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    let outcome = sandbox.run(&["logout", "--at-server"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
    let help = "help: set `end_session_endpoint_url`";
    assert!(outcome.stderr.contains(help), "{}", outcome.stderr);
    assert_eq!(sandbox.run(&["token"]).done(), "one\n");
    // What the help says does not end the session.
    let outcome = sandbox.run(&["--set", PAGE, "logout", "--at-server"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let link = "https://i.test/bye?client_id=cli";
    assert!(outcome.stderr.contains("logged out: deleted the session"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(link), "{}", outcome.stderr);
    server.is_left_alone();
}

#[test]
#[cfg(unix)]
fn the_page_is_opened_or_its_link_is_printed() {
    const OPENED: &str = "the browser shows the server's page: confirm there if it asks\n";
    const PRINTED: &str = "to log out at the server, open this link in a browser:\n";
    for (script, arguments, is_opened, is_printed) in [
        (Some("echo \"$1\" > opened"), &[][..], true, false),
        (Some("echo \"$1\" > opened"), &["--no-browser"], false, true),
        (Some("exit 1"), &[], false, true),
        (None, &[], false, true),
    ] {
        let server = Server::new();
        let mut sandbox = server.sandbox_with_store();
        if let Some(script) = script {
            let browser = sandbox.file("browser", format!("#!/bin/sh\n{script}\n"));
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(&browser, mode).unwrap();
            sandbox = sandbox.env("BROWSER", browser);
        }
        server.answering("200 OK", WITH_ID_TOKEN, || sandbox.run(&["token"])).0.done();
        let logout = [&["--set", PAGE, "logout", "--at-server"][..], arguments].concat();
        let outcome = sandbox.run(&logout);
        assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("logged out: deleted the session"), "{outcome:?}");
        let opened = std::fs::read_to_string(sandbox.path("repo/opened")).unwrap_or_default();
        assert_eq!(opened.trim_end(), if is_opened { LINK } else { "" }, "{outcome:?}");
        let shown = format!("{PRINTED}{LINK}\n");
        assert_eq!(outcome.stderr.ends_with(&shown), is_printed, "{}", outcome.stderr);
        let is_told = script.is_some() && arguments.is_empty();
        assert_eq!(outcome.stderr.contains(OPENED), is_told, "{}", outcome.stderr);
        assert_eq!(outcome.stderr.contains("ended with exit status: 1"), script == Some("exit 1"));
        let status = sandbox.run(&["status"]).done();
        assert!(status.contains("\tnone\t"), "{status}");
        server.is_left_alone();
    }
}

#[test]
fn a_page_for_logouts_is_not_opened_if_the_revocation_fails() {
    let server = Server::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = server.sandbox_with_store();
    let option = format!("credentials.oauth.revocation_endpoint_url=http://{closed}/revoke");
    let run =
        |command: &[&str]| sandbox.run(&[&["--set", &option, "--set", PAGE][..], command].concat());
    server.giving("one", 3_600, || run(&["token"])).done();
    let outcome = run(&["logout", "--revoke", "--at-server", "--no-browser"]);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("open this link"), "{}", outcome.stderr);
    assert_eq!(run(&["token"]).done(), "one\n");
}

#[test]
fn some_flags_of_a_logout_exclude_others() {
    for arguments in [&["--at-server", "--all"][..], &["--no-browser"]] {
        let outcome = Server::new().sandbox().run(&[&["logout"], arguments].concat());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    }
}
