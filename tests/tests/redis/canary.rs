//! No secret is where it does not belong. The server has no token and no key: neither in its commands, nor on its disk, nor in
//! its log. The logs of this process have none of them, and no password.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use authn::{conformance::Canary, store::TokenStore as _};
use authn_tests::{logs::Logs, redis::Server};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{KEY, OTHER_KEY, document, key, loaded, name, opened, save};

#[tokio::test]
async fn no_secret_is_on_the_server_or_in_a_log() {
    let logs = Logs::of_process();
    let (token, password) = (Canary::new(), Canary::new());
    let server =
        Server::with(&["--appendonly", "yes", "--appendfsync", "always", "--loglevel", "debug"]);
    let rule = format!(">{}", password.as_str());
    let user = ["ACL", "SETUSER", "authn", "on", &rule, "~*", "&*", "+@all"];
    assert_eq!(server.ask(&user), "OK");
    let slow = ["CONFIG", "SET", "slowlog-log-slower-than", "0"];
    assert_eq!(server.ask(&slow), "OK");
    assert_eq!(server.ask(&["CONFIG", "SET", "slowlog-max-len", "1000"]), "OK");
    assert_eq!(server.ask(&["SLOWLOG", "RESET"]), "OK");
    let mut monitor = server.cli(&["MONITOR"]).stdout(Stdio::piped()).spawn().unwrap();
    authn_tests::waiting::until("the monitor", || {
        server.ask(&["CLIENT", "LIST"]).contains("cmd=monitor").then_some(())
    });

    let options = format!(
        "url = '{}'\nusername = 'authn'\npassword = '{}'\n",
        server.url(),
        password.as_str()
    );
    let store = opened(&format!("{options}{KEY}"));
    let lease = store.lock(&key()).await.unwrap();
    assert!(save(&store, token.as_str(), 0).await.unwrap());
    let reserved = store.reserve(&key(), &document(1, token.as_str()), 1).await.unwrap();
    assert_eq!(reserved, Some(1));
    assert!(save(&store, token.as_str(), 1).await.unwrap());
    assert_eq!(loaded(&store).await.unwrap().1, token.as_str());
    drop(lease);
    assert_eq!(store.list().await.unwrap(), [key()]);
    assert!(save(&store, token.as_str(), 2).await.unwrap());
    // With another key, the record is encrypted again.
    let previous = KEY.split('\'').nth(1).unwrap();
    let rotated = format!("{options}{OTHER_KEY}previous_encryption_keys = ['{previous}']\n");
    let rotated = opened(&rotated);
    let record = || server.ask(&["HGET", &name("record"), "document"]);
    let before = record();
    drop(rotated.lock(&key()).await.unwrap());
    assert_ne!(record(), before);
    assert_eq!(loaded(&rotated).await.unwrap(), (3, token.as_str().to_owned()));
    // Errors are logged, too.
    let other = opened(&format!("{options}{KEY}"));
    assert!(other.load(&key()).await.is_err());
    let wrong = opened(&format!("{options}{KEY}").replace("'authn'", "'another'"));
    assert!(wrong.load(&key()).await.is_err());
    let slowlog = server.ask(&["SLOWLOG", "GET", "1000"]);
    assert!(slowlog.to_lowercase().contains("evalsha"));
    assert_eq!(server.ask(&["SAVE"]), "OK");

    monitor.kill().unwrap();
    let mut monitored = Vec::new();
    monitor.stdout.take().unwrap().read_to_end(&mut monitored).unwrap();
    monitor.wait().unwrap();
    assert!(String::from_utf8_lossy(&monitored).to_lowercase().contains("hset"));
    let mut places = vec![
        ("a command".to_owned(), monitored),
        ("the slow log".to_owned(), slowlog.into_bytes()),
        ("the log of this process".to_owned(), logs.text(0).into_bytes()),
    ];
    let files = files(server.folder());
    for ending in ["rdb", "aof", "log"] {
        assert!(
            files.iter().any(|file| file.to_string_lossy().ends_with(ending)),
            "{ending}: {files:?}"
        );
    }
    places.extend(files.iter().map(|file| (file.display().to_string(), fs::read(file).unwrap())));
    for (place, bytes) in places {
        assert!(!bytes.is_empty() || place.ends_with("aof"), "{place} is empty");
        assert_eq!(token.find_in(&bytes), None, "{place} has the token");
        assert_eq!(password.find_in(&bytes), None, "{place} has the password");
        for key in [KEY, OTHER_KEY] {
            let encoded = key.split('\'').nth(1).unwrap();
            let raw = STANDARD.decode(encoded).unwrap();
            for key in [encoded.as_bytes(), &raw] {
                assert!(!bytes.windows(key.len()).any(|part| part == key), "{place} has a key");
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
