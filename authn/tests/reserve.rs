//! Nothing that a server accepts only once is sent before its answer can be saved.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use authn::{
    Context, Credentials, Environment, ErrorKind, InteractiveSource, Loader, Login, Result,
    SecretString, SessionPolicy, Token, TokenSet, TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};
use rotating::{Bench, token};

/// A disk with room for documents of a certain length.
#[derive(Clone, Debug)]
struct Disk {
    inner: FileStore,
    room: Arc<AtomicUsize>,
    /// Room is reserved without a save.
    reserves: bool,
}

impl Disk {
    fn of(bench: &Bench, reserves: bool) -> Self {
        let inner = FileStore::new(bench.folder.path().join("disk"));
        Self { inner, room: Arc::new(AtomicUsize::new(usize::MAX)), reserves }
    }

    fn set_room(&self, room: usize) {
        self.room.store(room, Ordering::SeqCst);
    }

    fn process(&self, bench: &Bench) -> Credentials {
        let loader = bench.loader("refresh_token = 'r0'\nstore = 'disk'");
        loader.store("disk", self.clone()).load().unwrap()
    }
}

impl TokenStore for Disk {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.inner.lock(key).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.inner.load(key).await
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        if self.reserves {
            return Ok(Some(expected));
        }
        let saved = self.save(key, document, expected).await?;
        Ok(saved.then_some(document.revision))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        if document.text.expose().len() > self.room.load(Ordering::SeqCst) {
            return Err(authn::Error::store("the disk is full").with_help("make room"));
        }
        self.inner.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.inner.list().await
    }
}

#[tokio::test]
async fn no_token_is_spent_if_its_successor_could_not_be_saved() {
    let bench = Bench::new();
    let disk = Disk::of(&bench, false);
    // The first exchange, and one of a session that is stored.
    for number in 1..=2 {
        disk.set_room(0);
        let error = disk.process(&bench).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert_eq!(error.help(), Some("make room"));
        assert_eq!(bench.exchanges(), number - 1, "nothing was sent");
        disk.set_room(usize::MAX);
        assert_eq!(token(&disk.process(&bench)).await, format!("t{number}"));
        bench.expire();
    }
}

#[tokio::test]
async fn if_the_whole_does_not_fit_the_refresh_token_alone_is_saved() {
    let bench = Bench::new();
    let disk = Disk::of(&bench, true);
    token(&disk.process(&bench)).await;
    bench.expire();
    // The room for a record without its access token.
    disk.set_room(usize::MAX);
    let key = disk.list().await.unwrap().remove(0);
    let length = disk.load(&key).await.unwrap().unwrap().text.expose().len();
    disk.set_room(length - "access_token".len());
    assert_eq!(token(&disk.process(&bench)).await, "t2");
    let status = disk.process(&bench).status().await.unwrap();
    assert!(status.has_refresh_token && !status.has_token, "{status:?}");
    assert_eq!(token(&disk.process(&bench)).await, "t3", "with r2");
    assert_eq!(bench.server.live.lock().unwrap().len(), 1, "no family was revoked");
}

#[tokio::test]
async fn a_session_that_can_not_be_saved_at_all_is_said_to_be_lost() {
    let bench = Bench::new();
    let disk = Disk::of(&bench, true);
    let credentials = disk.process(&bench);
    token(&credentials).await;
    bench.expire();
    disk.set_room(0);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.message().contains("is lost when this program ends"), "{error}");
    let help = error.help().unwrap();
    assert!(help.ends_with("and keep the program running until then, or log in again"), "{help}");
    assert!(format!("{error:?}").contains("caused by: the disk is full"), "{error:?}");
    // As long as the program runs, it is not.
    disk.set_room(usize::MAX);
    bench.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(token(&credentials).await, "t2");
    bench.expire();
    assert_eq!(token(&disk.process(&bench)).await, "t3");
}

#[tokio::test]
async fn a_failed_exchange_leaves_no_file_behind() {
    let bench = Bench::new();
    token(&bench.process("r0")).await;
    bench.expire();
    let before = bench.files();
    bench.server.live.lock().unwrap().clear();
    bench.server.used.lock().unwrap().clear();
    bench.process("r0").token().await.unwrap_err();
    assert_eq!(bench.files(), before);
}

/// Counts how often a user is asked.
#[authn::token_provider("counts_logins", cached, login)]
struct CountsLogins {}

static LOGINS: AtomicUsize = AtomicUsize::new(0);

impl TokenSource for CountsLogins {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(authn::Error::login_required("no user is logged in"))
    }
}

impl InteractiveSource for CountsLogins {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        LOGINS.fetch_add(1, Ordering::SeqCst);
        Ok(Some(TokenSet::new(Token::new("abc")?).with_refresh_token("r".into())))
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }
}

#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(authn::Error::cancelled("no user is here"))
    }

    fn progress(&self, _: &Progress) {}
}

#[tokio::test]
async fn no_user_logs_in_for_a_session_that_could_not_be_saved() {
    let bench = Bench::new();
    let disk = Disk::of(&bench, false);
    let text = "[credentials]\norigins = ['*']\n[credentials.counts_logins]\nstore = 'disk'";
    let loader = Loader::new().environment(Environment::empty()).defaults(text);
    let credentials = loader.store("disk", disk.clone()).load().unwrap();
    disk.set_room(0);
    let error = credentials.login(Login::new(Silent)).await.unwrap_err();
    assert_eq!((error.kind(), error.help()), (ErrorKind::Store, Some("make room")));
    assert_eq!(LOGINS.load(Ordering::SeqCst), 0, "the user was not asked");
    disk.set_room(usize::MAX);
    credentials.login(Login::new(Silent)).await.unwrap();
    assert!(credentials.status().await.unwrap().has_refresh_token);
}

/// Returns how often this process has a file open.
#[cfg(target_os = "linux")]
fn opened(path: &std::path::Path) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path)).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_lock_whose_file_was_removed_excludes_the_others_still() {
    let bench = Bench::new();
    let store = FileStore::new(bench.folder.path().join("s"));
    let key = StoreKey::new("ann");
    let held = store.lock(&key).await.unwrap();
    let path = bench.folder.path().join("s/ann.lease");
    let second = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move { store.lock(&key).await }
    });
    while opened(&path) < 2 {
        tokio::task::yield_now().await;
    }
    // The second one waits for a file that loses its name, and is given the lock of the file that is there now.
    std::fs::remove_file(&path).unwrap();
    drop(held);
    let _second = second.await.unwrap().unwrap();
    let other = std::fs::File::open(&path).unwrap();
    assert!(other.try_lock().is_err(), "the file at the path is locked");
}

#[cfg(unix)]
#[tokio::test]
async fn a_lock_file_is_opened_like_every_private_file() {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
        process::Command,
    };
    let bench = Bench::new();
    let folder = bench.folder.path().join("s");
    let store = FileStore::new(&folder);
    let key = StoreKey::new("ann");
    drop(store.lock(&key).await.unwrap());
    let path = folder.join("ann.lease");
    let elsewhere = bench.folder.path().join("elsewhere");
    for (fault, make) in [
        ("symbolic link", Box::new(|| symlink(&elsewhere, &path).unwrap()) as Box<dyn Fn()>),
        (
            "not a regular file",
            Box::new(|| {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            }),
        ),
        (
            "can be accessed by other users",
            Box::new(|| {
                fs::write(&path, "").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
            }),
        ),
    ] {
        fs::remove_file(&path).unwrap();
        make();
        let error = store.lock(&key).await.unwrap_err();
        assert!(error.message().contains(fault), "{error}");
        assert!(!elsewhere.exists());
    }
}
