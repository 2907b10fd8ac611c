//! Redis is stopped, restarted, made read-only, or full. A token that is valid is served meanwhile, no refresh token is sent
//! that could not be replaced, and the session goes on afterwards.

use std::collections::BTreeSet;

use authn_tests::{
    redis::{Cluster, Server, Watched},
    waiting::until,
};
use serde_json::json;

use crate::scene::{EXPIRY, Fleet, PAUSE, Process, Scene, tokens};

const PROCESSES: usize = 4;
const CLIENTS: usize = 10;

/// Breaks Redis while a token is valid, and then lets it expire. Returns the errors of the clients.
fn broken(scene: &Scene, fleet: &mut Fleet, fault: impl FnOnce()) -> String {
    let token = fleet.token();
    let exchanges = scene.exchanges();
    fault();
    assert_eq!(fleet.token(), token, "a valid token is served");
    fleet.all(EXPIRY);
    let errors = fleet.errors().into_iter().collect::<Vec<_>>().join("\n");
    assert_eq!(scene.exchanges(), exchanges, "nothing was sent: {errors}");
    errors
}

/// Lets the time pass for which failures are held back, and has the fleet renew its session.
fn goes_on(scene: &Scene, fleet: &mut Fleet) {
    let exchanges = scene.exchanges();
    fleet.all(PAUSE);
    fleet.token();
    assert_eq!(scene.exchanges(), exchanges + 1, "one exchange after the outage");
    fleet.all(EXPIRY);
    fleet.token();
    assert_eq!(scene.exchanges(), exchanges + 2, "the session lives");
}

#[test]
fn a_server_that_is_killed_and_keeps_its_data_loses_nothing() {
    let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    let errors = broken(&scene, &mut fleet, || server.kill());
    assert!(errors.contains("can't be reached"), "{errors}");
    server.restart();
    goes_on(&scene, &mut fleet);
}

#[test]
fn a_server_that_is_killed_and_has_lost_its_data_gets_it_back() {
    let mut server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    broken(&scene, &mut fleet, || server.kill());
    server.restart();
    goes_on(&scene, &mut fleet);
}

#[test]
fn a_server_that_answers_nothing_for_a_while_loses_nothing() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    let errors = broken(&scene, &mut fleet, || server.pause());
    assert!(errors.contains("does not answer"), "{errors}");
    server.go_on();
    goes_on(&scene, &mut fleet);
}

#[test]
fn a_server_that_is_made_read_only_loses_nothing() {
    let (server, other) = (Server::start(), Server::start());
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    let port = other.port().to_string();
    let errors = broken(&scene, &mut fleet, || {
        // It stays as it is, because the other server is not there.
        other.pause();
        assert_eq!(server.ask(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    });
    assert!(errors.contains("is a replica"), "{errors}");
    assert_eq!(server.ask(&["REPLICAOF", "NO", "ONE"]), "OK");
    goes_on(&scene, &mut fleet);
}

#[test]
fn a_server_that_is_full_loses_nothing() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    let errors = broken(&scene, &mut fleet, || {
        assert_eq!(server.ask(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    });
    assert!(errors.contains("memory"), "{errors}");
    assert_eq!(server.ask(&["CONFIG", "SET", "maxmemory", "0"]), "OK");
    goes_on(&scene, &mut fleet);
}

#[test]
fn a_fleet_goes_on_after_a_failover_of_the_sentinels() {
    let mut watched = Watched::start();
    let scene = Scene::new(&format!("sentinels = {}\nmaster = 'mymaster'", watched.urls()));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    let token = fleet.token();
    watched.master.kill();
    watched.wait_for_failover();
    assert_eq!(fleet.token(), token);
    fleet.all(EXPIRY);
    // Sentinels end the connections to the new master, some of them only now.
    until("a renewal at the new master", || {
        let answers = fleet.all("get");
        fleet.all(PAUSE);
        answers.iter().all(|answer| answer["got"] == CLIENTS).then_some(())
    });
    let exchanges = scene.exchanges();
    fleet.all(EXPIRY);
    fleet.token();
    assert_eq!(scene.exchanges(), exchanges + 1, "the session lives");
}

/// Has Redis fail over while the answer of an exchange is on its way. The answer is saved all the same, and nothing is lost:
/// neither the token, which is issued once, nor the session. `then` follows when the token is there.
fn fail_over_during_an_exchange(
    scene: &Scene,
    fleet: &mut Fleet,
    fail_over: impl FnOnce(),
    then: impl FnOnce(),
) {
    let before = fleet.token();
    let exchanges = scene.exchanges();
    scene.rig.faults(&json!([{ "hold": true }]));
    fleet.all(EXPIRY);
    fleet.send("get");
    scene.rig.wait_for_count(&[("grant", "refresh_token"), ("status", "200")], exchanges + 1);
    fail_over();
    scene.rig.faults(&json!([]));
    let answers: Vec<_> = fleet.processes.iter_mut().map(Process::answer).collect();
    let issued: BTreeSet<&str> = answers.iter().flat_map(tokens).collect();
    assert_eq!(issued.len(), 1, "the process that has asked for it serves it: {answers:?}");
    assert_ne!(issued.first(), Some(&&*before));
    assert_eq!(scene.exchanges(), exchanges + 1);
    then();
    // The others may have failed while there was no master. The next exchange sends what was saved.
    goes_on(scene, fleet);
}

/// Returns whether a server has a lease.
fn has_lease(server: &Server) -> bool {
    !server.ask(&["--scan", "--pattern", "*:lease"]).is_empty()
}

#[test]
fn a_failover_of_the_sentinels_during_an_exchange_loses_nothing_that_was_replicated() {
    let mut watched = Watched::start();
    let scene = Scene::new(&format!("sentinels = {}\nmaster = 'mymaster'", watched.urls()));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    fail_over_during_an_exchange(
        &scene,
        &mut fleet,
        || {
            until("the lease at the replica", || has_lease(&watched.replica).then_some(()));
            watched.master.kill();
            watched.wait_for_failover();
        },
        || {},
    );
}

#[test]
fn a_planned_failover_during_an_exchange_loses_nothing() {
    let watched = Watched::start();
    let sentinels = format!("sentinels = {}\nmaster = 'mymaster'\nreplicas = 1", watched.urls());
    let scene = Scene::new(&sentinels);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    // The answer is there at any time of it: the old master takes saves until it is told.
    fail_over_during_an_exchange(
        &scene,
        &mut fleet,
        || watched.fail_over(),
        || {
            watched.wait_for_failover();
            until("the old master is a replica", || {
                watched
                    .master
                    .ask(&["INFO", "replication"])
                    .contains("master_link_status:up")
                    .then_some(())
            });
        },
    );
}

#[test]
fn a_session_that_is_put_back_is_found_by_programs_that_start_later() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(1, 1);
    fail_over_during_an_exchange(
        &scene,
        &mut fleet,
        || {
            assert_eq!(server.ask(&["FLUSHALL"]), "OK");
        },
        || {},
    );
    // It would send the configured refresh token otherwise, which is spent.
    scene.authn(&["token"]).success();
    scene.exchanges();
}

#[test]
fn a_failover_of_a_cluster_during_an_exchange_loses_nothing_that_was_replicated() {
    let mut cluster = Cluster::with_replicas(1);
    let scene = Scene::new(&format!("nodes = {}", cluster.urls()));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    fail_over_during_an_exchange(
        &scene,
        &mut fleet,
        || {
            until("the lease at a master and its replica", || {
                (cluster.nodes().iter().filter(|node| has_lease(node)).count() == 2).then_some(())
            });
            cluster.kill(has_lease);
            cluster.wait_for_failover();
        },
        || {},
    );
}

#[test]
fn a_fleet_shares_a_session_in_a_cluster() {
    let cluster = Cluster::start();
    let scene = Scene::new(&format!("nodes = {}", cluster.urls()));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    for exchanges in 1..=3 {
        fleet.token();
        assert_eq!(scene.exchanges(), exchanges);
        fleet.all(EXPIRY);
    }
}
