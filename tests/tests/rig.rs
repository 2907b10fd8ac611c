//! The test server itself: what other tests rely on when they count, bend and move its clock.

use std::process::Command;
use std::thread;

use authn_tests::browser::Browser;
use authn_tests::command::Sandbox;
use authn_tests::rig::{self, Rig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::Body;
use ureq::http::Response;

/// Lifetime of the server's access tokens.
const TOKEN_SECONDS: i64 = 60;

fn get(url: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let request = rig::agent().get(url);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.call().expect("an answer")
}

fn get_json(url: &str) -> Value {
    get(url, &[]).body_mut().read_json().expect("a JSON answer")
}

fn ask_for_token(rig: &Rig) -> Response<Body> {
    let basic = format!("Basic {}", STANDARD.encode("cc-basic:secret"));
    let request = rig::agent().post(rig.resource_url("/token")).header("authorization", basic);
    request.send_form([("grant_type", "client_credentials")]).expect("an answer")
}

fn access_token(rig: &Rig) -> String {
    let body: Value = ask_for_token(rig).body_mut().read_json().expect("a JSON answer");
    body["access_token"].as_str().expect("an access token").to_owned()
}

fn status_of_resource(rig: &Rig, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    get(&rig.resource_url("/rs/bearer"), &[("authorization", &authorization)]).status().as_u16()
}

#[test]
fn discovery_names_the_issuer() {
    let rig = Rig::start();
    for issuer in [rig.issuer(), rig.keycloak()] {
        let document = get_json(&format!("{issuer}/.well-known/openid-configuration"));
        assert_eq!(document["issuer"], issuer);
        let endpoint = document["token_endpoint"].as_str().unwrap();
        assert!(endpoint.starts_with(issuer), "{endpoint}");
    }
}

#[test]
fn a_token_is_accepted_and_made_up_ones_are_not() {
    let rig = Rig::start();
    assert_eq!(status_of_resource(&rig, &access_token(&rig)), 200);
    assert_eq!(status_of_resource(&rig, "made-up"), 401);
    assert_eq!(get(&rig.resource_url("/rs/bearer"), &[]).status(), 401);
}

#[test]
fn the_clock_moves_expiry() {
    let rig = Rig::start();
    let token = access_token(&rig);
    rig.clock(TOKEN_SECONDS + 1);
    assert_eq!(status_of_resource(&rig, &token), 401);
    assert_eq!(status_of_resource(&rig, &access_token(&rig)), 200, "a token of that time is good");
    rig.clock(0);
    assert_eq!(status_of_resource(&rig, &token), 200);
}

#[test]
fn requests_are_counted_and_logged() {
    let rig = Rig::start();
    let wanted = [("grant", "client_credentials"), ("client", "cc-basic"), ("status", "200")];
    assert_eq!(rig.count(&wanted), 0);
    thread::scope(|scope| {
        scope.spawn(|| access_token(&rig));
        scope.spawn(|| access_token(&rig));
    });
    assert_eq!(rig.count(&wanted), 2);
    assert_eq!(rig.count(&[("client", "cc-post")]), 0);
    let log = rig.log();
    assert_eq!(log.len(), 2);
    assert_eq!((&log[1]["path"], &log[1]["auth"]), (&json!("/token"), &json!("Basic")));
    rig.reset();
    assert_eq!(rig.count(&[]), 0);
}

#[test]
fn faults_come_in_order_and_once() {
    let rig = Rig::start();
    rig.faults(&json!([
        { "status": 503, "headers": { "retry-after": "7" }, "body": "busy" },
        { "status": 429 },
    ]));
    let mut first = ask_for_token(&rig);
    assert_eq!(first.status(), 503);
    assert_eq!(first.headers()["retry-after"], "7");
    assert_eq!(first.body_mut().read_to_string().unwrap(), "busy");
    assert_eq!(ask_for_token(&rig).status(), 429);
    assert_eq!(ask_for_token(&rig).status(), 200);
}

#[test]
fn a_reset_clears_faults_and_clock() {
    let rig = Rig::start();
    let token = access_token(&rig);
    rig.faults(&json!([{ "status": 503 }]));
    rig.clock(TOKEN_SECONDS + 1);
    rig.reset();
    assert_eq!(status_of_resource(&rig, &token), 200);
    assert_eq!(ask_for_token(&rig).status(), 200);
}

#[test]
fn echo_shows_what_reached_the_server() {
    let rig = Rig::start();
    let url = rig.resource_url("/rs/echo?a=1&b=x%20y&a=2");
    let headers =
        [("Authorization", "Bearer one"), ("authorization", "Bearer two"), ("X-Own", "3")];
    let mut response = get(&url, &headers);
    assert_eq!(response.status(), 200);
    let echo: Value = response.body_mut().read_json().unwrap();
    assert_eq!((&echo["method"], &echo["path"]), (&json!("GET"), &json!("/rs/echo")));
    assert_eq!(echo["query"], json!({ "a": "1, 2", "b": "x y" }));
    assert_eq!(echo["headers"]["authorization"], "Bearer one, Bearer two");
    assert_eq!(echo["headers"]["x-own"], "3");
    assert!(echo["headers"].get("x-other").is_none());
}

#[test]
fn redirect_leads_where_it_is_told() {
    let rig = Rig::start();
    let response = get(&rig.resource_url("/rs/redirect?to=http://127.0.0.1:9/next%3Fa%3Db"), &[]);
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], "http://127.0.0.1:9/next?a=b");
    let response = get(&rig.resource_url("/rs/redirect?to=/rs/echo&status=302"), &[]);
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "/rs/echo");
    assert_eq!(get(&rig.resource_url("/rs/redirect?to=/&status=200"), &[]).status(), 400);
    assert_eq!(get(&rig.resource_url("/rs/redirect"), &[]).status(), 400);
}

#[test]
fn keys_are_files() {
    let rig = Rig::start();
    for file in [rig.ca(), rig.key("rsa.pem"), rig.key("client.crt")] {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("-----BEGIN "), "{}", file.display());
    }
    assert!(rig.mtls().starts_with("https://127.0.0.1:"));
}

#[test]
fn servers_do_not_meet_and_end_when_dropped() {
    let (one, other) = (Rig::start(), Rig::start());
    assert_ne!(one.issuer(), other.issuer());
    access_token(&one);
    assert_eq!(other.count(&[]), 0);
    let url = one.resource_url("/rs/echo");
    drop(one);
    assert!(rig::agent().get(url).call().is_err(), "the server has ended");
}

#[test]
fn every_flow_works() {
    let rig = Rig::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/rig/oidc-provider/exercise.sh");
    let run = Command::new(script).args([rig.issuer(), rig.mtls()]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.ends_with("passed, 0 failed\n"), "{said}");
}

fn form(rig: &Rig, path: &str, members: &[(&str, &str)]) -> Response<Body> {
    let request = rig::agent().post(rig.resource_url(path));
    request.send_form(members.iter().copied()).expect("an answer")
}

fn begin_device(rig: &Rig, client: &str) -> Value {
    let members = [("client_id", client), ("scope", "openid offline_access")];
    form(rig, "/device/auth", &members).body_mut().read_json().expect("a JSON answer")
}

fn poll(rig: &Rig, client: &str, begun: &Value) -> Response<Body> {
    let code = begun["device_code"].as_str().expect("a device code");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    form(rig, "/token", &[("client_id", client), ("grant_type", grant), ("device_code", code)])
}

fn error_of(mut response: Response<Body>) -> Value {
    let mut body: Value = response.body_mut().read_json().expect("a JSON answer");
    body["error"].take()
}

#[test]
fn a_device_is_approved_and_its_polls_are_logged() {
    let rig = Rig::start();
    let begun = begin_device(&rig, "device-quick");
    assert_eq!(begun["interval"], 1);
    assert_eq!(error_of(poll(&rig, "device-quick", &begun)), "authorization_pending");
    assert_eq!(begun["verification_uri_complete"], *rig.wait_for_device());
    Browser::fake().open(&rig.wait_for_device());
    assert_eq!(error_of(poll(&rig, "device-quick", &begun)), Value::Null);
    let polls = rig.polls();
    let errors: Vec<_> = polls.iter().map(|poll| &poll["error"]).collect();
    assert_eq!(errors, [&json!("authorization_pending"), &Value::Null]);
    assert!(polls[0]["at_ms"].as_u64() < polls[1]["at_ms"].as_u64(), "{polls:?}");
    let params = &polls[0]["params"];
    assert_eq!(
        (&params["client_id"], &params["device_code"]),
        (&json!("device-quick"), &json!("(set)"))
    );
}

#[test]
fn a_device_is_refused() {
    let rig = Rig::start();
    let begun = begin_device(&rig, "device");
    Browser::fake().told("--deny").open(&rig.wait_for_device());
    assert_eq!(error_of(poll(&rig, "device", &begun)), "access_denied");
}

#[test]
fn a_device_code_expires_and_polls_may_be_too_fast() {
    let rig = Rig::start();
    let brief = begin_device(&rig, "device-brief");
    let strict = begin_device(&rig, "device-strict");
    assert_eq!(error_of(poll(&rig, "device-strict", &strict)), "authorization_pending");
    assert_eq!(error_of(poll(&rig, "device-strict", &strict)), "slow_down");
    rig.clock(7);
    assert_eq!(error_of(poll(&rig, "device-strict", &strict)), "authorization_pending");
    assert_eq!(error_of(poll(&rig, "device-brief", &brief)), "expired_token");
}

#[test]
fn faults_are_for_an_endpoint_and_a_grant() {
    let rig = Rig::start();
    let begun = begin_device(&rig, "device");
    rig.faults(&json!([
        { "grant": "urn:ietf:params:oauth:grant-type:device_code", "status": 502, "times": 2 },
        { "endpoint": "device_authorization", "drop": true },
    ]));
    assert_eq!(ask_for_token(&rig).status(), 200);
    assert_eq!(poll(&rig, "device", &begun).status(), 502);
    assert_eq!(poll(&rig, "device", &begun).status(), 502);
    assert_eq!(poll(&rig, "device", &begun).status(), 400);
    let request = rig::agent().post(rig.resource_url("/device/auth"));
    assert!(request.send_form([("client_id", "device")]).is_err(), "the connection is dropped");
    begin_device(&rig, "device");
    rig.wait_for_count(&[("endpoint", "device_authorization"), ("status", "200")], 2);
    assert_eq!(rig.polls().len(), 3);
}

#[test]
#[should_panic(expected = "a fault has no staus")]
fn a_misspelt_fault_is_refused() {
    Rig::start().faults(&json!([{ "staus": 500 }]));
}

#[test]
fn answers_are_changed_until_they_are_not() {
    let rig = Rig::start();
    rig.answers(&json!({
        "discovery": { "jwks_uri": null },
        "device_authorization": { "interval": 0, "user_code": "{user_code}\u{7}" },
    }));
    let discovery = format!("{}/.well-known/openid-configuration", rig.issuer());
    assert_eq!(get_json(&discovery).get("jwks_uri"), None);
    let begun = begin_device(&rig, "device");
    assert_eq!(begun["interval"], 0);
    assert_eq!(begun["user_code"], format!("{}\u{7}", rig.log()[1]["user_code"].as_str().unwrap()));
    rig.answers(&json!({}));
    assert!(get_json(&discovery)["jwks_uri"].is_string());
    assert_eq!(begin_device(&rig, "device").get("interval"), None);
}

#[test]
fn keys_are_rotated_until_a_reset() {
    let rig = Rig::start();
    let ids = || {
        let keys = get_json(&rig.resource_url("/jwks"));
        let ids = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone());
        ids.collect::<Vec<_>>()
    };
    let first = ids();
    assert_eq!(first, ["op-rsa", "op-ec", "op-ed"]);
    rig.rotate_keys(true);
    assert_eq!(ids(), ["op-rsa", "op-ec", "op-ed", "op-rsa-2", "op-ec-2", "op-ed25519-2"]);
    rig.rotate_keys(false);
    assert_eq!(ids(), ["op-rsa-3", "op-ec-3", "op-ed25519-3"]);
    rig.reset();
    assert_eq!(ids(), first);
}

/// The checks of both browsers, or of one.
fn exercise_browsers(only: &str) {
    let rig = Rig::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/rig/browser/exercise.mjs");
    let run = Command::new("node").args([script, rig.issuer(), only]).output().expect("Node.js");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.lines().count() > 10, "{said}");
}

#[test]
fn the_fake_browser_does_what_it_is_told() {
    exercise_browsers("fake-browser.mjs");
}

#[test]
fn browser_does_what_it_is_told() {
    exercise_browsers("login-browser.mjs");
}

#[cfg(unix)]
#[test]
fn a_browser_is_a_command_and_a_program() {
    let rig = Rig::start();
    let sandbox = Sandbox::new();
    let browser = Browser::fake().told("--close");
    let url = rig.resource_url("/rs/echo?text=it's");
    assert!(!browser.has_ended());
    sandbox.run(browser.program(), &[&url]).success();
    assert!(browser.has_ended());
    let report = browser.report();
    assert_eq!((&report["url"], &report["status"]), (&json!(url), &json!(200)));
    assert!(!browser.has_ended(), "the report was taken");

    let command = browser.command();
    let mut arguments: Vec<_> = command[1..].iter().map(String::as_str).collect();
    arguments.push(&url);
    sandbox.run(&command[0], &arguments).success();
    assert_eq!(browser.report(), report);
}
