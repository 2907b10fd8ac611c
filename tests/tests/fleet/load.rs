//! A thousand clients on one session whose token lives for a minute.

use authn_tests::redis::Server;
use serde_json::json;

use crate::scene::Scene;

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
    let before = (scene.exchanges(), requests(&server));
    for _ in 0..EXPIRIES {
        fleet.all("pass 61");
        fleet.token();
    }
    let (exchanges, sent) = (scene.exchanges() - before.0, requests(&server) - before.1);
    assert_eq!(exchanges, EXPIRIES);
    let clients = f64::from(u32::try_from(PROCESSES * CLIENTS).unwrap());
    let expiries = f64::from(u32::try_from(EXPIRIES).unwrap());
    let each = f64::from(u32::try_from(sent).unwrap()) / clients / expiries;
    println!("{sent} requests to Redis: {each:.2} for each client and expiry");
    assert!(each <= MOST, "{each} requests for each client and expiry");
}

/// Returns how many commands clients have sent so far.
fn requests(server: &Server) -> u64 {
    let statistics = server.ask(&["INFO", "commandstats"]);
    let calls = statistics.lines().filter_map(|line| {
        let (name, rest) = line.split_once(":calls=")?;
        // What scripts call is not sent.
        let is_sent =
            ["eval", "subscribe", "hmget", "publish"].iter().any(|one| name.contains(one));
        rest.split(',').next()?.parse::<u64>().ok().filter(|_| is_sent)
    });
    calls.sum()
}
