//! The example of a program with its own prompt, as its user runs it.

#![cfg(unix)]

use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    rig::Rig,
};

fn configured(rig: &Rig, sandbox: &Sandbox) {
    let origin = rig.issuer();
    let text = format!(
        "[credentials]\norigins = ['{origin}']\n[credentials.oauth]\nissuer_url = '{origin}'\n\
         client_id = 'native'\nscope = 'openid offline_access read'\nprompt = 'consent'\n"
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
}

#[test]
fn its_user_logs_in_once() {
    let rig = Rig::start();
    let browser = Browser::fake();
    let mut sandbox = Sandbox::new();
    sandbox.env("BROWSER", browser.program());
    configured(&rig, &sandbox);
    let url = rig.resource_url("/rs/bearer");

    let first = sandbox.run(binary("login-example"), &[&url]);
    let link = format!("Log in at {}/auth?", rig.issuer());
    assert!(first.stderr.starts_with(&link), "{}", first.stderr);
    assert!(first.success().starts_with("200 OK\n"));
    assert_eq!(browser.report()["status"], 200);

    let second = sandbox.run(binary("login-example"), &[&url]);
    assert_eq!(second.stderr, "");
    assert!(second.success().starts_with("200 OK\n"));
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
}

#[test]
fn a_refusal_is_its_error() {
    let rig = Rig::start();
    let browser = Browser::fake().told("--deny");
    let mut sandbox = Sandbox::new();
    sandbox.env("BROWSER", browser.program());
    configured(&rig, &sandbox);

    let outcome = sandbox.run(binary("login-example"), &[&rig.resource_url("/rs/bearer")]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.contains("error: the consent was denied"), "{}", outcome.stderr);
    assert_eq!(browser.report()["status"], 400);
}
