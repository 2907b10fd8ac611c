//! Encrypted sessions: what is stored, how keys are rotated, and what a program without the key does.

#![cfg(feature = "encryption")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use authn::{
    Credentials, ErrorKind, Loader, Result, SecretString,
    config::{KnownStore, Severity},
    conformance::{self, Canary},
    store::{
        Document, Encrypted, Encryption, Examination, FileStore, Lease, Locked, StoreKey,
        TokenStore,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use rotating::{Bench, token};

const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A store of a program, in memory, with the required functions alone.
#[derive(Clone, Debug, Default)]
struct Shelf {
    documents: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
    leases: Arc<Mutex<BTreeMap<StoreKey, Arc<tokio::sync::Mutex<()>>>>>,
}

impl TokenStore for Shelf {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lease = Arc::clone(self.leases.lock().unwrap().entry(key.clone()).or_default());
        Ok(Lease::new(lease.lock_owned().await))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.documents.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let mut documents = self.documents.lock().unwrap();
        let saved = documents.get(key).map_or(0, |document| document.revision) == expected;
        if saved {
            documents.insert(key.clone(), document.clone());
        }
        Ok(saved)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(self.documents.lock().unwrap().keys().cloned().collect())
    }
}

fn encryption(current: &str, previous: &[&str]) -> Encryption {
    Encryption::new(current.into(), previous.iter().map(|key| SecretString::from(*key)).collect())
}

/// Processes of a configuration, whose key changes.
struct Scene(Bench);

impl Scene {
    fn new() -> Self {
        Self(Bench::new())
    }

    fn loader(&self, current: Option<&str>, previous: &[&str]) -> Loader {
        let key = current.map(|key| format!("encryption_key = '{key}'\n")).unwrap_or_default();
        let previous = match previous {
            [] => String::new(),
            keys => format!("previous_encryption_keys = {keys:?}\n"),
        };
        self.0.loader(&format!("refresh_token = 'r0'\n[stores.file]\n{key}{previous}"))
    }

    fn process(&self, current: Option<&str>, previous: &[&str]) -> Credentials {
        self.loader(current, previous).load().unwrap()
    }

    fn store(&self, current: Option<&str>, previous: &[&str]) -> KnownStore {
        let stores = self.loader(current, previous).read().stores();
        stores.into_iter().find(|store| store.name() == "file").unwrap()
    }

    /// Returns the documents by their names: the sessions, and the framework's own.
    fn texts(&self) -> BTreeMap<String, String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_lock = |path: &PathBuf| {
            path.extension().is_some_and(|ending| ending == "lock" || ending == "lease")
        };
        let paths = self.0.files().into_iter().filter(|path| !is_lock(path));
        paths.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
    }

    fn folder(&self) -> PathBuf {
        self.0.folder.path().join("authn/tokens")
    }

    /// Returns the path of the one session.
    fn session(&self) -> PathBuf {
        assert_eq!(self.0.documents().len(), 1);
        self.0.document()
    }

    /// Returns the keys of the documents, with `-` for one that is not encrypted.
    fn key_ids(&self) -> Vec<String> {
        let texts = self.texts().into_values();
        let documents = texts.map(|text| Document { revision: 0, text: text.into() });
        documents.map(|one| Encryption::key_id_of(&one).unwrap_or_else(|| "-".to_owned())).collect()
    }
}

async fn id(key: &str) -> String {
    encryption(key, &[]).key_ids().await.unwrap().remove(0)
}

#[test]
fn the_store_for_files_and_one_of_a_program_do_what_a_store_must_do() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check_store(|| {
        let store = FileStore::new(folder.path().join("tokens"));
        Ok(Encrypted::new(store, encryption(OLD, &[])))
    });
    let shelf = Shelf::default();
    conformance::check_store(|| Ok(Encrypted::new(shelf.clone(), encryption(OLD, &[NEW]))));
    conformance::check_store(|| Ok(Arc::new(Encrypted::new(shelf.clone(), encryption(OLD, &[])))));
    let scene = Scene::new();
    conformance::check_store(|| Ok(Encrypted::new(scene.store(None, &[]), encryption(OLD, &[]))));
    let has_key = |id: String| assert_ne!(id, "-");
    scene.key_ids().into_iter().for_each(has_key);
    for document in shelf.documents.lock().unwrap().values() {
        assert!(Encryption::key_id_of(document).is_some());
    }
}

#[tokio::test]
async fn a_session_is_encrypted_and_is_found_by_the_next_process() {
    let scene = Scene::new();
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t1");
    for (name, text) in scene.texts() {
        for secret in ["\"t1\"", "\"r1\"", "fingerprint_key", "access_token", OLD] {
            assert!(!text.contains(secret), "{name} has {secret}");
        }
    }
    let old = id(OLD).await;
    assert_eq!(scene.key_ids(), [old.clone(), old.clone()]);
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t1", "the stored token is fresh");
    scene.0.expire();
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t2");
    assert_eq!(scene.0.exchanges(), 2);

    let sessions = scene.store(Some(OLD), &[]).sessions().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].key_id(), Some(&*old));
    assert!(sessions[0].has_refresh_token());
    scene.process(Some(OLD), &[]).logout().await.unwrap();
    assert!(scene.store(Some(OLD), &[]).sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plain_session_is_read_and_encrypted_at_the_next_lock() {
    let scene = Scene::new();
    token(&scene.process(None, &[])).await;
    assert_eq!(scene.key_ids(), ["-", "-"]);
    let process = scene.process(Some(OLD), &[]);
    assert_eq!(token(&process).await, "t1", "it is read");
    assert_eq!(scene.key_ids(), ["-", "-"], "reading changes nothing");

    // The exchange fails, so that nothing is saved after the lock.
    scene.0.expire();
    scene.0.server.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(process.token().await.is_err());
    let old = id(OLD).await;
    assert_eq!(scene.key_ids(), [old.clone(), old]);
    scene.0.server.fails.store(false, std::sync::atomic::Ordering::SeqCst);
    scene.0.expire();
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t2", "no user logs in again");
}

#[tokio::test]
async fn a_session_of_a_previous_key_is_read_and_encrypted_with_the_current_one() {
    let scene = Scene::new();
    token(&scene.process(Some(OLD), &[])).await;
    assert_eq!(token(&scene.process(Some(NEW), &[OLD])).await, "t1");
    let (old, new) = (id(OLD).await, id(NEW).await);
    assert_eq!(scene.key_ids(), [old.clone(), old]);
    scene.0.expire();
    assert_eq!(token(&scene.process(Some(NEW), &[OLD])).await, "t2");
    assert_eq!(scene.key_ids(), [new.clone(), new]);
    scene.0.expire();
    assert_eq!(
        token(&scene.process(Some(NEW), &[])).await,
        "t3",
        "the previous key is no longer needed"
    );
}

#[tokio::test]
async fn without_the_key_a_session_is_an_error_and_is_not_replaced() {
    let scene = Scene::new();
    token(&scene.process(Some(OLD), &[])).await;
    let (before, old) = (scene.texts(), id(OLD).await);
    let session = scene.session();
    for (current, previous) in [(None, &[][..]), (Some(NEW), &[]), (Some(NEW), &[NEW])] {
        let process = scene.process(current, previous);
        for error in [
            process.token().await.unwrap_err(),
            process.logout().await.unwrap_err(),
            process.status().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Store, "{error}");
            assert!(error.message().contains(&old), "{error}");
            let option =
                if current.is_some() { "previous_encryption_keys" } else { "encryption_key" };
            assert!(error.help().unwrap().contains(&format!("stores.file.{option}")), "{error}");
        }
        let store = scene.store(current, previous);
        let sessions = store.sessions().await.unwrap();
        assert_eq!((sessions.len(), sessions[0].key_id()), (1, Some(&*old)), "it is not hidden");
        assert_eq!(sessions[0].provider(), "rotating");
        let problems = store.examine().await;
        let named = |path: &PathBuf| {
            problems.iter().any(|problem| {
                let message = problem.message();
                problem.severity() == Severity::Warning
                    && message.contains(&old)
                    && message.contains(path.to_str().unwrap())
            })
        };
        assert!(named(&session) && named(&scene.folder().join(".fingerprint-key")), "{problems:?}");
        assert_eq!(scene.texts(), before);
    }
    assert_eq!(scene.0.exchanges(), 1, "nothing was sent");
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t1", "with the key all is as before");
}

#[tokio::test]
async fn a_damaged_session_is_set_aside_by_the_next_save() {
    let scene = Scene::new();
    token(&scene.process(Some(OLD), &[])).await;
    let session = scene.session();
    let text = fs::read_to_string(&session).unwrap();
    let (start, end) = text.split_at(text.len() - 20);
    let changed = format!("{start}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..]);
    fs::write(&session, &changed).unwrap();
    let problems = scene.store(Some(OLD), &[]).examine().await;
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(
        problem.message(),
        format!("{} is not used, because it was damaged", session.display())
    );
    assert!(scene.store(Some(OLD), &[]).sessions().await.unwrap().is_empty());
    assert_eq!(fs::read_to_string(&session).unwrap(), changed, "reading changes nothing");

    scene.0.server.live.lock().unwrap().insert("r0".to_owned());
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t2", "from the configured secret");
    assert_eq!(fs::read_to_string(session.with_extension("corrupt")).unwrap(), changed);
    assert_eq!(token(&scene.process(Some(OLD), &[])).await, "t2");
}

#[tokio::test]
async fn a_damaged_document_does_not_block_a_store_of_a_program() {
    let shelf = Shelf::default();
    let store = Encrypted::new(shelf.clone(), encryption(OLD, &[]));
    let (key, other) = (StoreKey::new("a"), StoreKey::new("b"));
    let document = |revision: u64| Document {
        revision,
        text: format!("{{\"version\":1,\"revision\":{revision}}}").as_str().into(),
    };
    assert!(store.save(&key, &document(1), 0).await.unwrap());
    // Another session's document in the place of this one.
    let moved = shelf.load(&key).await.unwrap().unwrap();
    assert!(shelf.save(&other, &moved, 0).await.unwrap());
    assert!(store.load_now(&other).is_none());
    let damaged = store.load(&other).await.unwrap().unwrap();
    assert_eq!((damaged.revision, &*damaged.text.expose()), (1, ""));
    assert!(!store.save(&other, &document(1), 0).await.unwrap());
    assert!(store.save(&other, &document(2), 1).await.unwrap());
    assert_eq!(
        *store.load(&other).await.unwrap().unwrap().text.expose(),
        *document(2).text.expose()
    );
}

#[tokio::test]
async fn all_documents_are_encrypted_at_once() {
    let scene = Scene::new();
    token(&scene.process(None, &[])).await;
    let session = scene.session();
    let other = scene.folder().join("rotating-other-1.json");
    fs::write(&other, fs::read(&session).unwrap()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let aside = session.with_extension("corrupt");
    fs::write(&aside, "{\"refresh_token\":\"r").unwrap();

    let store = scene.store(None, &[]);
    assert!(!store.encrypts());
    assert_eq!(store.encrypt().await.unwrap_err().help(), Some("set `stores.file.encryption_key`"));

    let store = scene.store(Some(OLD), &[]);
    assert!(store.encrypts());
    let problems = store.examine().await;
    let problem =
        problems.iter().find(|problem| problem.message().contains("current key")).unwrap();
    assert_eq!(
        problem.message(),
        "the store `file` has documents that are not encrypted with its current key: 3 (keys in use: none)"
    );
    assert_eq!(store.encrypt().await.unwrap(), 3);
    assert!(!aside.exists());
    let (old, new) = (id(OLD).await, id(NEW).await);
    assert_eq!(scene.key_ids(), [old.clone(), old.clone(), old.clone()]);
    let before = scene.texts();
    assert_eq!(store.encrypt().await.unwrap(), 0);
    assert_eq!(scene.texts(), before);
    assert!(store.examine().await.is_empty());

    let store = scene.store(Some(NEW), &[OLD]);
    let problems = store.examine().await;
    assert!(problems[0].message().ends_with(&format!("(keys in use: {old})")), "{problems:?}");
    assert_eq!(store.encrypt().await.unwrap(), 3);
    assert_eq!(scene.key_ids(), [new.clone(), new.clone(), new]);
    scene.0.expire();
    assert_eq!(token(&scene.process(Some(NEW), &[])).await, "t2", "no user was logged out");
}

#[tokio::test]
async fn a_session_of_a_lost_key_can_be_deleted() {
    for current in [None, Some(NEW)] {
        let scene = Scene::new();
        scene.0.server.accepts_spent.store(true, std::sync::atomic::Ordering::SeqCst);
        for all in [false, true] {
            token(&scene.process(Some(OLD), &[])).await;
            let store = scene.store(current, &[]);
            let [session] = &store.sessions().await.unwrap()[..] else { panic!("there is one") };
            if all {
                store.forget_all().await.unwrap();
            } else {
                store.forget(session.key()).await.unwrap();
            }
            assert!(store.sessions().await.unwrap().is_empty());
            if all {
                token(&scene.process(current, &[])).await;
            }
            scene.0.documents().iter().for_each(|path| fs::remove_file(path).unwrap());
        }
    }
}

#[tokio::test]
async fn a_key_that_is_missing_or_damaged_later_fails_the_exchange_before_anything_is_sent() {
    let scene = Scene::new();
    let file = scene.0.folder.path().join("key");
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    write(OLD);
    let text = format!(
        "refresh_token = 'r0'\n[stores.file]\nencryption_key = {{ file = '{}' }}",
        file.display()
    );
    let credentials = scene.0.loader(&text).load().unwrap();
    assert_eq!(token(&credentials).await, "t1");
    scene.0.expire();
    for (content, message) in [
        (None, "it does not exist"),
        (Some("s3cr3t"), "`stores.file.encryption_key` is not a key of 256 bits"),
    ] {
        match content {
            Some(content) => write(content),
            None => fs::remove_file(&file).unwrap(),
        }
        let error = credentials.token().await.unwrap_err();
        // A chain would pass over an error of the configuration.
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(error.help().is_some());
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
        assert_eq!(scene.0.exchanges(), 1, "nothing was sent");
        scene.0.clock.advance(std::time::Duration::from_mins(1));
    }
    write(OLD);
    assert_eq!(token(&credentials).await, "t2");
}

/// A store on a server.
#[derive(Clone, Debug)]
struct Remote(Shelf);

impl TokenStore for Remote {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.0.lock(key).await
    }

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Locked> {
        let stored = self.0.load(key).await?;
        if stored.as_ref().map_or(0, |document| document.revision) == revision {
            self.lock(key).await.map(Locked::Acquired)
        } else {
            Ok(Locked::Replaced(stored))
        }
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.0.load(key).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.0.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.0.list().await
    }

    async fn examine_server(&self) -> Result<Examination> {
        let mut examination = Examination::default();
        examination.add("version", "1");
        Ok(examination)
    }
}

async fn check_remote(store: impl TokenStore) {
    assert!(store.is_remote(), "{store:?}");
    assert_eq!(store.examine_server().await.unwrap().facts(), [("version", "1".to_owned())]);
    let key = StoreKey::new("a");
    let locked = async |revision| store.lock_unless_replaced(&key, revision).await.unwrap();
    assert!(matches!(locked(7).await, Locked::Replaced(None)), "{store:?}");
    assert!(locked(0).await.lease().is_some(), "{store:?}");
    let text = "{\"version\":1,\"revision\":1,\"refresh_token\":\"r\"}";
    assert!(store.save(&key, &Document { revision: 1, text: text.into() }, 0).await.unwrap());
    let Locked::Replaced(Some(document)) = locked(0).await else { panic!("it is replaced") };
    assert_eq!((document.revision, &*document.text.expose()), (1, text), "{store:?}");
}

#[tokio::test]
async fn a_wrapped_store_is_still_one_on_a_server() {
    let remote = || Remote(Shelf::default());
    check_remote(Arc::new(remote())).await;
    check_remote(Encrypted::new(remote(), encryption(OLD, &[]))).await;
    check_remote(Arc::new(Encrypted::new(Arc::new(remote()), encryption(OLD, &[])))).await;
    let stores = Scene::new().loader(None, &[]).store("remote", remote()).read().stores();
    let known = stores.into_iter().find(|store| store.name() == "remote").unwrap();
    check_remote(Encrypted::new(known, encryption(OLD, &[]))).await;
}

#[tokio::test]
async fn a_session_of_the_largest_length_can_be_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Encrypted::new(FileStore::new(folder.path().join("t")), encryption(OLD, &[]));
    let key = StoreKey::new("large");
    let start = "{\"version\":1,\"revision\":1,\"username\":\"";
    let text = format!("{start}{}\"}}", "x".repeat(1024 * 1024 - start.len() - 2));
    let document = Document { revision: 1, text: text.as_str().into() };
    let _lease = open().lock(&key).await.unwrap();
    let store = open();
    assert_eq!(store.reserve(&key, &document, 0).await.unwrap(), Some(0));
    assert!(store.save(&key, &document, 0).await.unwrap());
    assert_eq!(*open().load(&key).await.unwrap().unwrap().text.expose(), *text);
}

#[tokio::test]
async fn a_key_that_is_not_valid_is_a_problem_of_its_option() {
    let scene = Scene::new();
    for (options, key) in [
        ("encryption_key = 's3cr3t'".to_owned(), "stores.file.encryption_key"),
        (
            format!("encryption_key = '{OLD}'\nprevious_encryption_keys = ['{NEW}', 's3cr3t']"),
            "stores.file.previous_encryption_keys.1",
        ),
        (format!("previous_encryption_keys = ['{NEW}']"), "stores.file.previous_encryption_keys"),
        (
            format!("encryption_key = '{OLD}'\nprevious_encryption_keys = ''"),
            "stores.file.previous_encryption_keys",
        ),
        (
            format!("encryption_key = '{OLD}'\nprevious_encryption_keys = ' \t'"),
            "stores.file.previous_encryption_keys",
        ),
        ("encryption_key = { file = '/nowhere/key' }".to_owned(), "stores.file.encryption_key"),
    ] {
        let loader = scene.0.loader(&format!("[stores.file]\n{options}"));
        let error = loader.load().unwrap_err();
        let keys: Vec<_> = error.problems().iter().filter_map(|problem| problem.key()).collect();
        assert_eq!(keys, [key], "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    }
}

#[tokio::test]
async fn neither_the_tokens_nor_the_key_are_in_a_file() {
    let scene = Scene::new();
    let canary = Canary::new();
    let key: [u8; 32] = std::array::from_fn(|index| 0xd7 ^ u8::try_from(index).unwrap());
    let digits: Vec<String> = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let forms = [digits.concat(), STANDARD.encode(key), URL_SAFE.encode(key)];
    let has_key = |text: &[u8]| {
        let mut forms = forms.iter().map(|form| form.trim_end_matches('=').as_bytes());
        forms.any(|form| text.windows(form.len()).any(|window| window == form))
            || text.windows(key.len()).any(|window| window == key)
    };
    assert!(has_key(forms[1].as_bytes()));
    let store = || Encrypted::new(FileStore::new(scene.folder()), encryption(&forms[0], &[]));
    let name = StoreKey::new("a");
    let text =
        format!("{{\"version\":1,\"revision\":1,\"refresh_token\":\"{}\"}}", canary.as_str());
    let document = Document { revision: 1, text: text.as_str().into() };
    let lease = store().lock(&name).await.unwrap();
    assert!(store().save(&name, &document, 0).await.unwrap());
    let stored = fs::read_to_string(scene.session()).unwrap();
    let stored = Document { revision: 1, text: stored.as_str().into() };
    store().set_aside(&name, &stored).await.unwrap();
    assert!(scene.texts().contains_key("a.corrupt"));
    let shown = format!("{:?} {lease:?} {stored:?}", store());
    for (place, text) in scene.texts().into_iter().chain([("Debug".to_owned(), shown)]) {
        assert_eq!(canary.find_in(text.as_bytes()), None, "{place}");
        assert!(!has_key(text.as_bytes()), "{place}");
    }
}
