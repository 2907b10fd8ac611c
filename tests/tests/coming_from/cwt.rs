//! `cwt`: a bearer token, the clients of a realm, and an authenticator with a store.

use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    rig::Rig,
    terminal::Terminal,
};

use crate::api::Api;

const SECRET: &str = "tell-nobody-4711";

#[test]
fn a_bearer_token_is_sent_to_its_origin_alone() {
    let elsewhere = Api::start();
    let target = elsewhere.url("/");
    let (api, mut sandbox) = (Api::redirecting(&target), Sandbox::new());
    sandbox.env("TOKEN", "abcd");
    let said = sandbox.run(binary("cwt"), &["bearer", &api.url("/wps")]).success();
    assert_eq!(said, "200 OK\n");
    let seen = &api.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer abcd"));
    assert_eq!(seen.target, "/wps?service=WPS");
    assert_eq!(elsewhere.headers("authorization"), [None]);
}

fn at_keycloak(rig: &Rig) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("KEYCLOAK_URL", rig.issuer()).env("REALM", "test").env("CLIENT_ID", "kc-public");
    sandbox
}

#[test]
fn a_request_starts_the_login_at_port_8888() {
    let rig = Rig::start();
    let browser = Browser::fake();
    let mut sandbox = at_keycloak(&rig);
    sandbox.env("BROWSER", browser.program()).env("REDIRECT_PORT", "8888");
    let api = Api::start();
    let url = api.url("/wps");
    let first = sandbox.run(binary("cwt"), &["keycloak", &url]);
    assert!(first.stderr.contains(rig.keycloak()), "a link is shown: {}", first.stderr);
    assert_eq!(first.success(), "200 OK\n");
    let report = browser.report();
    let opened = report["url"].as_str().unwrap();
    assert!(opened.starts_with(rig.keycloak()), "{opened}");
    assert!(opened.contains("code_challenge_method=S256"), "{opened}");
    assert!(opened.contains("%3A8888%2Fcallback"), "{opened}");

    let second = sandbox.run(binary("cwt"), &["keycloak", &url]);
    assert_eq!((second.code, second.stderr.as_str()), (0, ""));
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
    let sent = api.headers("authorization");
    assert!(sent.len() == 2 && sent[0].as_ref().unwrap().starts_with("Bearer "));
    assert_eq!(sent[0], sent[1], "the second program finds the token in the store");
}

#[test]
fn a_user_enters_the_client_that_a_page_has_registered() {
    const PAGE: &str = "https://wps.example.com/register";
    let rig = Rig::start();
    let mut sandbox = at_keycloak(&rig);
    sandbox.env("REGISTRATION_URL", PAGE);
    let (program, api) = (binary("cwt"), Api::start());
    let url = api.url("/wps");
    let command = [program.to_str().unwrap(), "client", &url];
    let terminal = Terminal::start(&sandbox, (100, 30), &command, &[]);
    let shown = terminal.wait_for("Client ID:");
    assert!(shown.contains(PAGE), "{shown}");
    terminal.send("kc-cc");
    terminal.press("Enter");
    terminal.wait_for("Client secret (not shown):");
    terminal.send(SECRET);
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(shown.contains("200 OK") && !shown.contains(SECRET), "{shown}");

    // Nobody is asked again.
    let second = sandbox.run(&program, &["client", &url]);
    assert_eq!((second.code, second.stderr.as_str()), (0, ""));
    assert_eq!(rig.count(&[("client", "kc-cc"), ("status", "200")]), 1);
    assert!(api.headers("authorization").iter().all(Option::is_some));
    assert_eq!(api.seen().len(), 2);
}

#[test]
fn an_authenticator_of_ones_own_keeps_what_it_got() {
    let codes = Api::answering(|_| (200, "\"c0de\"".to_owned()));
    let elsewhere = Api::start();
    let target = elsewhere.url("/");
    let api = Api::redirecting(&target);
    let mut sandbox = Sandbox::new();
    sandbox.env("CODE_URL", codes.url("/code")).env("SECRET", SECRET);
    for _ in 0..2 {
        let said = sandbox.run(binary("cwt"), &["custom", &api.url("/wps")]).success();
        assert_eq!(said, "200 OK\n");
    }
    assert_eq!(codes.seen().len(), 1, "the second program finds it in the store");
    for seen in api.seen() {
        assert_eq!(seen.header("token"), Some("c0de"));
        assert_eq!(seen.target, "/wps?service=WPS&format=json");
    }
    assert_eq!(api.seen().len(), 2);
    assert_eq!(elsewhere.headers("token"), [None, None]);

    // With another secret, nothing that was kept is found.
    sandbox.env("SECRET", "another");
    sandbox.run(binary("cwt"), &["custom", &api.url("/wps")]).success();
    assert_eq!(codes.seen().len(), 2);
}
