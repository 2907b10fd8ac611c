//! The process that holds the lease is killed or stopped, before it has sent anything.

use authn_tests::{redis::Server, waiting::until};
use serde_json::json;

use crate::scene::{EXPIRY, Fleet, Process, Scene, tokens};

const PROCESSES: usize = 20;
const CLIENTS: usize = 50;

/// Has the first exchange wait for the server's metadata, so that its process holds the lease and has sent nothing.
fn held(scene: &Scene) -> Fleet {
    let fault = json!({ "endpoint": "discovery", "times": 1, "delay_ms": 20_000 });
    scene.rig.faults(&json!([fault]));
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    fleet.send("get");
    fleet
}

#[test]
fn a_fleet_renews_its_session_once_for_each_expiry() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(PROCESSES, CLIENTS);
    for exchanges in 1..=5 {
        fleet.token();
        assert_eq!(scene.exchanges(), exchanges);
        fleet.all(EXPIRY);
    }
}

#[test]
fn a_lease_that_another_program_holds_is_waited_for_and_nothing_is_sent() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = scene.fleet(2, 5);
    let token = fleet.token();
    let record = server.ask(&["--scan", "--pattern", "*{oauth-*:record"]);
    let session = record.strip_suffix("}:record").unwrap();
    let [lease, channel] = ["lease", "channel"].map(|part| format!("{session}}}:{part}"));
    server.ask(&["SET", &lease, "0f elsewhere 4242 1700000000000", "PX", "600000"]);
    fleet.all(EXPIRY);
    fleet.send("get");
    until("those that wait", || {
        let waiting = server.ask(&["PUBSUB", "NUMSUB", &channel]);
        (waiting == format!("{channel}\n10")).then_some(())
    });
    let shown = scene.run("authn", &["stores", "redis", "--json"]);
    assert!(shown.contains("process 4242 on elsewhere"), "{shown}");
    assert_eq!(scene.exchanges(), 1);
    server.ask(&["DEL", &lease]);
    server.ask(&["PUBLISH", &channel, "released 10"]);
    let answers: Vec<_> = fleet.processes.iter_mut().map(Process::answer).collect();
    assert_ne!(fleet.one_of(&answers), token);
    assert_eq!(scene.exchanges(), 2);
}

#[test]
fn another_process_goes_on_when_the_holder_is_killed() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = held(&scene);
    fleet.holder(&server).kill();
    let answers: Vec<_> = fleet.processes.iter_mut().map(Process::answer).collect();
    fleet.one_of(&answers);
    assert_eq!(scene.exchanges(), 1);
    fleet.all(EXPIRY);
    fleet.token();
    assert_eq!(scene.exchanges(), 2, "the session lives");
}

#[test]
fn a_holder_that_was_stopped_past_its_lease_sends_nothing_and_takes_what_there_is() {
    let server = Server::start();
    let scene = Scene::in_one(&server);
    let mut fleet = held(&scene);
    let mut stopped = fleet.holder(&server);
    stopped.signal("-STOP");
    let answers: Vec<_> = fleet.processes.iter_mut().map(Process::answer).collect();
    let token = fleet.one_of(&answers);
    assert_eq!(scene.exchanges(), 1, "another process has taken over");
    stopped.signal("-CONT");
    let answer = stopped.answer();
    assert_eq!(tokens(&answer).collect::<Vec<_>>(), [token], "{answer}");
    assert_eq!(answer["got"], CLIENTS, "{answer}");
    assert_eq!(scene.exchanges(), 1, "it has sent nothing");
    fleet.processes.push(stopped);
    fleet.all(EXPIRY);
    fleet.token();
    assert_eq!(scene.exchanges(), 2, "the session lives");
}
