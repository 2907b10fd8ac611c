//! Logins whose session is kept in a keyring.

use authn_tests::{
    browser::Browser,
    keyring::{Keyring, State},
};

use crate::scene::{Scene, is_logged_in};

const STORE: &str = "store = 'keyring'";

#[test]
fn a_session_is_kept_in_the_keyring_and_nowhere_else() {
    let keyring = Keyring::start(State::Unlocked);
    let mut scene = Scene::new("native", STORE);
    scene.sandbox.env("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    let browser = Browser::fake();
    let terminal = scene.login_with(&browser, &[]);
    is_logged_in(&terminal, "alice");
    let shown = terminal.transcript();
    assert!(shown.contains("Tokens are kept in the keyring store"), "{shown}");
    let token = scene.token();
    assert!(keyring.sessions().contains(&token));
    assert!(!scene.sandbox.state().join("authn/tokens").exists());
    scene.authn(&["logout", "--revoke"]).success();
    assert!(!keyring.sessions().contains(&token));
    scene.keeps_nothing();
}

#[test]
fn a_locked_keyring_is_reported_before_any_question() {
    for (state, words) in [
        (State::Locked, ["the keyring is locked", "unlock it in its application"]),
        (State::Empty, ["no default keyring yet", "create one in its application"]),
    ] {
        let keyring = Keyring::start(state);
        let mut scene = Scene::new("native", STORE);
        scene.sandbox.env("DBUS_SESSION_BUS_ADDRESS", keyring.address());
        let terminal = scene.login_with(&Browser::fake(), &[]);
        assert_eq!(terminal.wait_for_end(), 1, "{state:?}: {}", terminal.transcript());
        let shown = terminal.transcript();
        assert!(shown.starts_with("error: "), "{state:?}: {shown}");
        assert!(words.iter().all(|words| shown.contains(words)), "{state:?}: {shown}");
        assert_eq!(scene.rig.count(&[]), 0, "{state:?}");
    }
}
