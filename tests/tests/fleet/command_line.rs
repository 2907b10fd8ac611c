//! The command line in a fleet: it leaves no lease behind, and says what the store's server says.

use std::time::{SystemTime, UNIX_EPOCH};

use authn_tests::redis::Server;
use serde_json::Value;

use super::scene::Scene;

/// Returns the names of keys that end like this.
fn keys(server: &Server, end: &str) -> Vec<String> {
    let names = server.ask(&["--scan", "--pattern", &format!("*{end}")]);
    names.lines().map(str::to_owned).filter(|name| !name.contains(".fingerprint-key")).collect()
}

#[test]
fn a_program_that_has_ended_has_released_its_lease() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    for command in ["token", "logout"] {
        scene.authn(&[command]).success();
        assert_eq!(keys(&server, ":lease"), [""; 0], "{command}");
    }
}

#[test]
fn status_says_what_the_server_says_and_which_process_renews_the_session() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let token = scene.authn(&["token"]).success();
    let status = || -> Value {
        serde_json::from_str(&scene.authn(&["status", "--json"]).success()).unwrap()
    };
    let row = &status()[0];
    assert!(row["store_server"]["latency_ms"].as_str().unwrap().parse::<f64>().is_ok(), "{row}");
    assert_eq!(row["lease"], Value::Null);
    assert_eq!(scene.authn(&["status"]).stderr, "");

    // Another process on another machine has the lease of this session, and a third one that of another.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() - 65_000;
    let [record] = &keys(&server, ":record")[..] else { panic!("one session is stored") };
    for (record, process) in [(&**record, 42), ("authn:{another}:record", 43)] {
        let lease = record.replace(":record", ":lease");
        server.ask(&["SET", &lease, &format!("0f host-1 {process} {since}"), "PX", "60000"]);
    }
    let row = &status()[0];
    assert_eq!(row["lease"]["holder"], "process 42 on host-1", "{row}");
    assert_eq!(row["has_token"], true);
    let outcome = scene.authn(&["status"]);
    let expected = "process 42 on host-1 has been renewing the session for 1m";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("process 43"), "{}", outcome.stderr);
    let outputs = format!("{row} {} {}", outcome.stderr, outcome.stdout);
    assert!(!outputs.contains(token.trim()), "{outputs}");
}
