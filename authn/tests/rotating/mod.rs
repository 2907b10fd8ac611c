//! A server that rotates refresh tokens, its provider, and processes that share a store.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Error, InteractiveSource, Loader, Login, Result,
    SecretString, SessionPolicy, Token, TokenSet, TokenSource, Url,
    time::{Clock, ManualClock},
};
use tempfile::TempDir;
use tokio::sync::Notify;

/// A server that accepts each refresh token once (RFC 9700, 4.14). All providers of a test share it.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) live: Mutex<HashSet<String>>,
    pub(crate) used: Mutex<HashSet<String>>,
    pub(crate) exchanges: AtomicUsize,
    pub(crate) fails: AtomicBool,
    pub(crate) failures: AtomicUsize,
    /// In seconds, if it is not 0.
    pub(crate) retry_after: AtomicU64,
    /// Where exchanges wait if a test delays them: before and after the server's commit.
    pub(crate) gates: Mutex<Option<(Arc<Notify>, Arc<Notify>)>>,
    pub(crate) revoked: Mutex<Vec<String>>,
    /// Where an exchange waits until a test lets it go on: `before` it may send, on the `wire`, and with its `answer`.
    pub(crate) stops: Stops,
    /// Whether a spent refresh token is accepted again, as servers do for a while.
    pub(crate) accepts_spent: AtomicBool,
    pub(crate) sent: Mutex<Vec<String>>,
}

/// Points of a program at which a test stops the next one that comes there.
#[derive(Debug, Default)]
pub(crate) struct Stops(Mutex<Vec<(&'static str, Arc<Stop>)>>);

/// A point at which a test has stopped a program.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    arrived: Notify,
    go_on: Notify,
}

impl Stops {
    /// Stops the next program that comes to a point.
    pub(crate) fn at(&self, point: &'static str) -> Arc<Stop> {
        let stop = Arc::<Stop>::default();
        self.0.lock().unwrap().push((point, Arc::clone(&stop)));
        stop
    }

    pub(crate) async fn pass(&self, point: &'static str) {
        let stop = {
            let mut stops = self.0.lock().unwrap();
            let at = stops.iter().position(|(of, _)| *of == point);
            at.map(|at| stops.remove(at).1)
        };
        if let Some(stop) = stop {
            stop.arrived.notify_one();
            stop.go_on.notified().await;
        }
    }
}

impl Stop {
    /// Waits until a program is there.
    pub(crate) async fn reached(&self) {
        self.arrived.notified().await;
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.go_on.notify_one();
    }
}

static SERVERS: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());

/// Requests tokens from the test's server.
#[authn::token_provider("rotating", cached, login)]
struct Rotating {
    /// Name of the server.
    server: usize,
    /// First refresh token.
    _refresh_token: Option<SecretString>,
    /// Another option.
    audience: Option<String>,
    /// Scopes.
    scope: Option<Vec<String>>,
    /// Address of the server, which nothing is sent to.
    url: Option<Url>,
    /// The client.
    client_id: Option<String>,
    /// The user.
    username: Option<String>,
}

impl TokenSource for Rotating {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let server = Arc::clone(&SERVERS.lock().unwrap()[self.server]);
        let gates = server.gates.lock().unwrap().clone();
        if let Some((before, _)) = &gates {
            before.notified().await;
        }
        server.stops.pass("before").await;
        context.check_lease()?;
        server.stops.pass("wire").await;
        if server.fails.load(Ordering::SeqCst) {
            server.failures.fetch_add(1, Ordering::SeqCst);
            let error = Error::network("the server is down").with_help("try again later");
            return Err(match server.retry_after.load(Ordering::SeqCst) {
                0 => error,
                wait => error.with_retry_after(Duration::from_secs(wait)),
            });
        }
        let sent = last.and_then(TokenSet::refresh_token).or(self._refresh_token.as_ref());
        let sent = sent.ok_or_else(Error::no_token)?.expose().to_owned();
        server.sent.lock().unwrap().push(sent.clone());
        let number = server.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        let next = format!("r{number}");
        {
            let mut live = server.live.lock().unwrap();
            if !live.remove(&sent) && !server.accepts_spent.load(Ordering::SeqCst) {
                if server.used.lock().unwrap().contains(&sent) {
                    live.clear();
                }
                return Err(Error::login_required("the refresh token is spent; log in again"));
            }
            server.used.lock().unwrap().insert(sent);
            live.insert(next.clone());
        }
        if let Some((_, after)) = &gates {
            after.notified().await;
        }
        server.stops.pass("answer").await;
        let scope = context.scopes().join(" ");
        let token = Token::new(format!("t{number}"))?
            .with_expires_in(Duration::from_mins(10))
            .with_scope(&scope);
        Ok(TokenSet::new(token).with_refresh_token(next.into()))
    }
}

impl InteractiveSource for Rotating {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn session(&self) -> SessionPolicy<'_> {
        let _ = (&self.audience, &self.scope, &self.url, &self.client_id, &self.username);
        self._refresh_token.as_ref().map_or(SessionPolicy::Begun, SessionPolicy::From)
    }

    async fn revoke(&self, _context: &Context, grant: &TokenSet) -> Result<()> {
        let server = Arc::clone(&SERVERS.lock().unwrap()[self.server]);
        let refresh_token = grant.refresh_token().unwrap().expose().to_owned();
        server.live.lock().unwrap().remove(&refresh_token);
        server.revoked.lock().unwrap().push(refresh_token);
        Ok(())
    }

    fn needs_login(&self) -> bool {
        false
    }
}

pub(crate) struct Bench {
    pub(crate) server: Arc<Server>,
    pub(crate) number: usize,
    pub(crate) folder: TempDir,
    pub(crate) clock: ManualClock,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let server = Arc::new(Server::default());
        server.live.lock().unwrap().insert("r0".to_owned());
        let mut servers = SERVERS.lock().unwrap();
        servers.push(Arc::clone(&server));
        let number = servers.len() - 1;
        Self { server, number, folder: tempfile::tempdir().unwrap(), clock: ManualClock::new() }
    }

    pub(crate) fn loader(&self, more: &str) -> Loader {
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.rotating]\nserver = {}\n{more}\n",
            self.number
        );
        Loader::new()
            .environment(Environment::empty().state_directory(self.folder.path()))
            .clock(Clock::custom(self.clock.clone()))
            .defaults(&text)
    }

    /// Returns credentials as another process has them: they share only the store.
    pub(crate) fn process(&self, refresh_token: &str) -> Credentials {
        self.loader(&format!("refresh_token = '{refresh_token}'")).load().unwrap()
    }

    pub(crate) fn exchanges(&self) -> usize {
        self.server.exchanges.load(Ordering::SeqCst)
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("authn/tokens");
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    pub(crate) fn documents(&self) -> Vec<PathBuf> {
        let is_document = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
        self.files().into_iter().filter(is_document).collect()
    }

    pub(crate) fn document(&self) -> PathBuf {
        self.documents().remove(0)
    }

    /// Moves the clock past the refresh point and the end of the token.
    pub(crate) fn expire(&self) {
        self.clock.advance(Duration::from_mins(11));
    }
}

pub(crate) async fn token(credentials: &Credentials) -> String {
    credentials.token().await.unwrap().secret().to_owned()
}
