//! Exit codes, and the state after a failed login: no listener, no session, no lease.

use std::{fs, net::TcpStream};

use authn_tests::{
    browser::Browser,
    command::{Outcome, binary},
};

use crate::scene::{Scene, is_logged_in, link, port_of};

/// What a program says to the network, and what it starts.
const CALLS: &str = "trace=connect,sendto,sendmsg,sendmmsg,execve";

#[test]
fn without_a_terminal_nothing_is_sent_and_nothing_is_started() {
    let mut scene = Scene::new("native", "");
    scene.sandbox.env("BROWSER", Browser::fake().program());
    let log = scene.sandbox.home().join("trace");
    for flag in [None, Some("--browser"), Some("--no-browser"), Some("--console"), Some("--device")]
    {
        let mut command = scene.sandbox.command("strace");
        command.args(["-f", "-e", CALLS, "-o"]).arg(&log).arg(binary("authn")).arg("login");
        let outcome = Outcome::of(command.args(flag).output().expect("strace"));
        assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{outcome:?}");
        let command =
            format!("`authn login{}`", flag.map(|flag| format!(" {flag}")).unwrap_or_default());
        assert!(outcome.stderr.contains(&command), "{outcome:?}");
        let trace = fs::read_to_string(&log).expect("what strace saw");
        let calls: Vec<_> = trace.lines().filter(|line| line.contains('(')).collect();
        assert!(matches!(calls[..], [own] if own.contains("execve(")), "{trace}");
    }
    assert_eq!(scene.rig.count(&[]), 0);
}

#[test]
fn an_invalid_command_line_and_an_invalid_configuration_have_their_own_codes() {
    let scene = Scene::new("native", "");
    for arguments in [&["--browser", "--device"][..], &["--elsewhere"]] {
        let terminal = scene.login(arguments);
        assert_eq!(terminal.wait_for_end(), 2, "{}", terminal.transcript());
    }
    for options in ["client_id = 'native'", "issuer_url = 'https://i.test'", "browser = []"] {
        scene.configure(options);
        let terminal = scene.login(&["--browser"]);
        assert_eq!(terminal.wait_for_end(), 3, "{}", terminal.transcript());
    }
    assert_eq!(scene.rig.count(&[]), 0);
}

#[test]
fn a_server_that_is_down_is_reported_before_any_question() {
    let scene = Scene::new("native", "");
    // A port that no other test can get meanwhile.
    let issuer = "http://127.0.0.1:9";
    scene.configure(&format!("issuer_url = '{issuer}'\nclient_id = 'native'"));
    for way in ["--browser", "--console", "--device"] {
        let terminal = scene.login(&[way]);
        assert_eq!(terminal.wait_for_end(), 5, "{}", terminal.transcript());
        let shown = terminal.transcript();
        assert!(shown.contains("error: ") && shown.contains(issuer), "{shown}");
        assert!(!shown.contains("Log in with") && !shown.contains("/auth?"), "{shown}");
    }
    scene.keeps_nothing();
}

#[test]
fn ctrl_c_restores_the_terminal_and_closes_the_port() {
    let scene = Scene::new("native", "");
    let terminal =
        scene.script("stty -a >before\n\"$1\" login --no-browser; echo code $?; stty -a >after");
    let opened = link(&terminal);
    let port = port_of(&opened);
    assert!(TcpStream::connect(port).is_ok());
    terminal.press("C-c");
    terminal.wait_for("code 130");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(TcpStream::connect(port).is_err(), "there is no listener");
    let [before, after] = ["before", "after"]
        .map(|name| fs::read_to_string(scene.sandbox.work().join(name)).expect("the modes"));
    assert_eq!(before, after);
    assert!(scene.sessions().is_empty());
    // A late browser is refused, and the next login has nothing to wait for.
    assert!(Browser::fake().open(&opened)["status"].is_null());
    scene.log_in();
}

#[test]
fn a_killed_login_blocks_no_other() {
    let scene = Scene::new("native", "");
    let terminal = scene.script("sh -c 'echo $$ >pid; exec \"$0\" login --no-browser' \"$1\"");
    link(&terminal);
    let pid = fs::read_to_string(scene.sandbox.work().join("pid")).expect("its number");
    scene.sandbox.run("kill", &["-KILL", pid.trim()]).success();
    assert_eq!(terminal.wait_for_end(), 137);
    let browser = Browser::fake();
    let next = scene.login_with(&browser, &[]);
    is_logged_in(&next, "alice");
    let shown = next.transcript();
    assert!(!shown.contains("another login"), "{shown}");
}
