//! Each failure has its own words, and shows no text of the server's.

use std::{collections::BTreeSet, fs, net::TcpListener, sync::mpsc, thread, time::Duration};

use authn::{
    Result, SecretSource, SecretString,
    store::{Document, Lease, StoreKey, TokenStore},
};
use authn_tests::{
    redis::{Cluster, Server, Watched, certificates},
    waiting::until,
};
use tempfile::tempdir;

use super::{KEY, OTHER_KEY, at, document, expect, key, loaded, name, opened, save, stored};

#[tokio::test]
async fn a_server_that_does_not_listen_is_refused() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = at(&format!("redis://127.0.0.1:{port}")).load(&key()).await.unwrap_err();
    expect(&error, "can't be reached (nothing listens there)", "start the server");
    let error = at("unix:///nowhere/redis.sock").load(&key()).await.unwrap_err();
    expect(&error, "can't be reached (nothing listens there)", "start the server");
    let nodes = format!("nodes = ['redis://127.0.0.1:{port}']\n{KEY}");
    let error = opened(&nodes).load(&key()).await.unwrap_err();
    expect(&error, "can't be reached (nothing listens there)", "start the server");
    let sentinels = format!("sentinels = ['redis://127.0.0.1:{port}']\nmaster = 'm'\n{KEY}");
    let error = opened(&sentinels).load(&key()).await.unwrap_err();
    expect(&error, "no sentinel can be asked", "start the server");
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_in_a_timeout() {
    // It accepts, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = format!("url = 'redis://127.0.0.1:{port}'\ntimeout = '300ms'\n{KEY}");
    let error = opened(&options).load(&key()).await.unwrap_err();
    expect(&error, "can't be reached (it does not answer in time)", "stores.redis.timeout");
}

#[tokio::test]
async fn a_host_without_an_address_is_named_as_such() {
    let error = at("rediss://redis.invalid").load(&key()).await.unwrap_err();
    expect(&error, "the name of the host can't be resolved", "DNS");
}

#[tokio::test]
async fn tls_that_can_not_be_trusted_is_refused() {
    let [own, other] = [(); 2].map(|()| tempdir().unwrap());
    certificates(own.path());
    certificates(other.path());
    let server = Server::with_tls(own.path(), &[]);
    let options = |url: &str, ca: &std::path::Path| {
        format!("url = '{url}'\nca_file = '{}'\n{KEY}", ca.display())
    };
    let error = at(&server.url()).load(&key()).await.unwrap_err();
    expect(&error, "the authority of its certificate is not known", "stores.redis.ca_file");
    let error = opened(&options(&server.url(), &other.path().join("ca.crt"))).load(&key()).await;
    expect(&error.unwrap_err(), "the authority of its certificate is not known", "ca_file");
    // A server without TLS.
    let plain = Server::start();
    let url = plain.url().replace("redis:", "rediss:");
    let silent = options(&url, &own.path().join("ca.crt"));
    let error = opened(&format!("timeout = '500ms'\n{silent}")).load(&key()).await;
    expect(&error.unwrap_err(), "can't be reached (it does not answer in time)", "TLS");
    let error = at(&server.url().replace("rediss:", "redis:")).load(&key()).await.unwrap_err();
    expect(&error, "it ended the connection", "rediss://");

    std::fs::write(own.path().join("empty.crt"), "# none\n").unwrap();
    let error = opened(&options(&server.url(), &own.path().join("empty.crt"))).load(&key()).await;
    expect(&error.unwrap_err(), "it has no certificate", "ca_file");
    let error = opened(&options(&server.url(), &own.path().join("missing.crt"))).load(&key()).await;
    expect(&error.unwrap_err(), "can't be used", "ca_file");
}

#[tokio::test]
async fn a_wrong_password_is_not_accepted_and_not_shown() {
    let server = Server::with(&["--requirepass", "right"]);
    for options in
        ["", "password = 'wr0ng-s3cr3t'\n", "username = 'nobody'\npassword = 'wr0ng-s3cr3t'\n"]
    {
        let store = opened(&format!("url = '{}'\n{options}{KEY}", server.url()));
        let error = store.load(&key()).await.unwrap_err();
        expect(&error, "does not accept the user or the password", "stores.redis.password");
        assert!(!format!("{error:?} {store:?}").contains("wr0ng"));
    }
    let store = opened(&format!("url = '{}'\npassword = 'right'\n{KEY}", server.url()));
    assert!(save(&store, "kept", 0).await.unwrap());
}

#[tokio::test]
async fn a_user_without_a_permission_is_told_all_that_are_needed() {
    let server = Server::start();
    for (permissions, needs_script) in
        [("+hello +hmget", true), ("+hello +hmget +evalsha +eval", true), ("+hello", false)]
    {
        let set = format!("ACL SETUSER limited reset on >p ~* &* {permissions}");
        assert_eq!(server.ask(&set.split(' ').collect::<Vec<_>>()), "OK");
        let options =
            format!("url = '{}'\nusername = 'limited'\npassword = 'p'\n{KEY}", server.url());
        let store = opened(&options);
        let error = if needs_script {
            save(&store, "a", 0).await.unwrap_err()
        } else {
            store.load(&key()).await.unwrap_err()
        };
        expect(
            &error,
            "does not let this user run a command that sessions need (NOPERM)",
            "+evalsha +eval",
        );
    }
    let error = {
        let set = "ACL SETUSER limited reset on >p ~other:* &* +@all";
        assert_eq!(server.ask(&set.split(' ').collect::<Vec<_>>()), "OK");
        let options =
            format!("url = '{}'\nusername = 'limited'\npassword = 'p'\n{KEY}", server.url());
        opened(&options).load(&key()).await.unwrap_err()
    };
    expect(&error, "(NOPERM)", "~authn:authn:*");

    // The guide and the example permit the same.
    let permissions = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| c.is_whitespace() || c == '`');
        words.filter(|word| word.starts_with('+')).map(|word| word.replace("\\n'", "")).collect()
    };
    let expected = permissions(error.help().unwrap());
    let guide = include_str!("../../../docs/stores.md").split("ACL SETUSER authn").nth(1).unwrap();
    assert_eq!(permissions(guide.split("```").next().unwrap()), expected);
    let example = include_str!("../../../examples/fleet/compose.yaml");
    assert_eq!(permissions(example.split("services:").next().unwrap()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_subscribe_waits_by_asking_again() {
    let server = Server::start();
    let set = "ACL SETUSER silent reset on >p ~* resetchannels +@all";
    assert_eq!(server.ask(&set.split(' ').collect::<Vec<_>>()), "OK");
    let options = format!("url = '{}'\nusername = 'silent'\npassword = 'p'\n{KEY}", server.url());
    let (one, other) = (opened(&options), opened(&options));
    let lease = one.lock(&key()).await.unwrap();
    assert!(save(&one, "kept", 0).await.unwrap());
    let waiting = tokio::spawn(async move { other.lock(&key()).await.map(drop) });
    until("a refused subscription", || {
        server.ask(&["ACL", "LOG"]).contains(&name("channel")).then_some(())
    });
    drop(lease);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_replica_takes_no_writes() {
    let watched = Watched::start();
    let store = at(&watched.replica.url());
    for error in [save(&store, "a", 0).await.unwrap_err(), store.lock(&key()).await.unwrap_err()] {
        expect(&error, "is a replica, which takes no writes (READONLY)", "set `url` to the master");
    }
}

#[tokio::test]
async fn a_server_that_cannot_save_to_its_disk_fails_before_a_token_is_sent() {
    let server = Server::with(&["--save", "3600 1000"]);
    let store = at(&server.url());
    assert!(save(&store, "kept", 0).await.unwrap());
    // Its file can't replace a folder.
    fs::create_dir(server.folder().join("dump.rdb")).unwrap();
    server.ask(&["BGSAVE"]);
    until("the failure of its save", || {
        server.ask(&["INFO", "persistence"]).contains("rdb_last_bgsave_status:err").then_some(())
    });
    let lock = store.lock(&key()).await.map(drop);
    let reserved = store.reserve(&key(), &document(2, ""), 1).await.map(drop);
    let saved = save(&store, "lost", 1).await.map(drop);
    for error in [lock, reserved, saved] {
        expect(&error.unwrap_err(), "can't save to its disk (MISCONF)", "read the server's log");
    }
    assert_eq!(loaded(&store).await, stored(1, "kept"));
}

#[tokio::test]
async fn a_cluster_that_has_lost_most_of_its_masters_serves_no_session() {
    let mut cluster = Cluster::start();
    let store = opened(&format!("nodes = {}\n{KEY}", cluster.urls()));
    assert!(save(&store, "kept", 0).await.unwrap());
    let has_session = |node: &Server| !node.ask(&["--scan"]).is_empty();
    cluster.kill(|node| !has_session(node));
    until("the failure of the cluster", || {
        let mut nodes = cluster.nodes().iter();
        nodes
            .any(|node| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:fail"))
            .then_some(())
    });
    let error = store.load(&key()).await.unwrap_err();
    expect(&error, "does not serve all its keys at present (CLUSTERDOWN)", "CLUSTER INFO");
}

#[tokio::test]
async fn a_replica_that_has_lost_its_master_is_not_a_cluster() {
    let server = Server::start();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    assert_eq!(server.ask(&["CONFIG", "SET", "replica-serve-stale-data", "no"]), "OK");
    assert_eq!(server.ask(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    let store = at(&server.url());
    for error in [store.load(&key()).await.unwrap_err(), store.lock(&key()).await.unwrap_err()] {
        expect(
            &error,
            "is a replica that has lost its master (MASTERDOWN)",
            "check its master, and try again",
        );
    }
}

/// A store of passwords, which is slower than the server may be.
#[authn::token_store("slow", secrets)]
struct Slow;

impl SecretSource for Slow {
    fn secret(&self, target: &str) -> Result<SecretString> {
        thread::sleep(Duration::from_millis(2500));
        Ok(target.into())
    }
}

impl TokenStore for Slow {
    async fn lock(&self, _key: &StoreKey) -> Result<Lease> {
        Ok(Lease::new(()))
    }

    async fn load(&self, _key: &StoreKey) -> Result<Option<Document>> {
        Ok(None)
    }

    async fn save(&self, _key: &StoreKey, _document: &Document, _expected: u64) -> Result<bool> {
        Ok(false)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_password_that_takes_longer_than_the_server_may_is_waited_for() {
    let server = Server::with(&["--requirepass", "right"]);
    let options =
        format!("url = '{}'\ntimeout = '2s'\npassword = {{ slow = 'right' }}\n{KEY}", server.url());
    assert_eq!(loaded(&opened(&options)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_waits_while_a_save_waits_for_replicas() {
    let server = Server::start();
    let options = format!("lease = '3m'\ntimeout = '1m'\nreplicas = 1\n{KEY}");
    let store = opened(&format!("url = '{}'\n{options}", server.url()));
    let reserving = store.clone();
    let reserving =
        tokio::spawn(async move { reserving.reserve(&key(), &document(1, ""), 0).await });
    until("a wait for replicas", || {
        server.ask(&["INFO", "commandstats"]).contains("cmdstat_wait").then_some(())
    });
    assert_eq!(loaded(&store).await, None);
    assert!(!reserving.is_finished());
    reserving.abort();
}

#[tokio::test]
async fn a_full_server_fails_before_a_token_is_sent_and_keeps_the_session() {
    let server = Server::start();
    // A save is tried again for as long as this.
    let options = format!("url = '{}'\nlease = '3s'\ntimeout = '900ms'\n{KEY}", server.url());
    let store = opened(&options);
    assert!(save(&store, "kept", 0).await.unwrap());
    let _lease = store.lock(&key()).await.unwrap();
    assert_eq!(server.ask(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    for error in [
        store.reserve(&key(), &document(1, ""), 1).await.unwrap_err(),
        save(&store, "next", 1).await.unwrap_err(),
    ] {
        expect(&error, "has no memory left (OOM)", "maxmemory");
    }
    assert_eq!(loaded(&store).await, stored(1, "kept"));
    assert_eq!(server.ask(&["CONFIG", "SET", "maxmemory", "0"]), "OK");
    assert!(save(&store, "next", 1).await.unwrap());
}

#[tokio::test]
async fn a_server_that_lacks_replicas_takes_no_writes() {
    let server = Server::start();
    let store = at(&server.url());
    assert_eq!(server.ask(&["CONFIG", "SET", "min-replicas-to-write", "1"]), "OK");
    let error = save(&store, "a", 0).await.unwrap_err();
    expect(&error, "too few replicas (NOREPLICAS)", "min-replicas-to-write");
    let options = format!("url = '{}'\nreplicas = 1\ntimeout = '400ms'\n{KEY}", server.url());
    assert_eq!(server.ask(&["CONFIG", "SET", "min-replicas-to-write", "0"]), "OK");
    let store = opened(&options);
    let error = store.reserve(&key(), &document(1, ""), 0).await.unwrap_err();
    expect(&error, "only 0 of 1 replicas", "stores.redis.replicas");
    // What is saved is saved: a token that was issued once must not be lost for it.
    assert!(save(&store, "a", 0).await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_loading_or_busy_says_so() {
    let server = Server::with(&[
        "--enable-debug-command",
        "yes",
        "--key-load-delay",
        "400",
        "--busy-reply-threshold",
        "100",
        "--loading-process-events-interval-bytes",
        "1024",
    ]);
    let store = at(&server.url());
    assert!(save(&store, "kept", 0).await.unwrap());
    let mut busy = server.cli(&["EVAL", "while true do end", "0"]).spawn().unwrap();
    let error = loop {
        if let Err(error) = store.load(&key()).await {
            break error;
        }
    };
    expect(&error, "is busy with another program's script (BUSY)", "SCRIPT KILL");
    assert_eq!(server.ask(&["SCRIPT", "KILL"]), "OK");
    busy.wait().unwrap();
    assert_eq!(loaded(&store).await, stored(1, "kept"));

    let fill = "for i = 1, 20000 do redis.call('SET', 'k' .. i, 'v') end";
    server.ask(&["EVAL", fill, "0"]);
    let reload = server.cli(&["DEBUG", "RELOAD"]).spawn();
    let mut reload = reload.unwrap();
    let error = loop {
        if let Err(error) = store.load(&key()).await {
            break error;
        }
        assert!(reload.try_wait().unwrap().is_none(), "it was loaded before it was asked");
    };
    expect(&error, "is still loading its data (LOADING)", "try again");
    reload.kill().unwrap();
    reload.wait().unwrap();
}

#[tokio::test]
async fn keys_of_another_program_are_not_touched() {
    let server = Server::start();
    server.ask(&["SET", &name("record"), "of another"]);
    let store = at(&server.url());
    for error in [store.load(&key()).await.unwrap_err(), save(&store, "a", 0).await.unwrap_err()] {
        expect(&error, "(WRONGTYPE)", "stores.redis.prefix");
    }
    assert_eq!(server.ask(&["GET", &name("record")]), "of another");
}

#[tokio::test]
async fn a_node_of_a_cluster_as_the_one_server_is_a_mistake_with_its_fix() {
    let cluster = Cluster::start();
    let mut errors = 0;
    for node in cluster.nodes() {
        if let Err(error) = at(&node.url()).load(&key()).await {
            expect(&error, "is a node of a cluster (MOVED)", "stores.redis.nodes");
            errors += 1;
        }
    }
    assert_eq!(errors, 2, "one of them has the session");
}

#[tokio::test]
async fn another_encryption_key_changes_nothing() {
    let server = Server::start();
    assert!(save(&at(&server.url()), "kept", 0).await.unwrap());
    let store = opened(&format!("url = '{}'\n{OTHER_KEY}", server.url()));
    let error = store.load(&key()).await.unwrap_err();
    expect(&error, "is encrypted with the key", "stores.redis.previous_encryption_keys");
    assert_eq!(loaded(&at(&server.url())).await, stored(1, "kept"));

    let both = format!(
        "url = '{}'\n{OTHER_KEY}previous_encryption_keys = ['{}']\n",
        server.url(),
        KEY.split('\'').nth(1).unwrap()
    );
    let store = opened(&both);
    assert_eq!(loaded(&store).await, stored(1, "kept"));
    // A lock is enough to encrypt it again, as `authn stores --encrypt` does.
    drop(store.lock(&key()).await.unwrap());
    assert!(at(&server.url()).load(&key()).await.is_err(), "it has the new key now");
    assert_eq!(loaded(&store).await, stored(1, "kept"));
    assert!(save(&store, "next", 1).await.unwrap());
}

#[tokio::test]
async fn what_is_damaged_or_not_encrypted_is_set_aside_by_the_next_save() {
    let server = Server::start();
    let plain = &*document(7, "planted").text.expose().to_owned();
    for (round, damaged) in ["no document", plain].into_iter().enumerate() {
        let record = name("record");
        server.ask(&["HSET", &record, "revision", "7", "tag", "t", "document", damaged]);
        let store = at(&server.url());
        assert_eq!(loaded(&store).await, None, "{round}");
        assert!(save(&store, "new", 0).await.unwrap());
        assert_eq!(loaded(&store).await, stored(1, "new"));
        assert_eq!(server.ask(&["HGET", &name("aside"), "document"]), damaged);
        store.remove_leftovers(&key()).await.unwrap();
        assert_eq!(server.ask(&["EXISTS", &name("aside")]), "0");
    }
}

#[tokio::test]
async fn numbers_that_are_not_numbers_are_damaged_and_not_the_end_of_a_session() {
    let server = Server::start();
    let [record, fence] = ["record", "fence"].map(name);
    let too_large = "9".repeat(40);
    for damaged in ["x", "", "-1", "1.5", "0x10", "1e3", "inf", "nan", "007", &too_large] {
        for (part, revision) in [("revision", 0), ("fence", 1)] {
            server.ask(&["DEL", &record]);
            let store = at(&server.url());
            assert!(save(&store, "old", 0).await.unwrap());
            server.ask(&["HSET", &record, part, damaged]);
            server.ask(&["SET", &fence, damaged]);
            let store = at(&server.url());
            let expected = (revision > 0).then(|| (1, "old".to_owned()));
            assert_eq!(loaded(&store).await, expected, "{part} {damaged}");
            let lease = store.lock_unless_replaced(&key(), revision).await.unwrap();
            let lease = lease.lease().expect("it is the revision that is stored");
            let reserved = store.reserve(&key(), &document(revision + 1, ""), revision).await;
            assert_eq!(reserved.unwrap(), Some(revision), "{part} {damaged}");
            assert!(save(&store, "new", revision).await.unwrap(), "{part} {damaged}");
            drop(lease);
            assert_eq!(loaded(&store).await, stored(revision + 1, "new"));
            drop(store.lock(&key()).await.unwrap());
        }
    }
}

#[tokio::test]
async fn many_that_wait_for_a_connection_fail_together() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (end, ended) = mpsc::channel();
    let accepted = thread::spawn(move || {
        let first = listener.accept().unwrap();
        listener.set_nonblocking(true).unwrap();
        ended.recv().unwrap();
        (first, listener.accept().is_err())
    });
    let store = opened(&format!(
        "url = '{}'\ntimeout = '500ms'\n{KEY}",
        format_args!("redis://127.0.0.1:{port}")
    ));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        tasks.spawn(async move { store.load(&key()).await.unwrap_err() });
    }
    for error in tasks.join_all().await {
        expect(&error, "it does not answer in time", "timeout");
    }
    end.send(()).unwrap();
    assert!(accepted.join().unwrap().1, "each of them has connected");
}
