//! Sessions that outlive a process: rotation, locks, logouts, and files that are no sessions.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, Loader, Recovery, Registry, Result, Token,
    TokenSet, TokenSource,
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};
use rotating::{Bench, token};
use tokio::sync::Notify;

#[tokio::test]
async fn a_rotated_refresh_token_and_a_fresh_token_outlive_the_process() {
    let bench = Bench::new();
    assert_eq!(token(&bench.process("r0")).await, "t1");
    assert_eq!(token(&bench.process("r0")).await, "t1", "the stored token is fresh");
    assert_eq!(bench.exchanges(), 1);
    bench.expire();
    assert_eq!(token(&bench.process("r0")).await, "t2", "with r1, for r0 is spent");
    bench.expire();
    assert_eq!(token(&bench.process("r0")).await, "t3");
}

#[tokio::test]
async fn another_configured_refresh_token_starts_another_session() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    bench.server.live.lock().unwrap().insert("new".to_owned());
    assert_eq!(token(&bench.process("new")).await, "t2");
    assert_eq!(bench.exchanges(), 2);
    assert!(bench.server.live.lock().unwrap().contains("r1"), "the old one was not sent");
}

#[tokio::test]
async fn other_options_are_another_session_and_other_scopes_are_not() {
    let bench = Bench::new();
    for name in ["a", "b"] {
        bench.server.live.lock().unwrap().insert(name.to_owned());
    }
    let one = bench.loader("refresh_token = 'a'\naudience = 'one'").load().unwrap();
    let other = bench.loader("refresh_token = 'b'\naudience = 'other'").load().unwrap();
    assert_eq!((token(&one).await, token(&other).await), ("t1".into(), "t2".into()));
    assert_eq!(bench.documents().len(), 2);
    // A scope has a token of its own, and shares the refresh token as it rotates.
    let scoped = one.with_scope(&["read"]);
    assert_eq!(token(&scoped).await, "t3");
    assert_eq!(token(&one).await, "t1");
    let configured = "refresh_token = 'a'\naudience = 'one'\nscope = 'x'";
    let again = bench.loader(configured).load().unwrap();
    assert_eq!(token(&again.with_scope(&["read"])).await, "t3");
    bench.expire();
    assert_eq!(token(&one).await, "t4");
    assert_eq!(token(&scoped).await, "t5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_rotate_once_each_time() {
    let bench = Bench::new();
    for round in 1..=5 {
        let processes: Vec<_> = (0..20).map(|_| bench.process("r0")).collect();
        let callers = processes.into_iter().map(|process| {
            tokio::spawn(async move { process.token().await.unwrap().secret().to_owned() })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.unwrap(), format!("t{round}"));
        }
        assert_eq!(bench.exchanges(), round);
        bench.expire();
    }
}

#[tokio::test]
async fn an_ended_session_is_forgotten_and_nothing_else() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    token(&credentials).await;
    bench.server.live.lock().unwrap().clear();
    bench.expire();
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(!credentials.status().await.unwrap().has_refresh_token);
    // Another refresh token in the configuration fixes it.
    bench.server.live.lock().unwrap().insert("new".to_owned());
    assert_eq!(token(&bench.process("new")).await, "t3");
}

#[tokio::test]
async fn a_session_that_another_process_saved_meanwhile_replaces_the_refused_one() {
    let bench = Bench::new();
    let store = FileStore::new(bench.folder.path().join("authn/tokens"));
    let credentials = bench.process("r0");
    token(&credentials).await;
    bench.expire();
    // While the exchange runs, another process saves a session that the server knows, without the lease.
    let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    let waiting = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    let key = store.list().await.unwrap().remove(0);
    let document = store.load(&key).await.unwrap().unwrap();
    let text = document.text.expose().replace("\"r1\"", "\"login\"");
    let revision = document.revision + 1;
    let text = text.replace(
        &format!("\"revision\":{}", document.revision),
        &format!("\"revision\":{revision}"),
    );
    bench.server.live.lock().unwrap().clear();
    bench.server.live.lock().unwrap().insert("login".to_owned());
    let login = Document { revision, text: text.as_str().into() };
    assert!(store.save(&key, &login, document.revision).await.unwrap());
    *bench.server.gates.lock().unwrap() = None;
    before.notify_one();
    after.notify_one();
    assert!(waiting.await.unwrap().is_ok());
    assert!(bench.server.used.lock().unwrap().contains("login"));
}

#[tokio::test]
async fn a_logout_beats_an_exchange_that_is_under_way() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    token(&credentials).await;
    bench.expire();
    let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    let waiting = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    before.notify_one();
    while bench.exchanges() < 2 {
        tokio::task::yield_now().await;
    }
    // From another process, which shares only the store with the first.
    bench.process("r0").logout().await.unwrap();
    after.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::LoginRequired);
    let status = bench.process("r0").status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token, "{status:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_at_any_point_leaves_server_and_store_in_agreement() {
    // The stage of the exchange when the caller goes away, after so many polls.
    for stage in ["not begun", "before the server's commit", "after the server's commit"] {
        for polls in 0..4 {
            let bench = Bench::new();
            let credentials = bench.process("r0");
            let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
            {
                let mut caller = Box::pin(credentials.token());
                for _ in 0..polls {
                    let poll = std::future::poll_fn(|context| {
                        std::task::Poll::Ready(caller.as_mut().poll(context).is_ready())
                    });
                    assert!(!poll.await, "the gates are closed");
                }
                if stage == "after the server's commit" && polls > 0 {
                    before.notify_one();
                    while bench.exchanges() == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            before.notify_one();
            after.notify_one();
            credentials.close().await;
            *bench.server.gates.lock().unwrap() = None;
            // At each stage, the next process continues with the server's session.
            bench.expire();
            token(&bench.process("r0")).await;
            let expected = usize::from(polls > 0) + 1;
            assert_eq!(bench.exchanges(), expected, "{stage}, {polls} polls");
            assert_eq!(bench.server.live.lock().unwrap().len(), 1, "no family was revoked");
        }
    }
}

#[tokio::test]
async fn a_valid_stored_token_is_used_while_the_server_is_down() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    // Past every refresh point, and before the end.
    bench.clock.advance(Duration::from_secs(9 * 60 + 30));
    bench.server.live.lock().unwrap().clear();
    assert_eq!(token(&bench.process("r0")).await, "t1");
    let short = bench.loader("refresh_token = 'r0'").short_lived().load().unwrap();
    assert_eq!(token(&short).await, "t1");
    bench.clock.advance(Duration::from_secs(31));
    assert!(bench.process("r0").token().await.is_err());
}

#[tokio::test]
async fn the_refresh_token_of_a_token_that_has_expired_on_arrival_is_used() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    let waiting = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    before.notify_one();
    while bench.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    // A user sets the date before the response arrives.
    bench.clock.step_wall(3_600);
    after.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Expired);
    *bench.server.gates.lock().unwrap() = None;
    bench.clock.advance(Duration::from_mins(2));
    assert_eq!(token(&credentials).await, "t2");
    assert_eq!(bench.server.live.lock().unwrap().len(), 1, "r0 was not sent twice");
}

#[tokio::test]
async fn a_token_from_the_future_is_not_trusted() {
    let bench = Bench::new();
    bench.clock.step_wall(30 * 24 * 3_600);
    token(&bench.process("r0")).await;
    bench.clock.step_wall(-30 * 24 * 3_600);
    assert!(!bench.process("r0").status().await.unwrap().has_token);
    assert_eq!(token(&bench.process("r0")).await, "t2");
}

#[tokio::test]
async fn status_shows_the_session_and_revoke_notifies_the_server() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    assert!(!credentials.status().await.unwrap().has_token);
    token(&credentials).await;
    let status = bench.process("r0").status().await.unwrap();
    assert!(status.has_token && status.has_refresh_token && status.expires_at.is_some());
    assert_eq!(status.store.as_deref(), Some("file"));
    bench.process("r0").revoke().await.unwrap();
    assert_eq!(*bench.server.revoked.lock().unwrap(), ["r1"]);
    assert!(!bench.process("r0").status().await.unwrap().has_refresh_token);
}

#[tokio::test]
async fn a_refused_token_is_not_taken_from_the_store_again() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    let refused = credentials.token().await.unwrap();
    credentials.invalidate(&refused);
    assert_eq!(token(&credentials).await, "t2");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_and_open_ones_and_links_are_refused() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    let folder = bench.folder.path().join("authn/tokens");
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    for file in bench.files() {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{}", file.display());
    }
    let document = bench.document();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&document, 0o644);
    let error = bench.process("r0").token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("chmod 600"), "{error}");
    mode(&document, 0o600);
    // Others may list the folder, and not write to it: not even a valid token is read from there then.
    mode(&folder, 0o755);
    assert_eq!(token(&bench.process("r0")).await, "t1");
    for open in [0o775, 0o777, 0o702] {
        mode(&folder, open);
        for error in [
            bench.process("r0").token().await.unwrap_err(),
            bench.process("r0").status().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
    }
    mode(&folder, 0o700);
    // A folder behind a link may be another user's.
    let moved = bench.folder.path().join("authn/moved");
    fs::rename(&folder, &moved).unwrap();
    symlink(&moved, &folder).unwrap();
    let error = bench.process("r0").token().await.unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
    fs::remove_file(&folder).unwrap();
    fs::rename(&moved, &folder).unwrap();
    let elsewhere = bench.folder.path().join("elsewhere.json");
    fs::rename(&document, &elsewhere).unwrap();
    symlink(&elsewhere, &document).unwrap();
    let error = bench.process("r0").token().await.unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_session_is_set_aside_and_blocks_nothing() {
    for contents in [&b""[..], b"{\"revision\":", b"not json", b"\xff\xfe", b"[]"] {
        let bench = Bench::new();
        token(&bench.process("r0")).await;
        fs::write(bench.document(), contents).unwrap();
        bench.server.live.lock().unwrap().insert("r0".to_owned());
        assert_eq!(token(&bench.process("r0")).await, "t2", "{contents:?}");
        let is_aside = |path: &PathBuf| path.extension().is_some_and(|end| end == "corrupt");
        let aside = bench.files().into_iter().find(is_aside).unwrap();
        assert_eq!(fs::read(aside).unwrap(), contents);
    }
    // The document of a newer version is set aside, too.
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    fs::write(bench.document(), "{\"version\":9,\"revision\":5}").unwrap();
    bench.server.live.lock().unwrap().insert("r0".to_owned());
    assert_eq!(token(&bench.process("r0")).await, "t2");
    let newer = bench.document().with_extension("newer");
    assert!(fs::read_to_string(newer).unwrap().contains("\"version\":9"));
}

/// Stores nothing, and fails once like a full disk.
#[derive(Debug)]
struct Full {
    inner: FileStore,
    failures: AtomicUsize,
}

impl TokenStore for Full {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.inner.lock(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.inner.load(key).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        if self.failures.load(Ordering::SeqCst) > 0 {
            self.failures.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::new(ErrorKind::Store, "the disk is full; make room"));
        }
        self.inner.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.inner.list().await
    }
}

#[tokio::test]
async fn a_session_that_a_full_disk_refused_is_saved_before_the_next_exchange() {
    let bench = Bench::new();
    let inner = FileStore::new(bench.folder.path().join("kept"));
    let full = Full { inner, failures: AtomicUsize::new(1) };
    let loader = bench.loader("refresh_token = 'r0'\nstore = 'full'");
    let credentials = loader.store("full", full).load().unwrap();
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Store);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(token(&credentials).await, "t1", "the server's tokens are not lost");
    assert_eq!(bench.exchanges(), 1);
}

#[test]
fn a_missing_store_is_a_problem_at_load() {
    let bench = Bench::new();
    let config = bench.loader("refresh_token = 'r0'\nstore = 'nope'").read();
    assert_eq!(config.problems()[0].code().as_str(), "unknown-store");
    let loader = bench.loader("refresh_token = 'r0'").environment(Environment::empty());
    assert_eq!(loader.read().problems()[0].code().as_str(), "no-store");
    let loader = bench.loader("refresh_token = 'r0'\nstore = 'memory'");
    assert!(loader.environment(Environment::empty()).load().is_ok());
}

#[tokio::test]
async fn the_program_is_notified_before_the_token_is_returned() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let source = || authn::from_fn(|_| async { Token::new("abc") });
    let note = Arc::clone(&told);
    let cached = authn::Cached::new(source()).on_update(move |update| {
        let note = Arc::clone(&note);
        async move {
            tokio::task::yield_now().await;
            note.lock().unwrap().push(update.tokens().token().secret().to_owned());
            Ok(())
        }
    });
    let credentials = Credentials::builder().provider(cached).origin("*").build().unwrap();
    credentials.token().await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["abc"]);
    let note = Arc::clone(&told);
    let cached = authn::Cached::new(source()).on_update_sync(move |update| {
        note.lock().unwrap().push(update.tokens().token().secret().to_owned());
        Ok(())
    });
    let credentials = Credentials::builder().provider(cached).origin("*").build().unwrap();
    authn::blocking::Credentials::from(credentials).token().unwrap();
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_waited_for_as_long_as_its_caller_does() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) =
        (FileStore::new(folder.path().join("s")), FileStore::new(folder.path().join("s")));
    let key = StoreKey::new("ann.login");
    let held = one.lock(&key).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_mins(10), other.lock(&key));
    assert!(waits.await.is_err(), "the lease was neither acquired nor refused");
    drop(held);
    other.lock(&key).await.unwrap();
}

/// Keeps as many bytes as the scope says.
#[authn::token_provider("hoarding", cached)]
struct Hoarding {}

impl TokenSource for Hoarding {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let length = context.scopes()[0].parse().unwrap();
        let before = last.and_then(|last| last.kept("a")).map_or(0, |kept| kept.expose().len());
        Ok(TokenSet::new(Token::new(format!("after-{before}"))?)
            .with_kept("a", "x".repeat(length).into()))
    }
}

#[tokio::test]
async fn a_session_that_no_store_takes_is_refused_with_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let load = |store: &str| {
        let registry = Registry::builder().register::<Hoarding>().build().unwrap();
        let environment = Environment::empty().state_directory(folder.path());
        let text = format!("[credentials]\norigins = ['*']\nhoarding = {{ store = '{store}' }}");
        Loader::new().registry(registry).environment(environment).defaults(&text).load().unwrap()
    };
    let ask = async |credentials: &Credentials, length: usize| {
        let credentials = credentials.with_scope(&[length.to_string()]);
        credentials.refresh().await.map(|token| token.secret().to_owned())
    };
    let stored = load("file");
    assert_eq!(ask(&stored, 10).await.unwrap(), "after-0");
    let error = ask(&stored, 2 << 20).await.unwrap_err();
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Internal, Recovery::None));
    assert_eq!(
        format!("{error:?}"),
        "the session has 2049 KiB, and a store keeps at most 1024, so it is not stored\n  \
         help: keep less by `TokenSet::with_kept`, or set `store = \"memory\"`"
    );
    // The last one has stayed, in this process and in others.
    assert_eq!(ask(&stored, 20).await.unwrap(), "after-10");
    assert_eq!(ask(&load("file"), 600 << 10).await.unwrap(), "after-20");
    assert_eq!(ask(&load("file"), 1).await.unwrap(), format!("after-{}", 600 << 10));
    let in_memory = load("memory");
    assert_eq!(ask(&in_memory, 2 << 20).await.unwrap(), "after-0");
    assert_eq!(ask(&in_memory, 1).await.unwrap(), format!("after-{}", 2 << 20));
    let too_long =
        TokenSet::new(Token::new("abc").unwrap()).with_kept("a", "x".repeat(2 << 20).into());
    assert_eq!(stored.adopt(too_long).await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(ask(&load("file"), 1).await.unwrap(), "after-1");
}
