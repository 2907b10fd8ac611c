//! What a provider keeps between its calls: in memory, or in a store for other processes.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    fs, future,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, Loader, Registry, Result, SecretString,
    Token, TokenProvider,
    store::{FileStore, Lease, StoreKey, TokenStore as _},
    time::{Clock, ManualClock},
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// Returns what it keeps under the name of the scope, or counts there.
#[authn::token_provider("keeping", kept)]
struct Keeping {
    /// Key of the account.
    _key: SecretString,
}

impl TokenProvider for Keeping {
    async fn token(&self, context: &Context) -> Result<Token> {
        let kept = context.kept();
        match context.scopes() {
            [set, name, value] if set == "set" => {
                kept.set(name, value.as_str().into()).await?;
            }
            [make, name, server] if make == "make" => {
                let issued = kept.get_or_try_init(name, || Server::of(server).issue(context));
                return Token::new(&*issued.await?.expose());
            }
            [remove, name] if remove == "remove" => kept.remove(name).await?,
            [long] if long == "long" => kept.set("n", "x".repeat(16 * 1024 + 1).into()).await?,
            [long] if long == "long_name" => kept.set(&"n".repeat(65), "x".into()).await?,
            [get, name] if get == "get" => {
                let found = kept.get(name).await?;
                return Token::new(
                    found.map_or_else(|| "none".to_owned(), |one| one.expose().to_owned()),
                );
            }
            [debug] if debug == "debug" => return Token::new(format!("{kept:?}").replace(' ', "")),
            _ => {}
        }
        Token::new("done")
    }
}

/// Issues secrets, which are numbered.
#[derive(Clone)]
struct Server {
    name: &'static str,
    /// What the first one does in place of that.
    first: &'static str,
    issued: watch::Sender<usize>,
    /// Each issue waits for a permit.
    permits: Arc<Semaphore>,
}

static SERVERS: Mutex<BTreeMap<&str, Server>> = Mutex::new(BTreeMap::new());

impl Server {
    fn start(name: &'static str, first: &'static str) -> Self {
        let permits = Arc::new(Semaphore::new(0));
        let server = Self { name, first, issued: watch::Sender::new(0), permits };
        SERVERS.lock().unwrap().insert(name, server.clone());
        server
    }

    fn of(name: &str) -> Self {
        SERVERS.lock().unwrap()[name].clone()
    }

    fn issue(self, context: &Context) -> impl Future<Output = Result<SecretString>> + use<> {
        let context = context.clone();
        async move {
            self.issued.send_modify(|issued| *issued += 1);
            let number = *self.issued.borrow();
            self.permits.acquire().await.unwrap().forget();
            match self.first {
                _ if number > 1 => {}
                "fails" => return Err(Error::refused("no secret today")),
                "panics" => panic!("as the test wants it"),
                "hangs" => future::pending().await,
                "is long" => return Ok("x".repeat(16 * 1024 + 1).into()),
                "sets another" => context.kept().set("other", "o1".into()).await?,
                "makes another" => {
                    let other = || async { Ok("o1".into()) };
                    context.kept().get_or_try_init("other", other).await?;
                }
                _ => {}
            }
            Ok(format!("c{number}").into())
        }
    }

    /// Lets all that is issued from now on be issued.
    fn open(&self) {
        self.permits.add_permits(1000);
    }

    fn count(&self) -> usize {
        *self.issued.borrow()
    }

    async fn has_begun(&self) {
        self.issued.subscribe().wait_for(|issued| *issued > 0).await.unwrap();
    }

    fn call(&self, credentials: &Credentials) -> impl Future<Output = Result<String>> + use<> {
        let (credentials, name) = (credentials.clone(), self.name);
        async move { call(&credentials, &["make", "code", name]).await }
    }
}

/// Returns credentials that keep in memory, and in a store.
fn of_each_place(folder: &Path) -> [(&'static str, Credentials); 3] {
    let of_memory = load(folder, "key = 'k', store = 'memory'");
    [("code", in_code()), ("file", load(folder, "key = 'k'")), ("memory", of_memory)]
}

async fn call(credentials: &Credentials, call: &[&str]) -> Result<String> {
    let credentials = credentials.with_scope(call);
    Ok(credentials.token().await?.secret().to_owned())
}

fn loader(folder: &Path, options: &str) -> Loader {
    let environment = Environment::empty().state_directory(folder);
    let registry = Registry::builder().register::<Keeping>().build().unwrap();
    let text = format!("[credentials]\norigins = ['*']\nkeeping = {{ {options} }}");
    Loader::new().registry(registry).environment(environment).defaults(&text)
}

fn load(folder: &Path, options: &str) -> Credentials {
    loader(folder, options).load().unwrap()
}

fn in_code() -> Credentials {
    let provider = Keeping { _key: "k".into() };
    Credentials::builder().provider(provider).origin("*").build().unwrap()
}

#[tokio::test]
async fn a_secret_is_kept_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let of_memory = load(folder.path(), "key = 'k', store = 'memory'");
    for credentials in [in_code(), load(folder.path(), "key = 'k'"), of_memory] {
        assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "none");
        for value in ["c1", "c2"] {
            call(&credentials, &["set", "code", value]).await.unwrap();
            assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), value);
        }
        call(&credentials, &["set", "other", "o1"]).await.unwrap();
        call(&credentials, &["remove", "code"]).await.unwrap();
        call(&credentials, &["remove", "code"]).await.unwrap();
        assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "none");
        assert_eq!(call(&credentials, &["get", "other"]).await.unwrap(), "o1");
        credentials.logout().await.unwrap();
        assert_eq!(call(&credentials, &["get", "other"]).await.unwrap(), "none");
    }
}

#[tokio::test]
async fn a_store_keeps_it_for_other_programs_with_the_same_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let first = load(folder.path(), "key = 'k'");
    assert_eq!(first.store().as_deref(), Some("file"));
    assert!(!first.status().await.unwrap().has_session);
    call(&first, &["set", "code", "c1"]).await.unwrap();
    let status = first.status().await.unwrap();
    assert!(status.has_session && status.store.as_deref() == Some("file"));
    assert_eq!(call(&load(folder.path(), "key = 'k'"), &["get", "code"]).await.unwrap(), "c1");
    let other = load(folder.path(), "key = 'another'");
    assert_eq!(call(&other, &["get", "code"]).await.unwrap(), "none");
    for credentials in [in_code(), load(folder.path(), "key = 'k', store = 'memory'")] {
        assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "none");
    }
    // Another process logs out.
    load(folder.path(), "key = 'k'").logout().await.unwrap();
    assert_eq!(call(&first, &["get", "code"]).await.unwrap(), "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Arc::new(folder);
    for stored in [true, false] {
        let shared = in_code();
        let mut calls = JoinSet::new();
        for number in 0..16 {
            let (folder, shared) = (Arc::clone(&folder), shared.clone());
            // Each has a store of its own, as each process has.
            calls.spawn(async move {
                let own = if stored { load(folder.path(), "key = 'k'") } else { shared };
                call(&own, &["set", &format!("n{number}"), "v"]).await.unwrap();
            });
        }
        while let Some(done) = calls.join_next().await {
            done.unwrap();
        }
        let credentials = if stored { load(folder.path(), "key = 'k'") } else { shared };
        for number in 0..16 {
            let name = format!("n{number}");
            assert_eq!(call(&credentials, &["get", &name]).await.unwrap(), "v", "{stored} {name}");
        }
        let error = call(&credentials, &["set", "one_more", "v"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        call(&credentials, &["set", "n0", "again"]).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for credentials in [in_code(), load(folder.path(), "key = 'k'")] {
        for long in ["long", "long_name"] {
            let error = call(&credentials, &[long]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{long}");
        }
    }
}

#[tokio::test]
async fn a_change_waits_for_the_lease_of_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = load(folder.path(), "key = 'k'");
    call(&credentials, &["set", "code", "c1"]).await.unwrap();
    let store = FileStore::new(folder.path().join("authn").join("tokens"));
    let keys: Vec<StoreKey> = store.list().await.unwrap();
    let session = keys.into_iter().find(|key| key.as_str().starts_with("keeping")).unwrap();
    let lease: Lease = store.lock(&session).await.unwrap();
    let waiting = tokio::spawn({
        let credentials = credentials.clone();
        async move { call(&credentials, &["set", "code", "c2"]).await }
    });
    // Reading waits for nobody.
    assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "c1");
    assert!(!waiting.is_finished());
    drop(lease);
    waiting.await.unwrap().unwrap();
    assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "c2");
}

#[tokio::test]
async fn a_store_that_fails_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = call(&load(&file, "key = 'k'"), &["set", "code", "c1"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let unknown = loader(folder.path(), "key = 'k', store = 'vault'").load().unwrap_err();
    assert!(unknown.to_string().contains("no such token store"), "{unknown}");
}

#[tokio::test]
async fn the_text_for_a_log_has_names_alone() {
    let folder = tempfile::tempdir().unwrap();
    for credentials in [in_code(), load(folder.path(), "key = 'k'")] {
        call(&credentials, &["set", "code", "canary-4711"]).await.unwrap();
        let shown = call(&credentials, &["debug"]).await.unwrap();
        assert!(shown.starts_with("Kept") && !shown.contains("canary-4711"), "{shown}");
        assert!(!format!("{credentials:?}").contains("canary-4711"));
    }
}

#[tokio::test]
async fn what_is_kept_in_memory_stays_after_a_reload_with_the_same_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let write = |options: &str| {
        fs::write(&file, format!("[credentials]\norigins = ['*']\nkeeping = {{ {options} }}"))
            .unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    write("key = 'k', store = 'memory'");
    let registry = Registry::builder().register::<Keeping>().build().unwrap();
    let loader = Loader::new().registry(registry).environment(Environment::empty()).file(&file);
    let credentials = loader.load().unwrap();
    let before = credentials.clone();
    call(&before, &["set", "code", "c1"]).await.unwrap();
    for (options, expected) in [
        ("key = 'k', store = 'memory', header = 'x-token'", "c1"),
        ("key = 'other', store = 'memory'", "none"),
        ("key = 'k', store = 'memory'", "c1"),
    ] {
        write(options);
        credentials.reload().await.unwrap();
        for handle in [&credentials, &before] {
            assert_eq!(call(handle, &["get", "code"]).await.unwrap(), expected, "{options}");
        }
    }
    call(&credentials, &["set", "code", "c2"]).await.unwrap();
    credentials.reload().await.unwrap();
    assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "c2");
    credentials.logout().await.unwrap();
    assert_eq!(call(&before, &["get", "code"]).await.unwrap(), "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_calls_makes_a_secret_and_the_others_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    for (place, credentials) in of_each_place(folder.path()) {
        let server = Server::start("of_many", "");
        let mut calls = JoinSet::new();
        for _ in 0..50 {
            calls.spawn(server.call(&credentials));
        }
        server.has_begun().await;
        server.open();
        for made in calls.join_all().await {
            assert_eq!(made.unwrap(), "c1", "{place}");
        }
        assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "c1");
        assert_eq!(server.count(), 1, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_processes_makes_a_secret_in_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start("of_processes", "");
    // Each has a store of its own, as each process has.
    let loaded = [(); 2].map(|()| load(folder.path(), "key = 'k'"));
    let mut calls = JoinSet::new();
    for number in 0..16 {
        calls.spawn(server.call(&loaded[number % 2]));
    }
    server.has_begun().await;
    server.open();
    for made in calls.join_all().await {
        assert_eq!(made.unwrap(), "c1");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_the_next_caller_makes_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    for (first, kind) in [
        ("fails", ErrorKind::Refused),
        ("panics", ErrorKind::Internal),
        ("is long", ErrorKind::Internal),
        ("sets another", ErrorKind::Internal),
        ("makes another", ErrorKind::Internal),
    ] {
        for (place, credentials) in of_each_place(folder.path()) {
            let server = Server::start("of_failures", first);
            server.open();
            let calls: JoinSet<_> = (0..4).map(|_| server.call(&credentials)).collect();
            let (made, failed): (Vec<_>, Vec<_>) =
                calls.join_all().await.into_iter().partition(Result::is_ok);
            let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
            assert_eq!(made, ["c2"; 3], "{first} {place}");
            let kinds: Vec<_> = failed.into_iter().map(|error| error.unwrap_err().kind()).collect();
            assert_eq!(kinds, [kind], "{first} {place}");
            assert_eq!(server.count(), 2, "{first} {place}");
            assert_eq!(call(&credentials, &["get", "other"]).await.unwrap(), "none");
            credentials.logout().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_secret_is_kept_although_its_caller_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    for (place, credentials) in of_each_place(folder.path()) {
        let server = Server::start("of_gone", "");
        let first = tokio::spawn(server.call(&credentials));
        server.has_begun().await;
        let second = tokio::spawn(server.call(&credentials));
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        server.open();
        assert_eq!(second.await.unwrap().unwrap(), "c1", "{place}");
        assert_eq!(server.count(), 1, "{place}");
    }
}

#[tokio::test]
async fn a_secret_has_two_minutes_to_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let provider = Keeping { _key: "k".into() };
    let in_code = Credentials::builder().provider(provider).origin("*");
    let in_code = in_code.clock(Clock::custom(clock.clone())).build().unwrap();
    let in_file = loader(folder.path(), "key = 'k'").clock(Clock::custom(clock.clone()));
    for credentials in [in_code, in_file.load().unwrap()] {
        let server = Server::start("of_hanging", "hangs");
        server.open();
        let first = tokio::spawn(server.call(&credentials));
        server.has_begun().await;
        clock.advance(Duration::from_secs(119));
        tokio::task::yield_now().await;
        assert!(!first.is_finished());
        clock.advance(Duration::from_secs(1));
        let error = first.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert_eq!(server.call(&credentials).await.unwrap(), "c2");
    }
}

#[tokio::test]
async fn a_logout_wins_over_a_secret_that_is_being_made() {
    let folder = tempfile::tempdir().unwrap();
    for (place, credentials) in of_each_place(folder.path()) {
        let server = Server::start("of_logout", "");
        let first = tokio::spawn(server.call(&credentials));
        server.has_begun().await;
        credentials.logout().await.unwrap();
        server.open();
        assert_eq!(first.await.unwrap().unwrap_err().kind(), ErrorKind::Store, "{place}");
        assert_eq!(call(&credentials, &["get", "code"]).await.unwrap(), "none");
        assert_eq!(server.call(&credentials).await.unwrap(), "c2");
    }
}

#[tokio::test]
async fn nothing_is_made_that_could_not_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start("of_nothing", "");
    server.open();
    for (place, credentials) in of_each_place(folder.path()) {
        let long = "n".repeat(65);
        let error = call(&credentials, &["make", &long, server.name]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{place}");
        for number in 0..16 {
            call(&credentials, &["set", &format!("n{number}"), "v"]).await.unwrap();
        }
        assert_eq!(server.call(&credentials).await.unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(call(&credentials, &["make", "n0", server.name]).await.unwrap(), "v");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = server.call(&load(&file, "key = 'k'")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(server.count(), 0);
}
