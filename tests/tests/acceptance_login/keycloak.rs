//! Realms in Keycloak's shape: a public client, and one whose identifier and secret are typed in.

use authn_tests::browser::Browser;

use crate::scene::{Scene, is_logged_in};

const ID: &str = "kc-cc";
const SECRET: &str = "tell-nobody-4711";
const PAGE: &str = "https://sso.example.com/realms/test/clients";

#[test]
fn a_public_client_of_a_realm_logs_a_user_in() {
    let scene = Scene::with(|rig| {
        format!(
            "keycloak_url = '{}'\nrealm = 'test'\nclient_id = 'kc-public'\n\
             scope = 'openid offline_access read'\nresource = 'urn:rig:api'",
            rig.issuer()
        )
    });
    let browser = Browser::fake();
    let terminal = scene.login_with(&browser, &[]);
    is_logged_in(&terminal, "alice");
    let opened = browser.report();
    let opened = opened["url"].as_str().expect("what was opened");
    assert!(opened.starts_with(scene.rig.keycloak()), "{opened}");
    assert!(opened.contains("code_challenge_method=S256"), "{opened}");
    scene.token();
    let status = scene.authn(&["status"]).success();
    assert!(status.contains("\talice\t"), "{status}");
    scene.authn(&["logout", "--revoke"]).success();
    scene.keeps_nothing();
}

#[test]
fn an_identifier_and_a_secret_are_typed_in_once() {
    let scene = Scene::with(|rig| {
        format!(
            "keycloak_url = '{}'\nrealm = 'test'\ngrant_type = 'client_credentials'\n\
             resource = 'urn:rig:api'\n             registration_page_url = '{PAGE}'",
            rig.issuer()
        )
    });
    let before = scene.authn(&["token"]);
    assert_eq!(before.code, 4, "{}", before.stderr);
    assert!(before.stderr.contains("`authn login`"), "{}", before.stderr);

    let terminal = scene.login(&[]);
    let shown = terminal.wait_for("Client ID:");
    assert!(shown.contains(PAGE), "{shown}");
    terminal.send(ID);
    terminal.press("Enter");
    terminal.wait_for("Client secret (not shown):");
    // The wrong one first.
    terminal.send("mistyped-0815");
    terminal.press("Enter");
    let again = format!("try again Find the values to enter here: {PAGE} Client ID:");
    terminal.wait_for(&again);
    terminal.send(ID);
    terminal.press("Enter");
    terminal.wait_for(&format!("{again} {ID} Client secret (not shown):"));
    terminal.send(SECRET);
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let shown = terminal.transcript();
    for secret in ["mistyped-0815", SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }

    scene.token();
    assert!(scene.sessions().concat().contains(SECRET), "it is kept");
    // A new one, by what is kept.
    scene.rig.clock(120);
    let token = scene.later(120, &["token"]).success();
    assert_eq!(scene.status_of(token.trim_end()), 200);
    scene.authn(&["logout"]).success();
    assert!(!scene.sessions().concat().contains(SECRET), "it is forgotten");
    scene.keeps_nothing();
}
