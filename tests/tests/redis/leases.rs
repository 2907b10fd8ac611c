//! Leases: their holder, their end, and what a former holder may still save.

use std::time::Duration;

use authn::{
    config::KnownStore,
    store::{Locked, StoreKey, TokenStore as _},
};
use authn_tests::{
    redis::{Cluster, Server},
    waiting::until,
};
use tokio::time::timeout;

use super::{KEY, OTHER_KEY, at, document, key, loaded, name, opened, save, stored};

/// How long a lease that is held is asked for.
const MOMENT: Duration = Duration::from_millis(300);

/// Returns a handle whose lease ends soon, but not while this machine does something else for a moment.
fn with_short_lease(server: &Server) -> KnownStore {
    opened(&format!("url = '{}'\nlease = '3s'\ntimeout = '1s'\n{KEY}", server.url()))
}

/// Returns how many scripts clients have sent so far.
fn requests(server: &Server) -> u64 {
    let stats = server.ask(&["INFO", "commandstats"]);
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap();
    line.split("calls=").nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_lease_names_its_holder_and_is_renewed() {
    let server = Server::start();
    let store = with_short_lease(&server);
    let mut lease = store.lock(&key()).await.unwrap();
    let owner = server.ask(&["GET", &name("lease")]);
    let words: Vec<&str> = owner.split(' ').collect();
    assert_eq!((words.len(), words[2]), (4, &*std::process::id().to_string()), "{owner}");
    // The time that is left goes down and up again.
    let left = || server.ask(&["PTTL", &name("lease")]).parse::<i64>().unwrap();
    until("a renewal", || {
        let before = left();
        (left() > before).then_some(())
    });
    assert!(!lease.is_lost());
    drop(lease);
    until("the release", || (server.ask(&["EXISTS", &name("lease")]) == "0").then_some(()));
}

#[tokio::test]
async fn a_lease_that_is_taken_away_is_lost_and_its_release_leaves_the_new_one() {
    let server = Server::start();
    let store = with_short_lease(&server);
    let mut lease = store.lock(&key()).await.unwrap();
    server.ask(&["SET", &name("lease"), "of another", "PX", "60000"]);
    timeout(Duration::from_mins(1), lease.lost()).await.unwrap();
    drop(lease);
    assert!(timeout(MOMENT, store.lock(&key())).await.is_err());
    assert_eq!(server.ask(&["GET", &name("lease")]), "of another");
}

#[tokio::test]
async fn a_lease_is_lost_while_the_server_is_stopped() {
    let server = Server::start();
    let store = with_short_lease(&server);
    let mut lease = store.lock(&key()).await.unwrap();
    assert!(!lease.is_lost());
    server.pause();
    timeout(Duration::from_mins(1), lease.lost()).await.unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert!(error.message().contains("does not answer in time"), "{error}");
    server.go_on();
    // The commands that it has received meanwhile are carried out now: none of them brings the lease back.
    assert!(lease.is_lost());
    drop(lease);
    store.lock(&key()).await.unwrap();
}

#[tokio::test]
async fn a_dead_holders_lease_ends() {
    let server = Server::start();
    server.ask(&["SET", &name("lease"), "dead", "PX", "700"]);
    let lease = with_short_lease(&server).lock(&key()).await.unwrap();
    drop(lease);
}

#[tokio::test]
async fn a_former_holder_saves_an_unchanged_record_and_never_a_replaced_one() {
    let server = Server::start();
    let [one, other] = [(); 2].map(|()| with_short_lease(&server));
    assert!(save(&one, "r0", 0).await.unwrap());
    let mut lost = one.lock(&key()).await.unwrap();
    assert!(one.load(&key()).await.unwrap().is_some());
    server.ask(&["DEL", &name("lease")]);
    timeout(Duration::from_mins(1), lost.lost()).await.unwrap();

    let held = other.lock(&key()).await.unwrap();
    assert_eq!(other.reserve(&key(), &document(1, "r0"), 1).await.unwrap(), Some(1));
    // The new holder has not saved: the server may accept only what the former one has received.
    assert!(save(&one, "r1", 1).await.unwrap());
    assert!(!save(&other, "late", 1).await.unwrap());
    assert!(save(&other, "r2", 2).await.unwrap());
    assert!(!save(&one, "late", 2).await.unwrap());
    assert_eq!(loaded(&one).await, stored(3, "r2"));
    drop(held);

    // Also at the same revision, an older number gives way.
    server.ask(&["HSET", &name("record"), "fence", "999"]);
    assert!(!save(&one, "older", 3).await.unwrap());
    drop(lost);
    let lease = one.lock(&key()).await.unwrap();
    assert!(save(&one, "r3", 3).await.unwrap(), "a new lease has a larger number than any before");
    assert_eq!(server.ask(&["HGET", &name("record"), "fence"]), "1000");
    drop(lease);
}

#[tokio::test]
async fn a_former_holder_saves_a_record_that_was_encrypted_again_meanwhile() {
    let server = Server::start();
    let [one, unread] = [(); 2].map(|()| at(&server.url()));
    let previous = KEY.split('\'').nth(1).unwrap();
    let rotated =
        format!("url = '{}'\n{OTHER_KEY}previous_encryption_keys = ['{previous}']\n", server.url());
    for reads_again in [true, false] {
        server.ask(&["DEL", &name("record")]);
        let one = if reads_again { &one } else { &unread };
        assert!(save(one, "r0", 0).await.unwrap());
        let lost = one.lock(&key()).await.unwrap();
        server.ask(&["DEL", &name("lease")]);
        let other = opened(&rotated);
        let held = other.lock(&key()).await.unwrap();
        assert!(at(&server.url()).load(&key()).await.is_err(), "it has the new key now");
        if reads_again {
            // It may not have the key yet. What it has received is saved all the same.
            assert!(one.load(&key()).await.is_err());
        }
        assert!(save(one, "r1", 1).await.unwrap());
        assert_eq!(loaded(&other).await, stored(2, "r1"));
        drop((lost, held));
    }
}

#[tokio::test]
async fn the_document_of_the_framework_is_encrypted_again_with_the_first_session() {
    let server = Server::start();
    let own = StoreKey::new(".fingerprint-key");
    let old = at(&server.url());
    assert!(old.save(&own, &document(1, "own"), 0).await.unwrap());
    let previous = KEY.split('\'').nth(1).unwrap();
    let options = format!("url = '{}'\n{OTHER_KEY}", server.url());
    let rotated = opened(&format!("{options}previous_encryption_keys = ['{previous}']\n"));
    drop(rotated.lock(&key()).await.unwrap());
    let later = opened(&options).load(&own).await.unwrap().unwrap();
    assert_eq!(later.revision, 1);
    assert_eq!(*later.text.expose(), *document(1, "own").text.expose());
}

#[tokio::test]
async fn of_two_saves_at_once_one_is_refused() {
    let server = Server::start();
    let store = at(&server.url());
    for revision in 0..5 {
        // The second is sent before the first is answered.
        let (one, two) = tokio::join!(save(&store, "one", revision), save(&store, "two", revision));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!(one, two);
        let text = if one { "one" } else { "two" };
        assert_eq!(loaded(&store).await, stored(revision + 1, text));
    }
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_replaced_by_the_next_try_alone() {
    let server = Server::start();
    let [store, other] = [(); 2].map(|()| with_short_lease(&server));
    for is_replaced in [false, true] {
        server.ask(&["DEL", &name("record")]);
        assert!(save(&store, "zero", 0).await.unwrap());
        server.pause();
        assert!(save(&store, "one", 1).await.is_err());
        server.go_on();
        // It was sent, and is saved after all.
        until("the save", || {
            (server.ask(&["HGET", &name("record"), "revision"]) == "2").then_some(())
        });
        if is_replaced {
            assert!(save(&other, "other", 2).await.unwrap());
        }
        assert_eq!(save(&store, "two", 1).await.unwrap(), !is_replaced);
        let expected = if is_replaced { stored(3, "other") } else { stored(2, "two") };
        assert_eq!(loaded(&store).await, expected);
    }
}

#[tokio::test]
async fn who_asks_again_after_its_answer_was_lost_keeps_no_lease_of_a_replaced_record() {
    let server = Server::start();
    assert!(save(&at(&server.url()), "r0", 0).await.unwrap());
    let ask = |owner: &str, known: &str| {
        let script = include_str!("../../../providers/src/stores/redis/scripts/acquire.lua");
        let keys = ["lease", "fence", "record"].map(name);
        let [lease, fence, record] = &keys;
        let channel = name("channel");
        server.ask(&["EVAL", script, "3", lease, fence, record, owner, "60000", &channel, known])
    };
    assert_eq!(ask("another", ""), "acquired\n1");
    let is_replaced = |answer: String| answer.starts_with("replaced\n0\n1\n");
    assert!(is_replaced(ask("one", "7")));
    assert_eq!(server.ask(&["GET", &name("lease")]), "another");
    // The record is replaced by then.
    assert!(is_replaced(ask("another", "7")));
    assert_eq!(server.ask(&["EXISTS", &name("lease")]), "0");
}

#[tokio::test]
async fn a_reserve_that_finds_the_lease_gone_tells_its_holder() {
    let server = Server::start();
    let store = at(&server.url());
    let mut lease = store.lock(&key()).await.unwrap();
    server.ask(&["DEL", &name("lease")]);
    assert_eq!(store.reserve(&key(), &document(1, ""), 0).await.unwrap(), Some(0));
    assert!(lease.is_lost());
}

#[tokio::test]
async fn a_lease_whose_caller_has_gone_is_released() {
    let server = Server::start();
    let [one, other] = [(); 2].map(|()| at(&server.url()));
    for _ in 0..20 {
        // Dropped at any point between the request and its answer.
        let _ = timeout(Duration::from_micros(300), one.lock(&key())).await;
        timeout(Duration::from_secs(5), other.lock(&key())).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_ask_seldom_and_hear_of_the_release() {
    let server = Server::start();
    let count = 50;
    let held = at(&server.url());
    let lease = held.lock(&key()).await.unwrap();
    let stores: Vec<_> = (0..count).map(|_| at(&server.url())).collect();
    let mut waiting = tokio::task::JoinSet::new();
    for store in stores {
        waiting.spawn(async move { drop(store.lock(&key()).await.unwrap()) });
    }
    let subscribed = format!("{}\n{count}", name("channel"));
    until("the subscriptions", || {
        let number = server.ask(&["PUBSUB", "NUMSUB", &name("channel")]);
        (number == subscribed).then_some(())
    });
    let before = requests(&server);
    drop(lease);
    while let Some(done) = waiting.join_next().await {
        done.unwrap();
    }
    let each = (requests(&server) - before) / count;
    assert!(each < 10, "{each} requests of each, one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_heard_in_a_whole_cluster() {
    let cluster = Cluster::start();
    let options = format!("nodes = {}\nlease = '60s'\n{KEY}", cluster.urls());
    let (one, other) = (opened(&options), opened(&options));
    let lease = one.lock(&key()).await.unwrap();
    let waiting = tokio::spawn(async move { other.lock(&key()).await.map(drop) });
    until("the subscription", || {
        let is_there = |node: &Server| node.ask(&["PUBSUB", "CHANNELS"]).contains(&name("channel"));
        cluster.nodes().iter().any(is_there).then_some(())
    });
    drop(lease);
    timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_for_a_save_hear_of_it_with_one_request_each() {
    let server = Server::start();
    let count = 30;
    let held = at(&server.url());
    assert!(save(&held, "old", 0).await.unwrap());
    let lease = held.lock(&key()).await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for store in (0..count).map(|_| at(&server.url())) {
        waiting.spawn(async move {
            let acquired = store.lock_unless_replaced(&key(), 1).await.unwrap().lease();
            (acquired.is_none(), loaded(&store).await)
        });
    }
    let subscribed = format!("{}\n{count}", name("channel"));
    until("the subscriptions", || {
        let number = server.ask(&["PUBSUB", "NUMSUB", &name("channel")]);
        (number == subscribed).then_some(())
    });
    assert!(save(&held, "new", 1).await.unwrap());
    while let Some(done) = waiting.join_next().await {
        assert_eq!(done.unwrap(), (true, stored(2, "new")));
    }
    // Each has asked for the lease once. The others are two saves, the lease and its renewals.
    assert!(requests(&server) <= count + 12, "{} requests", requests(&server));
    drop(lease);
    // Who comes later does not wait at all.
    let locked = held.lock_unless_replaced(&key(), 1).await.unwrap();
    let Locked::Replaced(Some(document)) = locked else { panic!("{locked:?}") };
    assert_eq!(document.revision, 2);
    assert!(held.lock_unless_replaced(&key(), 2).await.unwrap().lease().is_some());
}
