//! The store with real keyrings: GNOME's keyring on a private bus, and the kernel's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use authn::{
    ErrorKind, Result, SecretSource as _, SecretString,
    private::Locks,
    store::{Document, StoreKey, TokenStore},
};
use tempfile::TempDir;

use super::{Keyring, SystemKeyring, TIMEOUT, worker};

fn keyring(place: SystemKeyring, folder: &TempDir) -> Keyring {
    Keyring {
        service: Some("authn-test".to_owned()),
        backend: None,
        timeout: TIMEOUT,
        __system: place,
        __locks: Some(Locks::new(folder.path().join("keyring"))),
    }
}

fn document(revision: u64, size: usize) -> Document {
    let token = "t".repeat(size);
    let text = format!(r#"{{"version":1,"revision":{revision},"refresh_token":"{token}"}}"#);
    Document { revision, text: text.into() }
}

async fn saved(store: &Keyring, key: &StoreKey, revision: u64, expected: u64) -> bool {
    store.save(key, &document(revision, 10), expected).await.unwrap()
}

async fn revision(store: &Keyring, key: &StoreKey) -> Option<u64> {
    store.load(key).await.unwrap().map(|document| document.revision)
}

fn refused<T>(result: Result<T>) -> String {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    error.to_string()
}

/// Tests the behaviour of every keyring.
async fn keeps_sessions(store: &Keyring, size: usize) {
    let [one, other] = ["one-default-1", "other-default-2"].map(StoreKey::new);
    assert_eq!(revision(store, &one).await, None);
    assert_eq!(store.list().await.unwrap(), []);

    assert!(!saved(store, &one, 5, 4).await, "there is none with that revision");
    assert!(saved(store, &one, 1, 0).await);
    assert!(!saved(store, &one, 1, 0).await, "there is one now");
    assert!(saved(store, &one, 2, 1).await);
    assert!(!saved(store, &one, 2, 1).await, "another process was faster");
    assert_eq!(revision(store, &one).await, Some(2));

    let large = document(1, size);
    assert!(store.save(&other, &large, 0).await.unwrap());
    let loaded = store.load(&other).await.unwrap().unwrap();
    assert_eq!(&*loaded.text.expose(), &*large.text.expose());
    assert_eq!(store.list().await.unwrap(), [one.clone(), other]);

    // Of several saves of the same revision at the same time, one succeeds.
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (store, key) = (store.clone(), one.clone());
            tokio::spawn(async move { store.save(&key, &document(3, 10), 2).await.unwrap() })
        })
        .collect();
    let mut winners = 0;
    for one in tries {
        winners += usize::from(one.await.unwrap());
    }
    assert_eq!(winners, 1);

    // Only one caller at a time holds the lease.
    let lease = store.lock(&one).await.unwrap();
    let (waiting, key) = (store.clone(), one.clone());
    let second = tokio::spawn(async move { waiting.lock(&key).await.map(drop) });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop(lease);
    second.await.unwrap().unwrap();

    // An invalid session is set aside, and the sessions of another service are not listed.
    let (place, service) = (store.__system.clone(), store.service().to_owned());
    let broken = async move || place.write(&service, "one-default-1", &"{".into()).await;
    worker::run(TIMEOUT, broken).await.unwrap();
    assert_eq!(revision(store, &one).await, None);
    assert!(saved(store, &one, 1, 0).await);
    assert_eq!(revision(store, &one).await, Some(1));
    assert_eq!(store.list().await.unwrap().len(), 2);
    let elsewhere = Keyring { service: Some("elsewhere".to_owned()), ..store.clone() };
    assert_eq!(elsewhere.list().await.unwrap(), []);
}

/// Tests that the leftovers of a key are removed in every keyring, and nothing else. `is_aside` returns whether a text was
/// set aside with this ending for this key.
async fn removes_leftovers(store: &Keyring, is_aside: impl Fn(&str, &str) -> bool) {
    let broken = async |key: &str, text: &'static str| {
        let (place, service, key) =
            (store.__system.clone(), store.service().to_owned(), StoreKey::new(key));
        let name = key.clone();
        worker::run(TIMEOUT, async move || {
            place.write(&service, name.as_str(), &text.into()).await
        })
        .await
        .unwrap();
        assert!(saved(store, &key, 1, 0).await);
    };
    let newer = r#"{"version":3,"revision":1}"#;
    for (key, text, ending) in
        [("one", "{", "corrupt"), ("one", newer, "newer"), ("other", "{", "corrupt")]
    {
        broken(key, text).await;
        assert!(is_aside(ending, key), "{key} {ending}");
    }
    for _ in 0..2 {
        store.remove_leftovers(&StoreKey::new("one")).await.unwrap();
        assert!(!is_aside("corrupt", "one") && !is_aside("newer", "one"));
        assert!(is_aside("corrupt", "other"));
    }
    for key in ["one", "other"] {
        assert_eq!(revision(store, &StoreKey::new(key)).await, Some(1), "{key}");
    }
}

#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
mod secret_service {
    use authn::{Error, conformance};
    use zbus::connection;

    use super::{super::secret_service::SecretService, *};

    /// A private bus, with a keyring or without one, until it is dropped.
    struct Bus {
        address: String,
        child: Child,
        ends_with_input: bool,
    }

    impl Bus {
        fn start(mut command: Command, ends_with_input: bool) -> Self {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child =
                command.spawn().expect("run `tests/run`, which installs what is needed");
            let mut address = String::new();
            BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
            assert!(!address.is_empty(), "no bus: run `tests/run`, which installs what is needed");
            Self { address: address.trim_end().to_owned(), child, ends_with_input }
        }

        /// `state` is the variable of the script that sets the state of the keyring.
        fn with_keyring(state: &str) -> Self {
            let script = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("../tests/rig/keyring/with-keyring.sh");
            let mut command = Command::new(script);
            command.args(["sh", "-c", "echo \"$DBUS_SESSION_BUS_ADDRESS\"; cat"]);
            command.env(state, "1");
            Self::start(command, true)
        }

        /// Starts a bus without services, which can start none.
        fn without_keyring(folder: &TempDir) -> Self {
            let configuration = folder.path().join("bus.conf");
            let listen = format!("unix:path={}", folder.path().join("bus").display());
            let text = format!(
                "<busconfig><type>session</type><listen>{listen}</listen><policy context='default'>\
                 <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
            );
            std::fs::write(&configuration, text).unwrap();
            let mut command = Command::new("dbus-daemon");
            command.stderr(Stdio::null());
            command.arg("--nofork").arg("--print-address");
            command.arg(format!("--config-file={}", configuration.display()));
            Self::start(command, false)
        }

        fn store(&self, folder: &TempDir) -> Keyring {
            keyring(at(Some(&self.address)), folder)
        }

        fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> String {
            let mut command = Command::new(program);
            command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(input).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{program} {arguments:?}");
            String::from_utf8_lossy(&output.stdout).into_owned()
        }

        fn keep_secret(&self, service: &str, user: &str, more: &[&str], secret: &[u8]) {
            let arguments = ["store", "--label=test", "service", service, "username", user];
            self.run("secret-tool", &[&arguments, more].concat(), secret);
        }

        fn lock(&self) {
            let target = ["--session", "--print-reply", "--dest=org.freedesktop.secrets"];
            let call = [
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.Lock",
                "array:objpath:/org/freedesktop/secrets/aliases/default",
            ];
            self.run("dbus-send", &[target, call].concat(), b"");
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            // The script ends with its input, but a bare bus does not.
            drop(self.child.stdin.take());
            if !self.ends_with_input {
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
    }

    fn at(address: Option<&str>) -> SystemKeyring {
        SystemKeyring::SecretService(SecretService::at(address))
    }

    fn secret(store: &Keyring, target: &str) -> Result<String> {
        store.secret(target).map(|secret: SecretString| secret.expose().to_owned())
    }

    async fn every_visit(store: &Keyring) -> [String; 5] {
        let key = StoreKey::new("any");
        [
            refused(store.lock(&key).await.map(drop)),
            refused(store.load(&key).await),
            refused(store.save(&key, &document(1, 1), 0).await),
            refused(store.list().await),
            refused(store.remove_leftovers(&key).await),
        ]
    }

    #[tokio::test]
    async fn sessions_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        let store = bus.store(&folder);
        keeps_sessions(&store, 20 * 1024).await;
        let place = store.place_of(&StoreKey::new("other-default-2")).unwrap();
        let reference = place.strip_prefix("Secret Service (").unwrap().strip_suffix(')').unwrap();
        assert!(reference.ends_with("/other-default-2"), "{place}");
        store.secret(reference).unwrap();
        let found =
            |schema| bus.run("secret-tool", &["search", "--all", "xdg:schema", schema], b"");
        assert!(found("authn.Session").contains("label = authn: one-default-1\n"));
        let aside = found("authn.Session.corrupt");
        assert!(aside.contains("label = authn: one-default-1 (corrupt)\n"), "{aside}");
        assert!(aside.contains("secret = {\n"), "it is not lost: {aside}");
    }

    #[test]
    fn the_rules_of_stores_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        conformance::check_store(|| Ok(bus.store(&folder)));
    }

    #[tokio::test]
    async fn leftovers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        let is_aside = |ending: &str, key: &str| {
            let schema = format!("authn.Session.{ending}");
            let found = bus.run("secret-tool", &["search", "--all", "xdg:schema", &schema], b"");
            found.contains(&format!("label = authn: {key} ({ending})\n"))
        };
        removes_leftovers(&bus.store(&folder), is_aside).await;
    }

    #[tokio::test]
    async fn the_newest_of_several_is_used_and_the_others_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        let store = bus.store(&folder);
        let key = StoreKey::new("twice");
        let more = ["xdg:schema", "authn.Session", "copy"];
        for (revision, copy) in [(1, "a"), (7, "b"), (3, "c")] {
            let text = document(revision, 1).text.expose().to_owned();
            let more = [&more[..], &[copy]].concat();
            bus.keep_secret("authn-test", "twice", &more, text.as_bytes());
        }
        assert_eq!(revision(&store, &key).await, Some(7));
        assert_eq!(store.list().await.unwrap(), std::slice::from_ref(&key));
        assert!(saved(&store, &key, 8, 7).await);
        assert_eq!(revision(&store, &key).await, Some(8));
    }

    #[tokio::test]
    async fn a_locked_keyring_is_an_error_of_every_call() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        let store = bus.store(&folder);
        bus.lock();
        for error in every_visit(&store).await {
            assert!(error.starts_with("the keyring is locked; unlock it"), "{error}");
        }
        assert!(refused(secret(&store, "a/b")).starts_with("the keyring is locked"));

        let bus = Bus::with_keyring("NONE");
        let store = bus.store(&folder);
        bus.keep_secret("a", "b", &[], b"s3cr3t");
        assert!(saved(&store, &StoreKey::new("any"), 1, 0).await);
        bus.lock();
        for error in every_visit(&store).await {
            assert!(error.starts_with("the keyring is locked; unlock it"), "{error}");
        }
        assert!(refused(secret(&store, "a/b")).starts_with("the keyring is locked"));
    }

    #[tokio::test]
    async fn a_keyring_that_does_not_exist_yet_is_empty_and_stores_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("EMPTY");
        let store = bus.store(&folder);
        let key = StoreKey::new("any");
        assert_eq!(revision(&store, &key).await, None);
        assert_eq!(store.list().await.unwrap(), []);
        for error in [
            refused(store.lock(&key).await.map(drop)),
            refused(store.save(&key, &document(1, 1), 0).await),
        ] {
            assert!(error.contains("no default keyring yet; create one"), "{error}");
        }
    }

    #[tokio::test]
    async fn the_error_names_what_is_missing_and_has_help() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::without_keyring(&folder);
        let nowhere = format!("unix:path={}", folder.path().join("none").display());
        for (address, words) in [
            (
                None,
                "there is no D-Bus session, so there is no keyring; set DBUS_SESSION_BUS_ADDRESS",
            ),
            (Some(&*nowhere), "the D-Bus session can't be reached, so there is no keyring"),
            (Some("tcp:host=127.0.0.1,port=1"), "is not a socket of this machine"),
            (Some("nonsense"), "is not a socket of this machine"),
            (
                Some(&*bus.address),
                "no keyring service is running (org.freedesktop.secrets has no owner)",
            ),
        ] {
            let store = keyring(at(address), &folder);
            for error in every_visit(&store).await {
                assert!(error.contains(words), "{error}");
            }
            assert!(refused(secret(&store, "a/b")).contains(words));
        }
        // Of several addresses, the first one on this machine is used.
        let several = format!("tcp:host=127.0.0.1,port=1;{}", bus.address);
        let store = keyring(at(Some(&several)), &folder);
        assert!(every_visit(&store).await[1].contains("no keyring service is running"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_keyring_that_does_not_answer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::without_keyring(&folder);
        let silent = connection::Builder::address(&*bus.address).build().await.unwrap();
        silent.request_name("org.freedesktop.secrets").await.unwrap();
        let store = Keyring { timeout: Duration::from_millis(50), ..bus.store(&folder) };
        for error in every_visit(&store).await {
            assert!(
                error.starts_with("the keyring did not answer within 50ms; check whether"),
                "{error}"
            );
        }
        assert!(refused(secret(&store, "a/b")).contains("did not answer"));
    }

    #[tokio::test]
    async fn references_are_split_at_the_last_slash() {
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::with_keyring("NONE");
        let store = bus.store(&folder);
        bus.keep_secret("api", "ci", &[], b"one\n");
        bus.keep_secret("https://idp.example.com/", "alice", &[], b"two");
        bus.keep_secret("api", "bytes", &[], b"\xff\xfe");
        assert_eq!(secret(&store, "api/ci").unwrap(), "one");
        assert_eq!(secret(&store, "https://idp.example.com//alice").unwrap(), "two");
        bus.keep_secret("api", "ci", &[], b"three");
        assert_eq!(secret(&store, "api/ci").unwrap(), "three", "a new one takes its place");
        bus.keep_secret("api", "ci", &["of", "another"], b"four");

        let wrong = |target| -> Error { secret(&store, target).unwrap_err() };
        for (target, kind, words) in [
            (
                "api/ci",
                ErrorKind::Configuration,
                "2 secrets of service `api` and user `ci`; keep only one",
            ),
            ("api/other", ErrorKind::Configuration, "username 'other'`"),
            ("api/bytes", ErrorKind::Store, "is not text"),
            ("api", ErrorKind::Configuration, "write it as `{ keyring = \"service/user\" }`"),
            ("/api", ErrorKind::Configuration, "not a reference to a secret in a keyring"),
            ("api/", ErrorKind::Configuration, "not a reference to a secret in a keyring"),
        ] {
            let error = wrong(target);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[cfg(all(feature = "keyutils", target_os = "linux"))]
mod keyutils {
    use super::{super::keyutils, *};

    /// Returns whether the kernel allows a keyring. It may not in a container.
    fn is_there() -> bool {
        let result = worker::run_blocking(TIMEOUT, async move || keyutils::check());
        if let Err(error) = &result {
            println!("skipped: {error}");
        }
        result.is_ok()
    }

    fn store(folder: &TempDir, service: &str) -> Keyring {
        Keyring { service: Some(service.to_owned()), ..keyring(SystemKeyring::Keyutils, folder) }
    }

    fn forget(service: &str) {
        let prefix = format!(":{service}:");
        worker::run_blocking(TIMEOUT, async move || {
            keyutils::forget(&prefix);
            Ok(())
        })
        .unwrap();
    }

    #[tokio::test]
    async fn sessions_are_kept() {
        if !is_there() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let service = format!("authn-test-{}", std::process::id());
        let store = store(&folder, &service);
        keeps_sessions(&store, 10 * 1024).await;
        let aside = format!("corrupt authn session:{service}:one-default-1");
        assert_eq!(&*store.secret(&aside).unwrap().expose(), "{", "it is not lost");
        forget(&service);
    }

    #[tokio::test]
    async fn leftovers_are_removed() {
        if !is_there() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let service = format!("authn-test-leftovers-{}", std::process::id());
        let store = store(&folder, &service);
        let is_aside = |ending: &str, key: &str| {
            store.secret(&format!("{ending} authn session:{service}:{key}")).is_ok()
        };
        removes_leftovers(&store, is_aside).await;
        forget(&service);
    }

    #[tokio::test]
    async fn a_session_that_is_too_large_is_an_error() {
        if !is_there() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder, "authn-test-large");
        let key = StoreKey::new("large");
        let error = refused(store.save(&key, &document(1, 40 * 1024), 0).await);
        assert!(error.contains("takes 32767 bytes at most, and this session has 41005"), "{error}");
        assert_eq!(revision(&store, &key).await, None);
    }

    #[test]
    fn a_reference_is_a_description() {
        if !is_there() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let service = format!("authn-test-secret-{}", std::process::id());
        let store = store(&folder, &service);
        let error = store.secret("authn-test/none").expect_err("none").to_string();
        assert!(error.contains("add it with `keyctl padd user authn-test/none @u`"), "{error}");
        let name = service.clone();
        worker::run_blocking(TIMEOUT, async move || {
            keyutils::write(&name, "x", &"s3cr3t\n".into())
        })
        .unwrap();
        let secret = store.secret(&format!("authn session:{service}:x")).unwrap();
        assert_eq!(&*secret.expose(), "s3cr3t");
        forget(&service);
    }
}
