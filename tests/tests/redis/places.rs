//! The places that options name, and what every store must do, at each of them.

use authn::{
    conformance::{check_store, check_store_with},
    store::TokenStore as _,
};
use authn_tests::{
    command::{Sandbox, binary},
    logs::Logs,
    redis::{Cluster, Server, Watched, certificates},
};
use tempfile::tempdir;

use super::{KEY, PREFIX, at, config, key, loaded, name_of, opened, save, stored};

#[test]
fn a_server_keeps_the_rules_of_stores() {
    let server = Server::start();
    check_store(|| Ok(at(&server.url())));
}

#[test]
fn one_handle_that_a_whole_process_shares_keeps_the_rules_of_stores() {
    let logs = Logs::of_process();
    let server = Server::start();
    let one = at(&server.url());
    check_store(|| Ok(one.clone()));
    let logged = logs.text(0);
    assert!(logged.contains("EVALSHA") || logged.len() > 1000, "the logs are collected");
    assert!(!logged.contains("has lost"), "nothing was lost");
}

#[test]
fn leases_that_end_keep_the_rules_of_stores() {
    let server = Server::start();
    let options = format!("url = '{}'\nlease = '3s'\ntimeout = '1s'\n{KEY}", server.url());
    let end = move |key: &_| {
        assert_eq!(server.ask(&["DEL", &name_of(key, "lease")]), "1");
    };
    check_store_with(|| Ok(opened(&options)), end);
}

#[test]
fn a_server_behind_a_socket_keeps_the_rules_of_stores() {
    let server = Server::with(&["--unixsocket", "socket"]);
    let url = format!("unix://{}", server.folder().join("socket").display());
    check_store(|| Ok(at(&url)));
}

#[test]
fn a_cluster_keeps_the_rules_of_stores() {
    let cluster = Cluster::start();
    let options = format!("nodes = {}\n{KEY}", cluster.urls());
    check_store(|| Ok(opened(&options)));
    // The sessions are on each of the masters, and all of them are listed.
    for node in cluster.nodes() {
        assert_ne!(node.ask(&["DBSIZE"]), "0");
    }
}

#[tokio::test]
async fn a_cluster_is_examined_at_one_of_its_nodes() {
    let cluster = Cluster::start();
    let store = opened(&format!("nodes = {}\n{KEY}", cluster.urls()));
    let _lease = store.lock(&key()).await.unwrap();
    let examination = store.examine_server().await.unwrap();
    assert_eq!(examination.problems().len(), 1, "without a log");
    assert!(examination.facts().contains(&("mode", "cluster".to_owned())));
    assert_eq!(examination.leases().len(), 1);
    assert_eq!(store.examine().await.len(), 1);
}

#[test]
fn a_master_that_sentinels_name_keeps_the_rules_of_stores() {
    let watched = Watched::start();
    let options =
        format!("sentinels = {}\nmaster = 'mymaster'\nreplicas = 1\n{KEY}", watched.urls());
    check_store(|| Ok(opened(&options)));
}

#[tokio::test]
async fn a_user_with_the_documented_permissions_and_tls_are_enough() {
    let folder = tempdir().unwrap();
    certificates(folder.path());
    let server = Server::with_tls(folder.path(), &[]);
    let guide = include_str!("../../../docs/stores.md");
    let start = guide.find("ACL SETUSER authn").expect("the guide has the command");
    let command = guide[start..].split("```").next().unwrap().replace("\\\n", " ");
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(server.ask(&words), "OK", "{words:?}");
    assert_eq!(server.ask(&["ACL", "SETUSER", "default", "off"]), "OK");

    let ca_file = folder.path().join("ca.crt");
    let options = format!(
        "url = '{}'\nca_file = '{}'\nusername = 'authn'\npassword = 's3cr3t'\nprefix = 'authn:fleet:'\n{KEY}",
        server.url(),
        ca_file.display()
    );
    let store = opened(&options);
    let lease = store.lock(&key()).await.unwrap();
    assert!(store.reserve(&key(), &super::document(1, ""), 0).await.unwrap().is_some());
    assert!(save(&store, "kept", 0).await.unwrap());
    drop(lease);
    assert_eq!(loaded(&opened(&options)).await, stored(1, "kept"));
    assert_eq!(store.list().await.unwrap(), [key()]);
    store.remove_leftovers(&key()).await.unwrap();
    // Also what a waiter needs.
    let _held = store.lock(&key()).await.unwrap();
    let name = key();
    let waits = tokio::time::timeout(std::time::Duration::from_millis(300), store.lock(&name));
    assert!(waits.await.is_err());
    let problems = store.examine().await;
    assert!(problems.iter().all(|problem| problem.message().contains("appendonly no")));
}

#[test]
fn authorities_of_a_file_are_trusted_besides_those_of_the_system() {
    let [own, other] = [(); 2].map(|()| tempdir().unwrap());
    for folder in [&own, &other] {
        certificates(folder.path());
    }
    let server = Server::with_tls(own.path(), &[]);
    let [own, other] = [&own, &other].map(|folder| folder.path().join("ca.crt"));
    for (of_system, of_file, is_trusted) in
        [(&own, &other, true), (&other, &own, true), (&other, &other, false)]
    {
        let mut sandbox = Sandbox::new();
        let (url, of_file) = (server.url(), of_file.display());
        let text = format!(
            "[credentials.bearer]\ntoken = 't'\n[stores.redis]\nurl = '{url}'\nca_file = '{of_file}'\n{KEY}"
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), text);
        sandbox.env("SSL_CERT_FILE", of_system);
        let outcome = sandbox.run(binary("authn"), &["stores", "redis"]);
        assert_eq!(outcome.code == 0, is_trusted, "{outcome:?}");
        let is_refused = outcome.stderr.contains("the authority of its certificate is not known");
        assert_eq!(is_refused, !is_trusted, "{outcome:?}");
    }
}

#[test]
fn options_that_do_not_name_one_place_are_problems() {
    for (options, key, message) in [
        ("", "url", "no server is set"),
        ("url = 'redis://localhost'\nnodes = ['redis://localhost']", "url", "more than one of"),
        ("url = 'redis://cache.example.com'", "url", "would not be encrypted"),
        ("url = 'rediss://:s3cr3t@cache.example.com'", "url", "a user or a password in it"),
        ("nodes = []", "nodes", "the list is empty"),
        ("nodes = ['rediss://a', 'redis://localhost']", "nodes", "only some of the addresses"),
        ("nodes = ['rediss://a', 'rediss://b/1']", "nodes.1", "only `url` can have"),
        ("nodes = ['unix:///socket']", "nodes.0", "this is a socket"),
        ("sentinels = ['rediss://a']", "master", "the name of the master is missing"),
        ("url = 'rediss://a'\nmaster = 'm'", "master", "`master` is the name that sentinels know"),
        (
            "url = 'rediss://a'\nsentinel_password = 'p'",
            "sentinel_password",
            "there are no sentinels",
        ),
        ("url = 'rediss://a'\nprefix = 'a{b}'", "prefix", "expected the start of the names"),
        ("url = 'rediss://a'\nlease = '0s'", "lease", "expected a time from 1 s to 1 h"),
        ("url = 'rediss://a'\ntimeout = '6s'", "timeout", "shorter than a third of the lease"),
    ] {
        let config = config(&format!("{options}\n{KEY}"));
        let key = format!("stores.redis.{key}");
        let is_it = |problem: &&authn::config::Problem| {
            problem.key() == Some(&*key) && problem.message().contains(message)
        };
        let all: Vec<_> = config.problems().iter().map(ToString::to_string).collect();
        assert!(config.problems().iter().any(|problem| is_it(&problem)), "{options}: {all:?}");
        assert!(!format!("{all:?}").contains("s3cr3t"));
    }
    let config = config("url = 'rediss://a'\nencryption_key = 'short'\n");
    let problems: Vec<_> =
        config.problems().iter().filter_map(authn::config::Problem::key).collect();
    assert_eq!(problems, ["stores.redis.encryption_key"]);
}

#[tokio::test]
async fn opening_connects_to_nothing_and_a_place_names_the_session() {
    let store = at("redis://127.0.0.1:1/3");
    assert_eq!(store.place().as_deref(), Some("redis://127.0.0.1:1/3"));
    let place = format!("redis://127.0.0.1:1/3 ({PREFIX}{{{}}}:record)", key());
    assert_eq!(store.place_of(&key()), Some(place));
}
