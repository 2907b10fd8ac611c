//! Credentials in a child that was forked without an exec.
//!
//! It is one test, because a fork copies only one thread: another test's thread could hold a lock at that moment.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    future::pending,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, InteractiveSource, Loader, Login, LoginOutcome, Result,
    SecretString, SessionPolicy, Token, TokenSet, TokenSource, Url, blocking,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, StoreKey, TokenStore as _},
};
use authn_providers as _;
use authn_tests::redis::Server;
use fork::Fork;
use tokio::runtime;

/// The longest time that a child may take, which is far below the framework's own limits.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs `work` in a child. It is an error if the child fails or does not end.
#[track_caller]
fn in_child(work: impl FnOnce()) {
    let child = match fork::fork().unwrap() {
        Fork::Child => {
            let done = catch_unwind(AssertUnwindSafe(work));
            process::exit(i32::from(done.is_err()));
        }
        Fork::Parent(child) => child,
    };
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(fork::waitpid(child).unwrap()));
    let Ok(status) = end.recv_timeout(LIMIT) else {
        let child = rustix::process::Pid::from_raw(child).unwrap();
        rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
        panic!("the child waits for ever");
    };
    assert_eq!(status, 0, "the child failed");
}

/// Returns tokens with the id of the process that asked for them. If it is endless, exchanges and logins of the parent
/// never end.
#[derive(Debug)]
struct Endless {
    parent: u32,
    reached: mpsc::SyncSender<()>,
    keeps_session: bool,
    never_ends: bool,
    needs_user: bool,
}

impl Endless {
    async fn tokens(&self) -> Result<TokenSet> {
        if self.never_ends && process::id() == self.parent {
            self.reached.send(()).unwrap();
            pending::<()>().await;
        }
        let token = Token::new(process::id().to_string())?;
        Ok(TokenSet::new(token.with_expires_in(Duration::from_hours(1)))
            .with_refresh_token("r".into()))
    }
}

impl TokenSource for Endless {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if self.needs_user && last.is_none() {
            return Err(context.login_required("no user is logged in"));
        }
        self.tokens().await
    }
}

impl InteractiveSource for Endless {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        self.tokens().await.map(Some)
    }

    fn session(&self) -> SessionPolicy<'_> {
        if self.keeps_session { SessionPolicy::Begun } else { SessionPolicy::None }
    }
}

#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok("a".into())
    }

    fn progress(&self, _: &Progress) {}
}

/// Returns credentials of this process, and what is received when their source is asked.
fn endless(keeps_session: bool, never_ends: bool) -> (blocking::Credentials, mpsc::Receiver<()>) {
    endless_with(keeps_session, never_ends, false)
}

fn endless_with(
    keeps_session: bool,
    never_ends: bool,
    needs_user: bool,
) -> (blocking::Credentials, mpsc::Receiver<()>) {
    let (reached, is_reached) = mpsc::sync_channel(8);
    let source = Endless { parent: process::id(), reached, keeps_session, never_ends, needs_user };
    let credentials = Credentials::builder().interactive(source).origin("*").build().unwrap();
    (credentials.into(), is_reached)
}

fn own(credentials: &blocking::Credentials) {
    assert_eq!(credentials.token().unwrap().secret(), process::id().to_string());
}

/// Asks a server for each token, over connections that stay open.
#[derive(Debug)]
struct Asking(Url);

impl TokenSource for Asking {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let response = context.http().get(&self.0).send().await?;
        Ok(Token::new(std::str::from_utf8(response.bytes()).unwrap())?.into())
    }
}

fn answer(stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut stream = stream;
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc").unwrap();
        }
    }
}

fn asking() -> blocking::Credentials {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(|| answer(stream.unwrap()));
        }
    });
    Credentials::builder().source(Asking(url)).origin("*").build().unwrap().into()
}

#[test]
fn a_forked_child_has_exchanges_and_logins_of_its_own() {
    // The background thread is the parent's.
    let (credentials, _asked) = endless(true, false);
    own(&credentials);
    in_child(|| {
        credentials.invalidate(&credentials.token().unwrap());
        own(&credentials);
        // And of the child of the child.
        in_child(|| {
            // Another refusal at once would change nothing.
            credentials.logout().unwrap();
            own(&credentials);
            credentials.close().unwrap();
        });
    });
    own(&credentials);

    // An exchange is under way in the parent, with the memory of the session locked or not.
    for keeps_session in [false, true] {
        let (credentials, asked) = endless(keeps_session, true);
        let waiting = credentials.clone();
        thread::spawn(move || waiting.token());
        asked.recv().unwrap();
        in_child(|| own(&credentials));
        in_child(|| credentials.close().unwrap());
    }

    // A user logs in in the parent.
    let (credentials, asked) = endless(true, true);
    let waiting = credentials.clone();
    thread::spawn(move || waiting.login(Login::new(Silent)));
    asked.recv().unwrap();
    in_child(|| {
        assert_eq!(credentials.login(Login::new(Silent)).unwrap(), LoginOutcome::LoggedIn);
        own(&credentials);
    });

    // A request logs a user in in the parent.
    let (credentials, asked) = endless_with(true, true, true);
    let credentials = credentials.with_login(Login::new(Silent));
    let waiting = credentials.clone();
    thread::spawn(move || waiting.token());
    asked.recv().unwrap();
    in_child(|| own(&credentials));

    // A connection is open in the parent.
    let credentials = asking();
    let first = credentials.token().unwrap();
    in_child(|| {
        credentials.invalidate(&first);
        assert_eq!(credentials.token().unwrap().secret(), "abc");
    });
    credentials.invalidate(&first);
    assert_eq!(credentials.token().unwrap().secret(), "abc", "the parent's connection is open");

    // A lease of a session in Redis is held in the parent, by an open connection.
    let server = Server::start();
    let key = "encryption_key = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='";
    let text = format!("[stores.redis]\nurl = '{}'\n{key}", server.url());
    let config = Loader::new().environment(Environment::empty()).defaults(&text).read();
    let store = config.stores().into_iter().find(|store| store.name() == "redis").unwrap();
    let runtime = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (parent, key) = (runtime(), StoreKey::new("a"));
    let mut lease = parent.block_on(store.lock(&key)).unwrap();
    in_child(|| {
        let document = Document { revision: 1, text: "of the child".into() };
        assert!(runtime().block_on(store.save(&key, &document, 0)).unwrap());
    });
    let document = parent.block_on(store.load(&key)).unwrap().unwrap();
    assert_eq!(*document.text.expose(), *"of the child");
    assert!(!lease.is_lost(), "the child has not released it");
    assert_eq!(server.ask(&["EXISTS", "authn:authn:{a}:lease"]), "1");
}
