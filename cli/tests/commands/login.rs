//! `login` without a terminal, and its help. Logins at a terminal are tested with the rig.

use crate::{sandbox::Sandbox, server::Server};

const WAYS: [&str; 4] = ["--browser", "--no-browser", "--console", "--device"];

/// A provider that needs a login, at a server that is not there.
const LOGIN: &str = "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nissuer_url = \"https://idp.test\"\n\
    client_id = \"cli\"\nscope = \"openid offline_access\"\n";

#[test]
fn without_a_terminal_every_way_fails_at_once() {
    let sandbox = Sandbox::with(LOGIN);
    for way in WAYS {
        let outcome = sandbox.run(&["login", way]);
        assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{outcome:?}");
        let said = [
            "error: a login needs a terminal, and standard input is not one\n",
            &format!("help: run `authn login {way}` in a terminal, or"),
        ];
        for said in said {
            assert!(outcome.stderr.contains(said), "{outcome:?}");
        }
    }
    assert!(!sandbox.path("home/.local").exists(), "nothing is stored");
}

#[test]
fn the_help_names_the_profile_and_no_value() {
    let sandbox = Sandbox::with(format!("{LOGIN}[profile.work.credentials]\n"));
    let sandbox = sandbox.env("AUTHN_PROFILE", "work");
    let outcome = sandbox.run(&["login", "--set", "credentials.domain=d.test", "--no-project"]);
    assert_eq!(outcome.code, 4, "{outcome:?}");
    let command = "`authn login --profile work --set credentials.domain=… --no-project`";
    assert!(outcome.stderr.contains(command), "{outcome:?}");
}

#[test]
fn no_terminal_is_needed_where_no_login_is() {
    let server = Server::new();
    let outcome = server.sandbox_with_store().run(&["login"]);
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{outcome:?}");
    assert!(outcome.stderr.starts_with("No login is needed: "), "{outcome:?}");
    assert!(outcome.stderr.contains("`authn token` prints one"), "{outcome:?}");
    server.is_left_alone();
}

#[test]
fn an_invalid_configuration_is_reported_first() {
    let outcome = Sandbox::with("[credentials]\nbogus = \"x\"\n").run(&["login"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{outcome:?}");
}

#[test]
fn only_one_way_can_be_chosen() {
    let sandbox = Sandbox::new();
    for (at, one) in WAYS.iter().enumerate() {
        for other in &WAYS[at + 1..] {
            let outcome = sandbox.run(&["login", one, other]);
            assert_eq!(outcome.code, 2, "{one} {other}: {outcome:?}");
        }
    }
}

#[test]
fn help_describes_the_ways_to_log_in() {
    let help = Sandbox::new().run(&["help", "login"]).done();
    for text in WAYS.into_iter().chain([
        "ssh -L 8765:127.0.0.1:8765 HOST",
        "`redirect_port`",
        "BROWSER",
        "    4  there is no terminal",
        "  130  cancelled",
    ]) {
        assert!(help.contains(text), "{text} is missing in\n{help}");
    }
}
