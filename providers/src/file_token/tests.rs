//! The provider as a program uses it, with a volume as Kubernetes mounts it.

#![cfg(unix)]

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::SystemTime,
};

use authn::{
    Credentials, ErrorKind,
    time::{Clock, ManualClock},
};
use tempfile::TempDir;

use super::*;
use crate::testing::{authorized, jwt, load, load_at, wait};

/// A volume as Kubernetes mounts it: the file is a link to a file of the folder that `..data` leads to.
struct Volume(TempDir);

impl Volume {
    fn new(text: &str) -> Self {
        let volume = Self(tempfile::tempdir().unwrap());
        symlink("..data/token", volume.path()).unwrap();
        volume.swap("first", text);
        volume
    }

    fn path(&self) -> PathBuf {
        self.at("token")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the folder, and deletes the old one at once.
    fn swap(&self, name: &str, text: &str) {
        let before = fs::read_link(self.at("..data"));
        fs::create_dir(self.at(name)).unwrap();
        write(&self.at(name).join("token"), text);
        symlink(name, self.at("..data_tmp")).unwrap();
        fs::rename(self.at("..data_tmp"), self.at("..data")).unwrap();
        if let Ok(before) = before {
            fs::remove_dir_all(self.0.path().join(before)).unwrap();
        }
    }

    fn load(&self, clock: &ManualClock) -> Credentials {
        let table = format!("file_token = {{ path = {:?}, ttl = '10m' }}", self.path());
        load_at(&table, Clock::custom(clock.clone())).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn token(credentials: &Credentials) -> String {
    wait(credentials.token()).unwrap().secret().to_owned()
}

#[test]
fn a_replaced_file_is_read_at_once() {
    let volume = Volume::new("\n one \n");
    let credentials = volume.load(&ManualClock::new());
    assert_eq!(token(&credentials), "one");
    for name in ["two", "three"] {
        volume.swap(name, name);
        assert_eq!(credentials.try_token().map(|token| token.secret().to_owned()), None);
        assert_eq!(token(&credentials), name);
    }
    volume.swap("four", "four");
    let parts = authorized(&credentials, "https://api.example.com/");
    assert_eq!(parts.headers["authorization"], "Bearer four");
}

#[test]
fn what_passes_the_token_on_has_the_replaced_one_too() {
    let volume = Volume::new("one");
    let table = |nested: &str| nested.replace("PATH", &volume.path().display().to_string());
    let nested = [
        "cached.file_token = { path = 'PATH' }",
        "[[credentials.chain.providers]]\ngitlab = {}\n\
         [[credentials.chain.providers]]\nfile_token = { path = 'PATH' }",
    ];
    let all = nested.map(|nested| load(&table(nested)).unwrap());
    for credentials in &all {
        assert_eq!(token(credentials), "one");
    }
    volume.swap("two", "two");
    for credentials in &all {
        assert_eq!(token(credentials), "two");
        let parts = authorized(credentials, "https://api.example.com/");
        assert_eq!(parts.headers["authorization"], "Bearer two");
    }
}

#[test]
fn an_empty_path_is_not_the_working_folder() {
    let in_code = FileToken::builder().path("").build().map(drop);
    for result in [load("file_token.path = ''").map(drop), in_code] {
        let error = result.unwrap_err();
        let problem = error.problems().first().unwrap();
        assert_eq!(problem.message(), "the path is empty", "{error:?}");
        assert!(problem.help().is_some());
    }
}

#[test]
fn a_file_that_is_unchanged_is_not_read() {
    let volume = Volume::new("one");
    let credentials = volume.load(&ManualClock::new());
    // A file that was written just now can change unnoticed.
    let old = SystemTime::now() - Duration::from_hours(1);
    let set = |time| fs::File::open(volume.path()).unwrap().set_modified(time).unwrap();
    set(old);
    let changed = || {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = volume.path().metadata().unwrap();
        let since = Duration::new(
            u64::try_from(metadata.ctime()).unwrap(),
            u32::try_from(metadata.ctime_nsec()).unwrap(),
        );
        SystemTime::UNIX_EPOCH + since
    };
    while changed().elapsed().is_ok_and(|age| age <= Duration::from_millis(100)) {
        thread::yield_now();
    }
    assert_eq!(token(&credentials), "one");
    let ready = credentials.try_token().expect("nothing has to be read");
    assert_eq!(ready.secret(), "one");
    set(old + Duration::from_secs(1));
    assert!(credentials.try_token().is_none(), "the file has another time");
}

#[test]
fn a_file_that_is_gone_for_a_while_is_no_error_while_its_token_lives() {
    let (volume, clock) = (Volume::new("one"), ManualClock::new());
    let credentials = volume.load(&clock);
    assert_eq!(token(&credentials), "one");
    fs::remove_file(volume.at("..data")).unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(1));
        assert_eq!(token(&credentials), "one");
    }
    clock.advance(Duration::from_mins(10));
    let error = wait(credentials.token()).unwrap_err();
    assert!(error.is_not_applicable(), "{error}");
    let message = format!("the token file {} does not exist", volume.path().display());
    assert_eq!(error.message(), message);
    volume.swap("two", "two");
    clock.advance(Duration::from_mins(10));
    assert_eq!(token(&credentials), "two");
}

#[test]
fn a_broken_file_is_no_error_while_the_last_token_lives() {
    let (volume, clock) = (Volume::new("one"), ManualClock::new());
    let credentials = volume.load(&clock);
    assert_eq!(token(&credentials), "one");
    volume.swap("two", " \n");
    assert_eq!(token(&credentials), "one");
    clock.advance(Duration::from_mins(11));
    let error = wait(credentials.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().ends_with("token is empty"), "{error}");
}

#[test]
fn the_expiry_is_that_of_the_jwt_or_of_the_option() {
    let clock = ManualClock::new();
    let now = clock_seconds(&clock);
    for (exp, ttl, lifetime) in [(600, None, 600), (600, Some(60), 60), (600, Some(6_000), 600)] {
        let volume = Volume::new(&jwt(&format!(r#"{{"exp":{}}}"#, now + exp)));
        let ttl = ttl.map(|ttl| format!(", ttl = {ttl}")).unwrap_or_default();
        let table = format!("file_token = {{ path = {:?}{ttl} }}", volume.path());
        let credentials = load_at(&table, Clock::custom(clock.clone())).unwrap();
        let end = wait(credentials.token()).unwrap().expires_at().unwrap();
        let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(end, now + lifetime, "{ttl}");
    }
    let volume = Volume::new(&jwt(r#"{"exp":1}"#));
    let error = wait(volume.load(&clock).token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired);
    assert!(error.message().contains(&volume.path().display().to_string()), "{error}");
}

fn clock_seconds(clock: &ManualClock) -> u64 {
    let now = Clock::custom(clock.clone()).now().wall();
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn the_rules_of_secret_files_apply() {
    let volume = Volume::new("s3cr3t");
    let credentials = volume.load(&ManualClock::new());
    fs::set_permissions(volume.path(), Permissions::from_mode(0o666)).unwrap();
    let error = wait(credentials.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().starts_with("the token file "), "{error}");
    let volume = Volume::new("s3cr3t of two words");
    let error = wait(volume.load(&ManualClock::new()).token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidToken);
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    let folder = volume.at("..data").display().to_string();
    let credentials = load(&format!("file_token = {{ path = {folder:?} }}")).unwrap();
    assert!(wait(credentials.token()).unwrap_err().message().ends_with("is a folder"));
    let error = load("file_token = { path = '/a', ttl = '1ms' }").unwrap_err();
    assert!(error.to_string().contains("`ttl`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_token_is_torn_or_old_while_the_volume_is_swapped() {
    const SWAPS: usize = 1_000;
    /// Half a token would end with another number.
    fn text(number: usize) -> String {
        format!("{number}-{}-{number}", "t".repeat(2_000))
    }
    let volume = Arc::new(Volume::new(&text(0)));
    let credentials = volume.load(&ManualClock::new());
    let (latest, reads) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    // A task that has failed drops its copy, so that it is not waited for.
    let alive = Arc::new(());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (credentials, latest, reads) =
                (credentials.clone(), Arc::clone(&latest), Arc::clone(&reads));
            let alive = Arc::clone(&alive);
            tokio::spawn(async move {
                loop {
                    let before = latest.load(Ordering::Acquire);
                    let token = credentials.token().await.unwrap();
                    let number: usize = token.secret().split('-').next().unwrap().parse().unwrap();
                    assert_eq!(token.secret(), text(number));
                    assert!(number >= before, "{number} after the swap to {before}");
                    reads.fetch_add(1, Ordering::Relaxed);
                    if number == SWAPS {
                        drop(alive);
                        return;
                    }
                }
            })
        })
        .collect();
    let swapping = tokio::task::spawn_blocking(move || {
        for number in 1..=SWAPS {
            let before = reads.load(Ordering::Relaxed);
            volume.swap(&number.to_string(), &text(number));
            latest.store(number, Ordering::Release);
            // Every swap meets readers.
            let all_read = || Arc::strong_count(&alive) == 9;
            while number < SWAPS && all_read() && reads.load(Ordering::Relaxed) == before {
                thread::yield_now();
            }
        }
        volume
    });
    for task in tasks {
        task.await.unwrap();
    }
    drop(swapping.await.unwrap());
}
