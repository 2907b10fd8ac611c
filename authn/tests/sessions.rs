//! Which session a record is, whose it is, and how long it is kept.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Credentials, Environment, ErrorKind, Loader, Result,
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};
use rotating::{Bench, token};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

const DAY: Duration = Duration::from_hours(24);

impl Bench {
    fn with_scope(&self, scope: &str) -> Credentials {
        self.loader(&format!("refresh_token = 'r0'\nscope = {scope}")).load().unwrap()
    }

    fn allow(&self, refresh_token: &str) {
        self.server.live.lock().unwrap().insert(refresh_token.to_owned());
    }
}

/// Counts the calls that wait for a lease.
#[derive(Clone, Debug)]
struct Counting {
    inner: FileStore,
    locks: Arc<AtomicUsize>,
}

impl Counting {
    fn of(bench: &Bench) -> Self {
        let inner = FileStore::new(bench.folder.path().join("authn/tokens"));
        Self { inner, locks: Arc::default() }
    }
}

impl TokenStore for Counting {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.locks.fetch_add(1, Ordering::SeqCst);
        self.inner.lock(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.inner.load(key).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.inner.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.inner.list().await
    }
}

#[tokio::test]
async fn a_token_of_one_configured_scope_is_not_returned_for_another() {
    let bench = Bench::new();
    assert_eq!(token(&bench.with_scope("['admin', 'write']")).await, "t1");
    assert_eq!(token(&bench.with_scope("['read']")).await, "t2", "by the rotated refresh token");
    assert_eq!(token(&bench.process("r0")).await, "t3");
    // The same scopes are the same, wherever they are from and in any order.
    assert_eq!(token(&bench.with_scope("['write', 'admin']")).await, "t1");
    assert_eq!(token(&bench.process("r0").with_scope(&["read"])).await, "t2");
    assert_eq!(bench.documents().len(), 1, "they share the session");
}

#[tokio::test]
async fn each_configured_secret_has_a_session_of_its_own() {
    let bench = Bench::new();
    for first in ["a0", "b0"] {
        bench.allow(first);
    }
    for round in 0..3 {
        assert_eq!(token(&bench.process("a0")).await, format!("t{}", 2 * round + 1));
        assert_eq!(token(&bench.process("b0")).await, format!("t{}", 2 * round + 2));
        bench.expire();
    }
    assert_eq!(bench.documents().len(), 2);
    // A logout ends one of them.
    bench.process("a0").logout().await.unwrap();
    assert!(!bench.process("a0").status().await.unwrap().has_refresh_token);
    assert!(bench.process("b0").status().await.unwrap().has_refresh_token);
}

#[tokio::test]
async fn nothing_of_a_configured_secret_can_be_tried_out_with_a_record() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    let digest = digest("r0");
    for path in bench.files() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&*digest) && !path.to_str().unwrap().contains(&*digest));
    }
}

/// Returns the fingerprint of earlier versions.
fn digest(secret: &str) -> String {
    let digest = Sha256::digest(secret);
    let first = u64::from_be_bytes(digest[..8].try_into().unwrap());
    format!("{first:016x}")
}

/// Writes the record of a session as an earlier version did: under the key of the options alone, with a fingerprint
/// without a key, and with tokens that are named by the scopes of the call.
fn as_earlier_version(bench: &Bench, first: &str) {
    let path = bench.document();
    let mut record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let digest = digest(first);
    let fields = record.as_object_mut().unwrap();
    fields.remove("key").unwrap();
    fields.remove("saved_at").unwrap();
    fields.insert("fingerprint".into(), digest.into());
    let token = fields["tokens"].as_object().unwrap().values().next().unwrap().clone();
    fields.insert("tokens".into(), serde_json::json!({ "": token }));
    let name = path.file_stem().unwrap().to_str().unwrap();
    let (options, _) = name.rsplit_once('-').unwrap();
    fs::write(path.with_file_name(format!("{options}.json")), record.to_string()).unwrap();
    fs::remove_file(&path).unwrap();
    private(&bench.folder.path().join(format!("authn/tokens/{options}.json")));
}

fn private(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_an_earlier_version_is_taken_over_once() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    as_earlier_version(&bench, "r0");
    let earlier = bench.document();
    // The session of another secret is not.
    assert!(!bench.process("other").status().await.unwrap().has_refresh_token);
    let status = bench.process("r0").status().await.unwrap();
    assert!(status.has_refresh_token);
    assert!(!status.has_token, "its scope is not known");
    assert_eq!(bench.documents(), std::slice::from_ref(&earlier), "a status writes nothing");
    let callers = (0..10).map(|_| {
        let process = bench.process("r0");
        tokio::spawn(async move { token(&process).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap(), "t2", "by r1");
    }
    assert!(!fs::read_to_string(&earlier).unwrap().contains("r1"), "it was moved");
    bench.expire();
    assert_eq!(token(&bench.process("r0")).await, "t3");
    assert_eq!(bench.server.live.lock().unwrap().len(), 1, "no family was revoked");
}

#[tokio::test]
async fn a_logout_ends_a_session_of_an_earlier_version() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    as_earlier_version(&bench, "r0");
    bench.process("other").logout().await.unwrap();
    assert!(bench.process("r0").status().await.unwrap().has_refresh_token);
    bench.process("r0").logout().await.unwrap();
    for path in bench.documents() {
        assert!(!fs::read_to_string(path).unwrap().contains("refresh_token"));
    }
}

#[tokio::test]
async fn a_record_that_was_moved_to_another_key_is_not_used() {
    let bench = Bench::new();
    // The same secret for two audiences, so that the fingerprint is the same.
    let of = |audience: &str| {
        bench.loader(&format!("refresh_token = 'r0'\naudience = '{audience}'")).load().unwrap()
    };
    token(&of("one")).await;
    let of_first = bench.document();
    bench.allow("r0");
    token(&of("two")).await;
    let of_second = bench.documents().into_iter().find(|path| *path != of_first).unwrap();
    fs::copy(&of_first, &of_second).unwrap();
    let status = of("two").status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token, "{status:?}");
    assert!(of("one").status().await.unwrap().has_token);
}

#[tokio::test]
async fn a_session_that_nobody_used_for_90_days_is_removed() {
    let bench = Bench::new();
    for first in ["a0", "b0", "c0", "d0"] {
        bench.allow(first);
    }
    token(&bench.process("a0")).await;
    bench.clock.advance(DAY * 60);
    token(&bench.process("b0")).await;
    bench.clock.advance(DAY * 29);
    token(&bench.process("c0")).await;
    assert!(bench.process("a0").status().await.unwrap().has_refresh_token);
    bench.clock.advance(DAY * 2);
    token(&bench.process("d0")).await;
    assert!(!bench.process("a0").status().await.unwrap().has_refresh_token);
    for kept in ["b0", "c0", "d0"] {
        assert!(bench.process(kept).status().await.unwrap().has_refresh_token, "{kept}");
    }
}

#[tokio::test]
async fn a_logout_removes_texts_that_were_set_aside_and_leftovers() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    let path = bench.document();
    let key = path.file_stem().unwrap().to_str().unwrap().to_owned();
    for name in [format!("{key}.corrupt"), format!("{key}.newer"), format!(".{key}-x7Fk2a")] {
        fs::write(path.with_file_name(&name), "live tokens").unwrap();
        private(&path.with_file_name(name));
    }
    bench.process("r0").logout().await.unwrap();
    for path in bench.files() {
        assert!(!fs::read_to_string(&path).unwrap().contains("live"), "{}", path.display());
    }
}

#[tokio::test]
async fn a_status_changes_no_file() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    fs::write(bench.document(), "damaged").unwrap();
    let before = bench.files();
    let status = bench.process("r0").status().await.unwrap();
    assert!(!status.has_refresh_token);
    assert_eq!(bench.files(), before);
    assert_eq!(fs::read_to_string(bench.document()).unwrap(), "damaged");
    // Nor is one created.
    let loader = Loader::new()
        .environment(Environment::empty().state_directory(bench.folder.path().join("none")))
        .defaults("[credentials]\norigins = ['*']\n[credentials.rotating]\nserver = 0\nrefresh_token = 'x'");
    loader.load().unwrap().status().await.unwrap();
    assert!(!bench.folder.path().join("none").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_waited_for_a_failed_exchange_get_its_failure() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    bench.expire();
    let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    bench.server.fails.store(true, Ordering::SeqCst);
    let store = Counting::of(&bench);
    let loader = bench.loader("refresh_token = 'r0'\nstore = 'counting'");
    let callers: Vec<_> = (0..20)
        .map(|_| loader.clone().store("counting", store.clone()).load().unwrap())
        .map(|process| tokio::spawn(async move { process.token().await.unwrap_err() }))
        .collect();
    while store.locks.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    // One is at the server, and the others wait for the lease.
    bench.clock.advance(Duration::from_secs(1));
    before.notify_one();
    for caller in callers {
        let error = caller.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert_eq!(error.help(), Some("try again later"));
    }
    assert_eq!(bench.server.failures.load(Ordering::SeqCst), 1, "one asked the server");
}

#[tokio::test]
async fn a_wait_that_a_server_asked_for_holds_for_all_processes() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    bench.expire();
    bench.server.fails.store(true, Ordering::SeqCst);
    bench.server.retry_after.store(40, Ordering::SeqCst);
    let asks = |credentials: Credentials| async move { credentials.token().await.unwrap_err() };
    let error = asks(bench.process("r0")).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    bench.clock.advance(Duration::from_secs(30));
    let error = asks(bench.process("r0")).await;
    let rest = error.retry_after().unwrap();
    assert!(rest > Duration::from_secs(9) && rest <= Duration::from_secs(10), "{rest:?}");
    assert_eq!(bench.server.failures.load(Ordering::SeqCst), 1);
    bench.clock.advance(Duration::from_secs(11));
    bench.server.fails.store(false, Ordering::SeqCst);
    assert_eq!(token(&bench.process("r0")).await, "t2");
}

#[tokio::test]
async fn an_exchange_that_a_logout_interrupts_leaves_its_session_to_no_other_process() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    token(&credentials).await;
    bench.expire();
    let (before, after) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    let exchange = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    before.notify_one();
    while bench.exchanges() < 2 {
        tokio::task::yield_now().await;
    }
    // The logout has begun in this process and has not reached the store.
    let mut logout = Box::pin(credentials.logout());
    let poll = std::future::poll_fn(|context| {
        std::task::Poll::Ready(logout.as_mut().poll(context).is_ready())
    });
    assert!(!poll.await);
    after.notify_one();
    assert_eq!(exchange.await.unwrap().unwrap_err().kind(), ErrorKind::LoginRequired);
    *bench.server.gates.lock().unwrap() = None;
    // Another process finds the rotated token, or none: r1 is spent.
    let store = FileStore::new(bench.folder.path().join("authn/tokens"));
    let key = store.list().await.unwrap().remove(0);
    let text = store.load(&key).await.unwrap().unwrap().text;
    assert!(!text.expose().contains("\"r1\""));
    logout.await.unwrap();
    assert!(!bench.process("r0").status().await.unwrap().has_refresh_token);
}
