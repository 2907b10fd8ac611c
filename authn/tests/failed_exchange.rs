//! Exchanges that return no usable token, but renew the session: the new refresh token is stored and sent next.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Cached, Claims, Context, Credentials, Environment, Error, ErrorKind, InteractiveSource, Loader,
    Login, Registry, Result, SecretString, SessionPolicy, Token, TokenSet, TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};

/// A server that accepts each refresh token once, and whose answers are unusable while a test says so.
#[derive(Default)]
struct Server {
    exchanges: usize,
    sent: Vec<Option<String>>,
    revoked: Vec<Option<String>>,
    is_unusable: bool,
}

static SERVERS: Mutex<Vec<Arc<Mutex<Server>>>> = Mutex::new(Vec::new());

/// Requests tokens from the test's server.
#[authn::token_provider("renewing", cached, login)]
struct Renewing {
    /// Name of the server.
    server: usize,
    /// First refresh token.
    _refresh_token: Option<SecretString>,
}

impl Renewing {
    fn server(&self) -> Arc<Mutex<Server>> {
        Arc::clone(&SERVERS.lock().unwrap()[self.server])
    }

    fn answer(&self) -> TokenSet {
        let server = self.server();
        let mut server = server.lock().unwrap();
        server.exchanges += 1;
        let number = server.exchanges;
        let tokens = if server.is_unusable {
            TokenSet::failed(Error::protocol("the answer has no access token"))
        } else {
            let token = Token::new(format!("t{number}")).unwrap();
            TokenSet::new(token.with_expires_in(Duration::from_mins(10)))
                .with_claims(Claims::new([("sub".to_owned(), "alice".to_owned())]))
        };
        tokens.with_refresh_token(format!("r{number}").into())
    }
}

impl TokenSource for Renewing {
    async fn request_token(&self, _: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let sent = last.and_then(TokenSet::refresh_token).or(self._refresh_token.as_ref());
        let sent = sent.map(|token| token.expose().to_owned());
        self.server().lock().unwrap().sent.push(sent);
        Ok(self.answer())
    }
}

impl InteractiveSource for Renewing {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(Some(self.answer()))
    }

    fn session(&self) -> SessionPolicy<'_> {
        self._refresh_token.as_ref().map_or(SessionPolicy::Begun, SessionPolicy::From)
    }

    async fn revoke(&self, _: &Context, tokens: &TokenSet) -> Result<()> {
        let revoked = tokens.refresh_token().map(|token| token.expose().to_owned());
        self.server().lock().unwrap().revoked.push(revoked);
        Ok(())
    }
}

struct Bench {
    number: usize,
    server: Arc<Mutex<Server>>,
    folder: tempfile::TempDir,
    clock: ManualClock,
}

impl Bench {
    fn new() -> Self {
        let server = Arc::<Mutex<Server>>::default();
        let mut servers = SERVERS.lock().unwrap();
        servers.push(Arc::clone(&server));
        let folder = tempfile::tempdir().unwrap();
        Self { number: servers.len() - 1, server, folder, clock: ManualClock::new() }
    }

    /// Returns credentials as another process has them: with a file they share the session.
    fn process(&self, options: &str) -> Credentials {
        let number = self.number;
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.renewing]\nserver = {number}\n{options}\n"
        );
        Loader::new()
            .registry(Registry::builder().register::<Renewing>().build().unwrap())
            .environment(Environment::empty().state_directory(self.folder.path()))
            .clock(Clock::custom(self.clock.clone()))
            .defaults(&text)
            .load()
            .unwrap()
    }

    fn fail(&self, is_unusable: bool) {
        self.server.lock().unwrap().is_unusable = is_unusable;
        // Past the token's life, and past the wait after a failure.
        self.clock.advance(Duration::from_mins(11));
    }

    fn sent(&self) -> Vec<String> {
        let sent = self.server.lock().unwrap().sent.clone();
        sent.into_iter().map(Option::unwrap_or_default).collect()
    }
}

async fn assert_fails(credentials: &Credentials) {
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.message(), "the answer has no access token");
}

#[tokio::test]
async fn the_next_exchange_sends_the_new_refresh_token() {
    for store in ["file", "memory"] {
        let bench = Bench::new();
        let options = format!("store = '{store}'\nrefresh_token = 'r0'");
        let kept = bench.process(&options);
        // In a file, the session is also another process's.
        let process = || if store == "file" { bench.process(&options) } else { kept.clone() };
        bench.fail(true);
        assert_fails(&process()).await;
        bench.fail(true);
        assert_fails(&process()).await;
        bench.fail(false);
        assert_eq!(process().token().await.unwrap().secret(), "t3");
        bench.fail(true);
        assert_fails(&process()).await;
        bench.fail(false);
        assert_eq!(process().token().await.unwrap().secret(), "t5");
        assert_eq!(bench.sent(), ["r0", "r1", "r2", "r3", "r4"], "{store}");
    }
}

#[tokio::test]
async fn a_session_without_an_access_token_can_be_revoked() {
    let bench = Bench::new();
    bench.fail(true);
    assert_fails(&bench.process("refresh_token = 'r0'")).await;
    bench.process("refresh_token = 'r0'").revoke().await.unwrap();
    assert_eq!(bench.server.lock().unwrap().revoked, [Some("r1".to_owned())]);
}

#[tokio::test]
async fn the_session_of_the_expected_user_stays_theirs() {
    let bench = Bench::new();
    let options = "refresh_token = 'r0'\nexpected_username = 'alice'\nusername_claim = 'sub'";
    bench.fail(false);
    assert_eq!(bench.process(options).token().await.unwrap().secret(), "t1");
    bench.fail(true);
    assert_fails(&bench.process(options)).await;
    bench.fail(false);
    assert_eq!(bench.process(options).token().await.unwrap().secret(), "t3");
    assert_eq!(bench.sent(), ["r0", "r1", "r2"]);
}

/// A user who is asked nothing.
#[derive(Debug)]
struct NotAsked;

impl Prompt for NotAsked {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(Error::cancelled("nothing is asked"))
    }

    fn progress(&self, _: &Progress) {}
}

#[tokio::test]
async fn a_login_without_a_usable_token_fails_and_the_last_session_stays() {
    let bench = Bench::new();
    let credentials = bench.process("store = 'file'");
    bench.fail(false);
    credentials.login(Login::new(NotAsked)).await.unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "t1");
    bench.fail(true);
    let error = credentials.login(Login::new(NotAsked)).await.unwrap_err();
    assert_eq!(error.message(), "the answer has no access token");
    bench.fail(false);
    assert_eq!(credentials.token().await.unwrap().secret(), "t3");
    assert_eq!(bench.sent(), ["r1"]);
}

/// Fails in the first exchange, with a new refresh token.
#[derive(Debug, Default)]
struct Twice(AtomicUsize);

impl TokenSource for Twice {
    async fn request_token(&self, _: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let sent = last.and_then(TokenSet::refresh_token);
        let sent = sent.map(|token| token.expose().to_owned()).unwrap_or_default();
        let tokens = match number {
            1 => TokenSet::failed(Error::protocol("no access token")),
            _ => TokenSet::new(Token::new(format!("t{number}-with-{sent}"))?),
        };
        Ok(tokens.with_refresh_token(format!("r{number}").into()))
    }
}

#[tokio::test]
async fn a_program_that_stores_tokens_itself_gets_the_new_refresh_token() {
    let updates = Arc::<Mutex<Vec<(String, bool)>>>::default();
    let cached = Cached::new(Twice::default()).on_update_sync({
        let updates = Arc::clone(&updates);
        move |update| {
            let tokens = update.tokens();
            let refresh_token = tokens.refresh_token().unwrap().expose().to_owned();
            updates.lock().unwrap().push((refresh_token, tokens.failure().is_some()));
            Ok(())
        }
    });
    let clock = ManualClock::new();
    let builder = Credentials::builder().provider(cached).clock(Clock::custom(clock.clone()));
    let credentials = builder.origin("*").build().unwrap();
    assert_eq!(credentials.token().await.unwrap_err().message(), "no access token");
    clock.advance(Duration::from_mins(11));
    assert_eq!(credentials.token().await.unwrap().secret(), "t2-with-r1");
    assert_eq!(*updates.lock().unwrap(), [("r1".to_owned(), true), ("r2".to_owned(), false)]);
}
