//! No token is on the server: neither in its commands, nor on its disk, nor in its log.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use authn::{conformance::Canary, store::TokenStore as _};
use authn_tests::redis::Server;

use super::{at, document, key, loaded, save};

#[tokio::test]
async fn the_server_sees_no_token() {
    let canary = Canary::new();
    let server =
        Server::with(&["--appendonly", "yes", "--appendfsync", "always", "--loglevel", "debug"]);
    let mut monitor = server.cli(&["MONITOR"]).stdout(Stdio::piped()).spawn().unwrap();
    authn_tests::waiting::until("the monitor", || {
        server.ask(&["CLIENT", "LIST"]).contains("cmd=monitor").then_some(())
    });

    let store = at(&server.url());
    let lease = store.lock(&key()).await.unwrap();
    assert!(save(&store, canary.as_str(), 0).await.unwrap());
    store.reserve(&key(), &document(1, canary.as_str()), 1).await.unwrap();
    assert!(save(&store, canary.as_str(), 1).await.unwrap());
    assert_eq!(loaded(&store).await.unwrap().1, canary.as_str());
    drop(lease);
    store.list().await.unwrap();
    let slow = ["CONFIG", "SET", "slowlog-log-slower-than", "0"];
    assert_eq!(server.ask(&slow), "OK");
    assert!(save(&store, canary.as_str(), 2).await.unwrap());
    let slowlog = server.ask(&["SLOWLOG", "GET", "100"]);
    assert!(slowlog.to_lowercase().contains("evalsha"));
    assert_eq!(server.ask(&["SAVE"]), "OK");

    monitor.kill().unwrap();
    let mut monitored = Vec::new();
    monitor.stdout.take().unwrap().read_to_end(&mut monitored).unwrap();
    monitor.wait().unwrap();
    assert!(String::from_utf8_lossy(&monitored).to_lowercase().contains("hset"));
    let files = files(server.folder());
    for ending in ["rdb", "aof", "log"] {
        assert!(
            files.iter().any(|file| file.to_string_lossy().ends_with(ending)),
            "{ending}: {files:?}"
        );
    }
    let found = |bytes: &[u8]| canary.find_in(bytes).is_some();
    assert!(!found(&monitored), "a command has it");
    assert!(!found(slowlog.as_bytes()), "the slow log has it");
    for file in files {
        assert!(!found(&fs::read(&file).unwrap()), "{} has it", file.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
