//! Headless Chromium in the hands of a user. What needs no real browser is in [`session`](crate::session).

use std::net::{Ipv4Addr, TcpListener};

use authn_tests::{browser::Browser, waiting};

use crate::scene::{Scene, is_logged_in, link};

/// The one port that the server knows of the client `native-fixed`. The tests that need it stand in a row: see the
/// group in `.config/nextest.toml`.
const PORT: &str = "redirect_port = 8888";

#[test]
fn browser_logs_a_user_in() {
    let scene = Scene::new("native", "");
    let browser = Browser::real();
    let terminal = scene.login_with(&browser, &["--browser"]);
    is_logged_in(&terminal, "alice");
    let report = browser.report();
    assert_eq!(report["status"], 200, "{report}");
    assert!(report["words"].as_str().is_some_and(|words| words.contains("You are logged in")));
    scene.token();
    let status = scene.authn(&["status"]).success();
    assert!(status.contains("\talice\t"), "{status}");
}

#[test]
fn browser_comes_back_to_the_port_8888_that_the_server_knows_and_asks_for_an_icon_first() {
    let scene = Scene::new("native-fixed", PORT);
    let browser = Browser::real().told("--favicon");
    let terminal = scene.login_with(&browser, &["--browser"]);
    is_logged_in(&terminal, "alice");
    let report = browser.report();
    assert_eq!((&report["favicon"], &report["status"]), (&404.into(), &200.into()), "{report}");
    let location = report["location"].as_str().expect("an address");
    assert!(location.starts_with("http://127.0.0.1:8888/callback?"), "{location}");
}

#[test]
fn the_busy_port_8888_is_reported_with_help() {
    let _busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 8888)).expect("a port for these tests");
    let scene = Scene::new("native-fixed", PORT);
    let terminal = scene.login_with(&Browser::fake(), &["--browser"]);
    assert_eq!(terminal.wait_for_end(), 3);
    let shown = terminal.transcript();
    assert!(shown.starts_with("error: "), "no question was asked: {shown}");
    for words in ["port 8888", "another program uses it", "`redirect_port`"] {
        assert!(shown.contains(words), "{shown}");
    }
    assert_eq!(scene.rig.count(&[("endpoint", "authorization")]), 0);
}

#[test]
fn browser_refuses_its_consent() {
    let scene = Scene::new("native", "");
    let browser = Browser::real().told("--deny");
    let terminal = scene.login_with(&browser, &["--browser"]);
    assert_eq!(terminal.wait_for_end(), 5, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(shown.contains("\nerror: ") && shown.contains("access_denied"), "{shown}");
    let report = browser.report();
    assert_eq!(report["status"], 400, "{report}");
    assert!(report["words"].as_str().is_some_and(|words| words.contains("The login failed")));
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 0);
    scene.keeps_nothing();
}

#[test]
fn browser_with_another_state_ends_nothing() {
    let scene = Scene::new("native", "");
    let browser = Browser::real().told("--tamper-state");
    let terminal = scene.login_with(&browser, &["--browser"]);
    let opened = link(&terminal);
    let shown = terminal.wait_for("which was ignored");
    assert!(shown.contains("open the link that is shown here"), "{shown}");
    let report = browser.report();
    assert_eq!(report["status"], 400, "{report}");
    let words = report["words"].as_str().expect("a page");
    assert!(words.contains("This is another login") && !words.contains("tampered"), "{words}");
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 0);
    // The login waits for its own, still.
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&terminal, "alice");
}

#[test]
fn a_tab_that_is_closed_is_waited_for_no_longer_than_configured() {
    let scene = Scene::new("native", "login_timeout = '2s'");
    let browser = Browser::fake().told("--close");
    let terminal = scene.login_with(&browser, &["--browser"]);
    assert_eq!(terminal.wait_for_end(), 4);
    let shown = terminal.transcript();
    assert!(shown.contains("`login_timeout`") && shown.contains("`authn login`"), "{shown}");
    waiting::until("the end of the browser", || browser.has_ended().then_some(()));
    scene.keeps_nothing();
}
