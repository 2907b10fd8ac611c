//! Every function of a store runs on the background thread, with its timers and tasks, whoever calls it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context as Polled, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, InteractiveSource, Loader, Login, LoginOutcome, Result,
    SecretString, Token, TokenSet, TokenSource, blocking,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};

/// Gives and revokes tokens with a session.
#[authn::token_provider("threaded", cached, login)]
struct Threaded {}

impl TokenSource for Threaded {
    async fn request_token(&self, _: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let number = last.map_or(1, |_| 2);
        let token = Token::new(format!("t{number}"))?.with_expires_in(Duration::from_hours(1));
        Ok(TokenSet::new(token).with_refresh_token("r".into()))
    }
}

impl InteractiveSource for Threaded {
    async fn login(&self, context: &Context, _: &Login) -> Result<Option<TokenSet>> {
        self.request_token(context, None).await.map(Some)
    }

    fn needs_login(&self) -> bool {
        false
    }

    async fn revoke(&self, _: &Context, _: &TokenSet) -> Result<()> {
        Ok(())
    }
}

/// A store that needs a runtime with timers for everything, and notes what is called.
#[derive(Debug)]
struct Timed {
    inner: FileStore,
    calls: Mutex<Vec<&'static str>>,
}

impl Timed {
    async fn call(&self, name: &'static str) {
        self.calls.lock().unwrap().push(name);
        assert_eq!(thread::current().name(), Some("authn"), "{name}");
        tokio::time::sleep(Duration::ZERO).await;
        tokio::spawn(async {}).await.unwrap();
    }

    fn has(&self, name: &str) -> bool {
        self.calls.lock().unwrap().contains(&name)
    }
}

/// A lease whose release needs a runtime.
struct Held(Option<Lease>);

impl Drop for Held {
    fn drop(&mut self) {
        let lease = self.0.take();
        tokio::spawn(async { drop(lease) });
    }
}

impl TokenStore for Timed {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.call("lock").await;
        Ok(Lease::new(Held(Some(self.inner.lock(key).await?))))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.call("load").await;
        self.inner.load(key).await
    }

    async fn reserve(&self, key: &StoreKey, text: &Document, at: u64) -> Result<Option<u64>> {
        self.call("reserve").await;
        self.inner.reserve(key, text, at).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.call("save").await;
        self.inner.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.call("list").await;
        self.inner.list().await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        self.call("remove_leftovers").await;
        self.inner.remove_leftovers(key).await
    }
}

/// A prompt that is not used.
#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        unreachable!("no user is asked")
    }

    fn progress(&self, _: &Progress) {}
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread, which has no runtime.
fn without_runtime<T>(future: impl Future<Output = T>) -> T {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Polled::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls a future on a runtime of tokio that has no timers.
fn without_timers<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Does everything with a store, each time with new credentials, so that nothing is in memory.
async fn everything(loader: impl Fn() -> Loader) {
    let load = || -> Credentials { loader().load().unwrap() };
    assert_eq!(load().status().await.unwrap().store.as_deref(), Some("timed"));
    assert_eq!(load().token().await.unwrap().secret(), "t1");
    assert!(load().status().await.unwrap().has_refresh_token);
    let stores = loader().read().stores();
    let timed = stores.iter().find(|store| store.name() == "timed").unwrap();
    assert_eq!(timed.sessions().await.unwrap().len(), 1);
    assert!(timed.examine().await.is_empty());
    load().logout().await.unwrap();
    assert!(!load().status().await.unwrap().has_refresh_token);
    let outcome = load().login(Login::new(Silent)).await.unwrap();
    assert!(matches!(outcome, LoginOutcome::LoggedIn), "{outcome:?}");
    assert_eq!(load().revoke().await.unwrap().revoked, 1);
    assert!(!load().status().await.unwrap().has_session);
}

fn check(run: fn(&dyn Fn() -> Loader)) {
    let folder = tempfile::tempdir().unwrap();
    let inner = FileStore::new(folder.path().join("tokens"));
    let store = Arc::new(Timed { inner, calls: Mutex::default() });
    run(&|| {
        let text = "[credentials]\norigins = ['*']\n[credentials.threaded]\nstore = 'timed'\n";
        let environment = Environment::empty().state_directory(folder.path());
        let loader = Loader::new().environment(environment).defaults(text);
        loader.store("timed", Arc::clone(&store))
    });
    for name in ["lock", "load", "reserve", "save", "list", "remove_leftovers"] {
        assert!(store.has(name), "{name} was not called");
    }
}

#[test]
fn a_store_that_uses_tokio_works_from_a_caller_without_any_runtime() {
    check(|loader| without_runtime(everything(loader)));
}

#[test]
fn a_store_that_uses_tokio_works_from_a_runtime_without_timers() {
    check(|loader| without_timers(everything(loader)));
}

#[test]
fn a_store_that_uses_tokio_works_from_blocking_code() {
    check(|loader| {
        let load = || -> blocking::Credentials { loader().load().unwrap().into() };
        load().status().unwrap();
        load().token().unwrap();
        assert!(load().status().unwrap().has_refresh_token);
        load().logout().unwrap();
        load().login(Login::new(Silent)).unwrap();
        assert_eq!(load().revoke().unwrap().revoked, 1);
        without_runtime(async {
            for store in loader().read().stores() {
                store.sessions().await.unwrap();
                store.examine().await;
            }
        });
    });
}
