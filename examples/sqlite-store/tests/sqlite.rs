//! The store against the rules of stores, and two programs that share a session in it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{path::Path, time::Duration};

use authn::{
    Credentials, Environment, Loader, SecretString, conformance,
    store::{Encrypted, Encryption, StoreKey},
    testing::TokenServer,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use rusqlite::Connection;
use sqlite_store::Sqlite;

/// A lease that lasts longer than the tests, and whose loss is noticed soon.
fn open(path: &Path) -> Sqlite {
    Sqlite::new(path).with_lease(Duration::from_hours(1), Duration::from_millis(100))
}

/// Ends a lease as it ends for a holder that was stopped.
fn end_lease(path: &Path, key: &StoreKey) {
    let database = Connection::open(path).unwrap();
    database.busy_timeout(Duration::from_mins(1)).unwrap();
    let sql = "UPDATE leases SET ends = 1 WHERE key = ?1";
    database.execute(sql, [key.as_str()]).unwrap();
}

#[test]
fn keeps_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let opened = path.clone();
    conformance::check_store_with(move || Ok(open(&opened)), move |key| end_lease(&path, key));
}

#[test]
fn keeps_the_rules_with_encryption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let opened = path.clone();
    let encrypted = move || {
        let encryption = Encryption::new(SecretString::from("0f".repeat(32)), Vec::new());
        Ok(Encrypted::new(open(&opened), encryption))
    };
    conformance::check_store_with(encrypted, move |key| end_lease(&path, key));
}

/// POSIX ends all locks of a file when its process closes the file once.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_lock_of_the_database_lasts_while_the_process_opens_it_again() {
    use std::os::unix::fs::MetadataExt as _;

    use authn::store::TokenStore as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let (store, key) = (open(&path), StoreKey::new("a"));
    assert!(store.load(&key).await.unwrap().is_none());
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let file = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
    let locks = || {
        let all = std::fs::read_to_string("/proc/locks").unwrap();
        all.lines().filter(|line| line.contains(&file)).count()
    };
    let before = locks();
    assert!(before > 0);
    assert!(store.load(&key).await.unwrap().is_none());
    assert_eq!(locks(), before);
}

#[tokio::test]
async fn programs_share_a_session_and_each_refresh_token_is_spent_once() {
    let (server, folder) = (TokenServer::start().unwrap(), tempfile::tempdir().unwrap());
    server.accept_refresh_token("that of alice");
    let (url, path) = (server.url("/token"), folder.path().join("sessions.db"));
    let text = format!(
        "[credentials.oauth]\ntoken_endpoint_url = \"{url}\"\nclient_id = \"batch\"\n\
         refresh_token = \"that of alice\"\nstore = \"sqlite\"\n\
         [stores.sqlite]\npath = {path:?}\n"
    );
    let clock = ManualClock::new();
    let load = || {
        let loader = Loader::new().environment(Environment::empty()).defaults(&text);
        loader.clock(Clock::custom(clock.clone())).load().unwrap()
    };
    let [one, two, three]: [Credentials; 3] = [load(), load(), load()];
    for round in 1..=3 {
        let (one, two, three) = tokio::join!(one.token(), two.token(), three.token());
        for token in [one, two, three] {
            assert_eq!(token.unwrap().secret(), format!("access-{round}"));
        }
        // The token expires.
        clock.advance(Duration::from_hours(2));
    }
    assert_eq!(server.token_requests().len(), 3);
}
