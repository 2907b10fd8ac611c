//! The session of a login, in new processes: tokens, a renewal, its end at the server and locally.

use authn_tests::{browser::Browser, rig};
use serde_json::{Value, json};

use crate::scene::Scene;

/// More than the lifetime of a token of the server, in seconds.
const LIFETIME: u32 = 120;

fn refresh_token(session: &Value) -> String {
    session["refresh_token"].as_str().expect("a refresh token").to_owned()
}

/// Sends a refresh token as a thief would, and returns the status.
fn send(scene: &Scene, refresh_token: &str) -> u16 {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "native"),
        ("refresh_token", refresh_token),
    ];
    let request = rig::agent().post(scene.rig.resource_url("/token"));
    request.send_form(form).expect("the server answers").status().as_u16()
}

#[test]
fn it_is_renewed_silently_until_the_server_ends_it() {
    let scene = Scene::new("native", "");
    scene.log_in();
    let first = scene.token();
    let spent = refresh_token(&scene.kept());

    scene.rig.clock(LIFETIME.into());
    assert_eq!(scene.status_of(&first), 401);
    let renewed = scene.later(LIFETIME, &["token"]);
    assert_eq!(renewed.stderr, "");
    let second = renewed.success();
    assert_ne!(second.trim_end(), first);
    assert_eq!(scene.status_of(second.trim_end()), 200);
    assert_ne!(refresh_token(&scene.kept()), spent, "it is rotated");
    assert_eq!(scene.later(LIFETIME, &["token"]).success(), second);
    assert_eq!(scene.rig.count(&[("grant", "refresh_token")]), 1);
    let status = scene.later(LIFETIME, &["status"]).success();
    assert!(status.contains("\talice\t"), "the renewal does not change who it is: {status}");

    // The old one is refused; its use ends the session.
    assert_eq!(send(&scene, &spent), 400);
    scene.rig.clock((2 * LIFETIME).into());
    let ended = scene.later(2 * LIFETIME, &["token"]);
    assert_eq!((ended.code, &*ended.stdout), (4, ""));
    for words in ["the session has ended", "log in with `authn login`"] {
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    scene.rig.clock(0);
    scene.log_in();
    scene.token();
}

#[test]
fn it_is_revoked_at_the_server() {
    let scene = Scene::new("native", "");
    scene.log_in();
    let token = scene.token();
    let refresh_token = refresh_token(&scene.kept());

    // Nothing is deleted if the server could not be reached.
    scene.rig.faults(&json!([{ "endpoint": "revocation", "times": 10, "status": 503 }]));
    let failed = scene.authn(&["logout", "--revoke"]);
    assert_eq!(failed.code, 5, "{}", failed.stderr);
    assert_eq!(scene.token(), token);
    scene.rig.faults(&json!([]));

    scene.authn(&["logout", "--revoke"]).success();
    // The refresh token and the access token.
    assert_eq!(scene.rig.count(&[("endpoint", "revocation"), ("status", "200")]), 2);
    assert_eq!(send(&scene, &refresh_token), 400);
    scene.keeps_nothing();
    let status = scene.authn(&["status"]).success();
    assert!(!status.contains("alice"), "{status}");
}

#[test]
fn a_login_replaces_the_last_one() {
    let scene = Scene::new("native", "");
    scene.log_in();
    let first = scene.token();
    scene.log_in_as("bob");
    assert_ne!(scene.token(), first);
    let status = scene.authn(&["status"]).success();
    assert!(status.contains("\tbob\t") && !status.contains("alice"), "{status}");
}

#[test]
fn another_user_than_the_expected_one_is_not_kept() {
    let scene = Scene::new("native", "expected_username = 'bob'");
    let browser = Browser::fake();
    let terminal = scene.login_with(&browser, &[]);
    assert_eq!(terminal.wait_for_end(), 5);
    let shown = terminal.transcript();
    assert!(shown.contains("`expected_username`") && !shown.contains("alice"), "{shown}");
    assert_eq!(browser.report()["status"], 400, "the page does not say that all is well");
    scene.keeps_nothing();
    scene.log_in_as("bob");
}
