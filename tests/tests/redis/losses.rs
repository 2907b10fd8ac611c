//! Servers that restart, forget their scripts, fail over, or lose what was saved last.

use std::{net::TcpListener, time::Duration};

use authn::store::TokenStore as _;
use authn_tests::redis::{Server, Watched};
use tokio::time::timeout;

use super::{KEY, at, document, key, loaded, name, opened, save, stored};

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_sent_again() {
    let server = Server::start();
    let store = at(&server.url());
    assert!(save(&store, "one", 0).await.unwrap());
    assert_eq!(server.ask(&["SCRIPT", "FLUSH"]), "OK");
    assert!(save(&store, "two", 1).await.unwrap());
    drop(store.lock(&key()).await.unwrap());
    assert_eq!(loaded(&store).await, stored(2, "two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_under_a_lease_is_tried_again_as_long_as_that_lasts() {
    let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = at(&server.url());
    assert!(save(&store, "old", 0).await.unwrap());
    let lease = store.lock(&key()).await.unwrap();
    server.kill();
    let listener = TcpListener::bind(("127.0.0.1", server.port())).unwrap();
    let saving = tokio::spawn({
        let store = store.clone();
        async move { save(&store, "new", 1).await }
    });
    // It has been tried in vain.
    tokio::task::spawn_blocking(move || drop(listener.accept().unwrap())).await.unwrap();
    server.restart();
    assert!(saving.await.unwrap().unwrap());
    assert_eq!(loaded(&store).await, stored(2, "new"));
    drop(lease);
    // Without a lease, a caller is told at once.
    server.kill();
    let error = save(&store, "newer", 2).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_made_again_by_the_next_request() {
    let server = Server::start();
    let store = at(&server.url());
    assert!(save(&store, "one", 0).await.unwrap());
    // Each of them is the first request after the end.
    for request in 0..6 {
        // A connection that has subscribed is of another type.
        let killed = ["normal", "pubsub"].map(|of| server.ask(&["CLIENT", "KILL", "TYPE", of]));
        assert!(killed.contains(&"1".to_owned()), "{killed:?}");
        match request {
            0 => assert_eq!(loaded(&store).await, stored(1, "one")),
            1 => drop(store.lock(&key()).await.unwrap()),
            2 => drop(store.lock_unless_replaced(&key(), 1).await.unwrap().lease().unwrap()),
            3 => assert!(store.lock_unless_replaced(&key(), 7).await.unwrap().lease().is_none()),
            4 => assert_eq!(store.list().await.unwrap(), [key()]),
            _ => assert!(save(&store, "two", 1).await.unwrap()),
        }
    }
    assert_eq!(loaded(&store).await, stored(2, "two"));
}

#[tokio::test]
async fn a_server_that_restarts_with_its_data_goes_on() {
    let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = at(&server.url());
    assert!(save(&store, "one", 0).await.unwrap());
    let mut lease = store.lock(&key()).await.unwrap();
    server.kill();
    let error = store.load(&key()).await.unwrap_err();
    assert!(error.message().contains("can't be reached"), "{error}");
    server.restart();
    assert_eq!(loaded(&store).await, stored(1, "one"));
    assert!(save(&store, "two", 1).await.unwrap());
    assert!(!lease.is_lost(), "it was persisted, and the save has extended it");
    drop(lease);
    drop(store.lock(&key()).await.unwrap());
    assert_eq!(loaded(&at(&server.url())).await, stored(2, "two"));
}

#[tokio::test]
async fn a_server_that_restarts_without_its_data_gets_the_session_back() {
    let mut server = Server::start();
    let (store, other) = (at(&server.url()), at(&server.url()));
    assert!(save(&store, "one", 0).await.unwrap());
    server.kill();
    server.restart();
    assert_eq!(loaded(&other).await, None, "it knows nothing of the session");
    assert_eq!(loaded(&store).await, stored(1, "one"));
    assert_eq!(loaded(&other).await, stored(1, "one"), "it is stored again");
    // Also by a save, whose exchange has begun before.
    server.kill();
    server.restart();
    assert!(save(&store, "two", 1).await.unwrap());
    assert_eq!(loaded(&other).await, stored(2, "two"));
}

#[tokio::test]
async fn a_save_that_the_server_has_lost_is_put_back_and_never_over_a_newer_one() {
    let server = Server::start();
    let (store, other) = (at(&server.url()), at(&server.url()));
    assert!(save(&store, "one", 0).await.unwrap());
    let old = server.ask(&["HGETALL", &name("record")]);
    assert!(save(&store, "two", 1).await.unwrap());
    let go_back = || {
        server.ask(&["DEL", &name("record")]);
        let record = name("record");
        server.ask(&[&["HSET", &*record], &old.lines().collect::<Vec<_>>()[..]].concat());
    };
    go_back();
    assert_eq!(loaded(&other).await, stored(1, "one"));
    assert_eq!(loaded(&store).await, stored(2, "two"), "it is put back");
    assert_eq!(loaded(&other).await, stored(2, "two"));

    // Another has saved the same revision after the loss: its record stays, and the older knowledge gives way.
    go_back();
    let third = at(&server.url());
    assert_eq!(loaded(&third).await, stored(1, "one"));
    assert!(save(&third, "other two", 1).await.unwrap());
    assert!(!save(&store, "three", 2).await.unwrap());
    assert_eq!(loaded(&store).await, stored(2, "other two"));
    assert!(save(&store, "three", 2).await.unwrap());
}

#[tokio::test]
async fn a_record_that_was_set_aside_is_not_put_back_over_the_session_after_it() {
    let server = Server::start();
    let [reads, saves, new] = [(); 3].map(|()| at(&server.url()));
    for (text, revision) in [("one", 0), ("two", 1)] {
        assert!(save(&reads, text, revision).await.unwrap());
    }
    assert_eq!(loaded(&saves).await, stored(2, "two"));
    server.ask(&["HSET", &name("record"), "document", "no document"]);
    assert_eq!(loaded(&new).await, None);
    assert!(save(&new, "new", 0).await.unwrap());
    // Both know a record with a larger number.
    assert_eq!(loaded(&reads).await, stored(1, "new"));
    assert_eq!(saves.reserve(&key(), &document(3, ""), 2).await.unwrap(), None);
    assert!(!save(&saves, "three", 2).await.unwrap());
    assert_eq!(loaded(&saves).await, stored(1, "new"));
    assert!(save(&saves, "next", 1).await.unwrap());

    // What comes after it is put back like any other.
    let go_back = server.ask(&["HGETALL", &name("record")]);
    for revision in 2..=3 {
        assert!(save(&saves, "more", revision).await.unwrap());
    }
    server.ask(&["DEL", &name("record")]);
    let record = name("record");
    server.ask(&[&["HSET", &*record], &go_back.lines().collect::<Vec<_>>()[..]].concat());
    assert_eq!(loaded(&saves).await, stored(4, "more"));
    assert_eq!(loaded(&at(&server.url())).await, stored(4, "more"));
}

#[tokio::test]
async fn after_a_failover_the_new_master_is_used() {
    let mut watched = Watched::start();
    let options = format!("sentinels = {}\nmaster = 'mymaster'\n{KEY}", watched.urls());
    let store = opened(&options);
    assert!(save(&store, "one", 0).await.unwrap());
    let confirmed = watched.master.ask(&["WAIT", "1", "5000"]);
    assert_eq!(confirmed, "1");
    watched.master.kill();
    watched.wait_for_failover();
    assert_eq!(loaded(&store).await, stored(1, "one"));
    assert!(save(&store, "two", 1).await.unwrap());
    assert!(watched.replica.ask(&["HGET", &name("record"), "revision"]) == "2");
}

#[tokio::test]
async fn a_master_that_becomes_a_replica_is_left_at_the_next_write() {
    let watched = Watched::start();
    let options = format!("sentinels = {}\nmaster = 'mymaster'\n{KEY}", watched.urls());
    let store = opened(&options);
    assert!(save(&store, "one", 0).await.unwrap());
    assert_eq!(watched.master.ask(&["WAIT", "1", "5000"]), "1");
    // As a failover does to the old master, which is reachable all the time.
    assert_eq!(watched.master.ask(&["FAILOVER"]), "OK");
    watched.wait_for_failover();
    assert!(save(&store, "two", 1).await.unwrap());
    assert_eq!(watched.replica.ask(&["HGET", &name("record"), "revision"]), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lease_goes_on_after_a_restart() {
    let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let (one, other) = (at(&server.url()), at(&server.url()));
    let lease = one.lock(&key()).await.unwrap();
    let waiting = tokio::spawn(async move { other.lock(&key()).await.map(drop) });
    authn_tests::waiting::until("the subscription", || {
        let channels = server.ask(&["PUBSUB", "CHANNELS"]);
        channels.contains(&name("channel")).then_some(())
    });
    server.kill();
    server.restart();
    drop(lease);
    // It either hears of the release, or has failed because the server was away.
    let result = timeout(Duration::from_mins(1), waiting).await.unwrap().unwrap();
    if let Err(error) = result {
        assert!(error.message().contains("can't be reached"), "{error}");
    }
    drop(one.lock(&key()).await.unwrap());
}
