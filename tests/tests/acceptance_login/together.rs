//! Other logins, and a logout, while a user logs in.

use authn_tests::browser::Browser;

use crate::scene::{Scene, is_logged_in, link};

const WAITS: &str = "waiting for another login";

#[test]
fn of_two_logins_one_asks_and_the_other_uses_its_session() {
    let scene = Scene::new("native", "");
    let one = scene.login(&["--no-browser"]);
    let opened = link(&one);
    let other = scene.login(&["--no-browser"]);
    other.wait_for(WAITS);
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&one, "alice");
    assert_eq!(other.wait_for_end(), 0, "{}", other.transcript());
    let shown = other.transcript();
    assert!(shown.contains("Another process has logged in as alice."), "{shown}");
    assert!(!shown.contains("http://"), "no question was asked there: {shown}");
    assert_eq!(scene.rig.count(&[("grant", "authorization_code")]), 1);
    scene.token();
}

#[test]
fn a_login_that_waits_for_a_cancelled_one_asks() {
    let scene = Scene::new("native", "");
    let one = scene.login(&["--no-browser"]);
    let given_up = link(&one);
    let other = scene.login(&["--no-browser"]);
    other.wait_for(WAITS);
    one.press("C-c");
    assert_eq!(one.wait_for_end(), 130);
    let opened = link(&other);
    assert_ne!(opened, given_up);
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&other, "alice");
}

#[test]
fn after_a_logout_in_another_terminal_the_login_stores_nothing() {
    for is_second in [false, true] {
        let scene = Scene::new("native", "");
        if is_second {
            scene.log_in();
        }
        let terminal = scene.login(&["--no-browser"]);
        let opened = link(&terminal);
        scene.authn(&["logout"]).success();
        let opened = Browser::fake().open(&opened);
        assert_eq!(opened["status"], 400, "the page does not say that all is well");
        assert_eq!(terminal.wait_for_end(), 4, "{}", terminal.transcript());
        let shown = terminal.transcript();
        assert!(shown.contains("logged out"), "{shown}");
        scene.keeps_nothing();
    }
}
