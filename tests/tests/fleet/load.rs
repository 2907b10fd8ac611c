//! A thousand clients on one session whose token lives for a minute.

use std::{fs, process::Child};

use authn_tests::{redis::Server, waiting::until};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::scene::{EXPIRY, Scene};

const PROCESSES: usize = 10;
const CLIENTS: usize = 100;
const EXPIRIES: u64 = 10;
/// Most requests to Redis for each client and expiry.
const MOST: f64 = 3.0;

#[test]
fn a_thousand_clients_make_one_exchange_for_each_expiry() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    scene.rig.answers(&json!({ "token": { "expires_in": 60 } }));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    fleet.token();
    let (before, monitor) = (scene.exchanges(), Monitor::start(&server));
    for _ in 0..EXPIRIES {
        fleet.all("pass 61");
        fleet.token();
    }
    let (exchanges, sent) = (scene.exchanges() - before, monitor.end(&server));
    assert_eq!(exchanges, EXPIRIES);
    let clients = f64::from(u32::try_from(PROCESSES * CLIENTS).unwrap());
    let expiries = f64::from(u32::try_from(EXPIRIES).unwrap());
    let each = f64::from(sent) / clients / expiries;
    println!("{sent} requests to Redis: {each:.2} for each client and expiry");
    assert!(each <= MOST, "{each} requests for each client and expiry");
}

#[test]
fn a_client_that_finds_a_valid_token_has_asked_redis_once() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(2, 1);
    fleet.token();
    fleet.all(EXPIRY);
    let [first, second] = &mut fleet.processes[..] else { panic!("there are two") };
    let exchanged = first.ask("get");
    let monitor = Monitor::start(&server);
    assert_eq!(second.ask("get")["tokens"], exchanged["tokens"]);
    assert_eq!(monitor.end(&server), 1);
}

/// All commands that a server receives.
struct Monitor {
    child: Child,
    output: NamedTempFile,
}

impl Monitor {
    fn start(server: &Server) -> Self {
        let output = NamedTempFile::new().unwrap();
        let mut cli = server.cli(&["MONITOR"]);
        let child = cli.stdout(output.reopen().unwrap()).spawn().unwrap();
        let monitor = Self { child, output };
        until("the monitor", || monitor.text().starts_with("OK").then_some(()));
        monitor
    }

    /// Returns how many there were. What scripts call is not sent.
    fn end(mut self, server: &Server) -> u32 {
        server.ask(&["ECHO", "the end"]);
        let text = until("the last command", || {
            let text = self.text();
            text.contains("\"the end\"").then_some(text)
        });
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let sent = text.lines().filter(|line| !line.contains(" lua] ")).count();
        u32::try_from(sent).unwrap() - 2
    }

    fn text(&self) -> String {
        // A record may be any bytes.
        String::from_utf8_lossy(&fs::read(self.output.path()).unwrap()).into_owned()
    }
}
