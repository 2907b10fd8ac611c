//! Logouts and logins replace everything older: tokens that were obtained before are neither returned nor stored.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use authn::{
    Cached, Claims, Context, Credentials, Environment, Error, ErrorKind, InteractiveSource, Loader,
    Login, Result, SecretString, SessionPolicy, Token, TokenSet, TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
    time::{Clock, ManualClock},
};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Reports the start of something, and waits until it may continue.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<(Notify, Notify)>);

impl Gate {
    async fn pass(&self) {
        self.0.0.notify_one();
        self.0.1.notified().await;
    }

    async fn reached(&self) {
        self.0.0.notified().await;
    }

    fn open(&self) {
        self.0.1.notify_one();
    }
}

/// Returns tokens of the logged-in user, numbered in the order of the requests.
#[authn::token_provider("desk", cached, login)]
struct Desk {}

static ASKED: AtomicUsize = AtomicUsize::new(0);

fn grant(name: &str) -> Result<TokenSet> {
    let number = ASKED.fetch_add(1, Ordering::SeqCst);
    let token = Token::new(format!("{name}-{number}"))?.with_expires_in(Duration::from_mins(10));
    Ok(TokenSet::new(token).with_refresh_token(name.into()))
}

impl TokenSource for Desk {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let last = last.and_then(TokenSet::refresh_token);
        let last = last.ok_or_else(|| context.login_required("no user is logged in"))?;
        grant(&last.expose())
    }
}

impl InteractiveSource for Desk {
    async fn login(&self, _: &Context, login: &Login) -> Result<Option<TokenSet>> {
        let name = login.ask(&Question::new("name")).await?;
        let claims = Claims::new([("sub".to_owned(), name.expose().to_owned())]);
        Ok(Some(grant(&name.expose())?.with_claims(claims)))
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }
}

/// A user who types a name.
#[derive(Debug)]
struct Named(&'static str);

impl Prompt for Named {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok(self.0.into())
    }

    fn progress(&self, _: &Progress) {}
}

fn by(name: &'static str) -> Login {
    Login::new(Named(name))
}

/// A store of files that a test can delay or let fail.
#[derive(Clone, Debug)]
struct Slow(Arc<State>);

#[derive(Debug)]
struct State {
    files: FileStore,
    /// Passed after each save.
    saved: Mutex<Option<Gate>>,
    /// Called after each read without waiting.
    read_now: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
    fails: AtomicBool,
    hangs: AtomicBool,
}

impl TokenStore for Slow {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.0.files.lock(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        if self.0.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.0.files.load(key).await
    }

    async fn reserve(&self, _: &StoreKey, _: &Document, expected: u64) -> Result<Option<u64>> {
        // It only fails once something is saved.
        Ok(Some(expected))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Store, "the disk is full; make room"));
        }
        let saved = self.0.files.save(key, document, expected).await?;
        let gate = self.0.saved.lock().unwrap().take();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        Ok(saved)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.0.files.list().await
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        let document = self.0.files.load_now(key);
        if let Some((reached, open)) = self.0.read_now.lock().unwrap().take() {
            reached.send(()).unwrap();
            open.recv().unwrap();
        }
        document
    }
}

struct Bench {
    clock: ManualClock,
    store: Slow,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State {
            files: FileStore::new(folder.path().join("kept")),
            saved: Mutex::default(),
            read_now: Mutex::default(),
            fails: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
        };
        Self { clock: ManualClock::new(), store: Slow(Arc::new(state)), _folder: folder }
    }

    /// Returns credentials as another process has them: they share only the store.
    fn process(&self) -> Credentials {
        Loader::new()
            .environment(Environment::empty())
            .clock(Clock::custom(self.clock.clone()))
            .store("slow", self.store.clone())
            .defaults("[credentials]\norigins = ['*']\n[credentials.desk]\nstore = 'slow'")
            .load()
            .unwrap()
    }

    /// Delays the end of the next save.
    fn hold_saved(&self) -> Gate {
        let gate = Gate::default();
        *self.store.0.saved.lock().unwrap() = Some(gate.clone());
        gate
    }

    fn expire(&self) {
        self.clock.advance(Duration::from_mins(11));
    }
}

/// Returns the name in a token.
async fn holder(credentials: &Credentials) -> String {
    let token = credentials.token().await.unwrap();
    token.secret().split('-').next().unwrap().to_owned()
}

async fn is_logged_out(credentials: &Credentials) {
    assert!(credentials.try_token().is_none(), "a token was published after the logout");
    let status = credentials.status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token, "{status:?}");
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
}

#[tokio::test]
async fn a_logout_beats_a_login_and_an_exchange_that_are_saved_already() {
    for exchanges in [false, true] {
        let bench = Bench::new();
        let credentials = bench.process();
        credentials.login(by("alice")).await.unwrap();
        bench.expire();
        let gate = bench.hold_saved();
        let work = tokio::spawn({
            let credentials = credentials.clone();
            async move {
                if exchanges {
                    credentials.token().await.map(drop)
                } else {
                    credentials.login(by("bob")).await.map(drop)
                }
            }
        });
        gate.reached().await;
        credentials.logout().await.unwrap();
        gate.open();
        let error = work.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        is_logged_out(&credentials).await;
    }
}

#[tokio::test]
async fn a_logout_beats_a_token_that_the_program_is_being_notified_of() {
    for exchanges in [false, true] {
        let clock = ManualClock::new();
        let gate = Gate::default();
        let held = Arc::new(AtomicBool::new(!exchanges));
        let cached = Cached::interactive(Desk {}).on_update({
            let (gate, held) = (gate.clone(), Arc::clone(&held));
            move |_| {
                let (gate, held) = (gate.clone(), held.load(Ordering::SeqCst));
                async move {
                    if held {
                        gate.pass().await;
                    }
                    Ok(())
                }
            }
        });
        let builder = Credentials::builder().provider(cached).origin("*");
        let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
        if exchanges {
            credentials.login(by("alice")).await.unwrap();
            held.store(true, Ordering::SeqCst);
            clock.advance(Duration::from_mins(11));
        }
        let work = tokio::spawn({
            let credentials = credentials.clone();
            async move {
                if exchanges {
                    credentials.token().await.map(drop)
                } else {
                    credentials.login(by("alice")).await.map(drop)
                }
            }
        });
        gate.reached().await;
        held.store(false, Ordering::SeqCst);
        credentials.logout().await.unwrap();
        gate.open();
        let error = work.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        clock.advance(Duration::from_mins(2));
        is_logged_out(&credentials).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_beats_a_caller_who_reads_the_store() {
    let bench = Bench::new();
    bench.process().login(by("alice")).await.unwrap();
    let credentials = bench.process();
    let (reached, is_reached) = mpsc::channel();
    let (open, is_open) = mpsc::channel();
    *bench.store.0.read_now.lock().unwrap() = Some((reached, is_open));
    let reads = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    tokio::task::spawn_blocking(move || is_reached.recv()).await.unwrap().unwrap();
    credentials.logout().await.unwrap();
    open.send(()).unwrap();
    assert_eq!(reads.await.unwrap().unwrap_err().kind(), ErrorKind::LoginRequired);
    is_logged_out(&credentials).await;
}

/// Returns one token without a login, and another after one.
#[derive(Clone, Debug)]
struct Counter(Gate);

impl TokenSource for Counter {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.pass().await;
        Ok(Token::new("anybody")?.with_expires_in(Duration::from_mins(10)).into())
    }
}

impl InteractiveSource for Counter {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        let token = Token::new("alice")?.with_expires_in(Duration::from_mins(10));
        Ok(Some(TokenSet::new(token).with_refresh_token("alice".into())))
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::None
    }
}

#[tokio::test]
async fn a_login_beats_an_older_exchange() {
    let gate = Gate::default();
    let credentials = Credentials::builder().interactive(Counter(gate.clone())).origin("*");
    let credentials = credentials.build().unwrap();
    let older = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    gate.reached().await;
    credentials.login(by("alice")).await.unwrap();
    gate.open();
    let _ = older.await.unwrap();
    assert_eq!(holder(&credentials).await, "alice");
    assert!(credentials.status().await.unwrap().has_refresh_token);
}

#[tokio::test]
async fn a_login_that_was_not_saved_is_reported_and_applies_to_every_scope() {
    let bench = Bench::new();
    let credentials = bench.process();
    let narrow = credentials.with_scope(&["read"]);
    credentials.login(by("alice")).await.unwrap();
    assert_eq!(holder(&narrow).await, "alice");
    bench.store.0.fails.store(true, Ordering::SeqCst);
    let error = credentials.login(by("bob")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("the login was not saved"), "{error}");
    assert!(error.to_string().contains("once the store works again"), "{error}");
    assert_eq!(narrow.token().await.unwrap_err().kind(), ErrorKind::Store, "not alice's");
    bench.store.0.fails.store(false, Ordering::SeqCst);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(holder(&narrow).await, "bob");
    assert_eq!(holder(&credentials).await, "bob");
    assert_eq!(holder(&bench.process()).await, "bob");
}

#[tokio::test]
async fn no_caller_is_asked_to_log_in_after_a_login() {
    let bench = Bench::new();
    let credentials = bench.process();
    let narrow = credentials.with_scope(&["read"]);
    let elsewhere = bench.process().with_scope(&["read"]);
    for _ in 0..8 {
        bench.clock.advance(Duration::from_mins(1));
        for one in [&credentials, &narrow, &elsewhere] {
            assert_eq!(one.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
        }
    }
    credentials.login(by("alice")).await.unwrap();
    assert_eq!(holder(&narrow).await, "alice", "at once");
    // Another process notices it when it reads the store again, which it delays for a moment.
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(holder(&elsewhere).await, "alice");
}

#[tokio::test]
async fn a_login_does_not_wait_for_ever_for_a_store() {
    let bench = Bench::new();
    bench.store.0.hangs.store(true, Ordering::SeqCst);
    let credentials = bench.process();
    let login = tokio::spawn(async move { credentials.login(by("alice")).await });
    while !login.is_finished() {
        bench.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(login.await.unwrap().unwrap_err().kind(), ErrorKind::Store);
}

#[tokio::test]
async fn an_exchange_waits_for_another_process_only_so_long() {
    let bench = Bench::new();
    let credentials = bench.process();
    credentials.login(by("alice")).await.unwrap();
    bench.expire();
    let key = bench.store.list().await.unwrap().remove(0);
    let lease = bench.store.lock(&key).await.unwrap();
    let work = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    while !work.is_finished() {
        bench.clock.advance(Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    let error = work.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("another process has held the session"), "{error}");
    drop(lease);
    bench.expire();
    assert_eq!(holder(&credentials).await, "alice");
}
