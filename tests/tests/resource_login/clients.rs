//! Registered clients in new processes.

use serde_json::json;

use crate::scene::{PROFILE, Scene};

#[test]
fn a_client_is_kept_by_a_logout_and_deleted_by_a_revocation() {
    let scene = Scene::new();
    scene.log_in();
    assert_eq!((scene.registrations(), scene.status()), (1, 200));
    scene.authn(&["-p", PROFILE, "logout"]).success();
    scene.log_in_again();
    assert_eq!((scene.registrations(), scene.status()), (1, 200), "it is the same client");

    // Nothing is deleted here if the server could not delete the client.
    let stores = scene.authn(&["stores"]).success();
    assert!(stores.contains("\t1\t") || stores.contains('1'), "a client is no session: {stores}");
    scene.authn(&["-p", PROFILE, "logout", "--revoke"]).success();
    assert_eq!(scene.rig.count(&[("method", "DELETE"), ("status", "204")]), 1);
    assert!(!scene.stored().contains("client_id"), "{}", scene.stored());
    let ended = scene.authn(&["-p", PROFILE, "token"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    scene.log_in_again();
    assert_eq!((scene.registrations(), scene.status()), (2, 200));
}

#[test]
fn a_client_that_the_server_has_forgotten_is_registered_once_more() {
    let scene = Scene::new();
    scene.log_in();
    scene.rig.forget_clients();
    // The session ends with the client, and the user is told to log in.
    let ended = scene.authn(&["-p", PROFILE, "token"]);
    assert!(ended.code == 0 || ended.code == 4, "{ended:?}");
    scene.log_in_again();
    assert_eq!((scene.registrations(), scene.status()), (1, 200), "the log was forgotten, too");
    scene.log_in_again();
    assert_eq!(scene.registrations(), 1);
}

#[test]
fn a_server_that_registers_nobody_is_reported_and_nothing_is_saved() {
    let scene = Scene::new();
    scene.rig.faults(&json!([{ "endpoint": "registration", "status": 401, "body": {} }]));
    let terminal = scene.start(&["login", &scene.resource()]);
    terminal.wait_for("Name of the profile");
    terminal.press("Enter");
    terminal.wait_for("[y/N]");
    terminal.send("y\n");
    assert_eq!(terminal.wait_for_end(), 5, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(
        shown.contains("did not register a client") && shown.contains("initial_access_token"),
        "{shown}"
    );
    assert!(!scene.config().exists());
}
