//! Programs that keep tokens themselves: they start with `adopt`, and `on_update` tells them of new ones.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use authn::{
    CacheOptions, Cached, Claims, Context, Credentials, Error, ErrorKind, InteractiveSource, Login,
    Result, SecretString, Token, TokenSet, TokenSource, Update,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, Lease, StoreKey, TokenStore},
    time::{Clock, ManualClock},
};
use rotating::{Bench, token};
use tokio::sync::Notify;

const LIFETIME: Duration = Duration::from_mins(10);

/// A server of many users that accepts each refresh token once.
#[derive(Clone, Debug, Default)]
struct Server(Arc<Mutex<Users>>);

#[derive(Debug, Default)]
struct Users {
    by_refresh_token: HashMap<String, usize>,
    by_access_token: HashMap<String, usize>,
    exchanges: usize,
}

impl Server {
    fn refresh_token(&self, user: usize) -> String {
        let refresh_token = format!("first-of-{user}");
        self.0.lock().unwrap().by_refresh_token.insert(refresh_token.clone(), user);
        refresh_token
    }

    fn user(&self, access_token: &str) -> usize {
        self.0.lock().unwrap().by_access_token[access_token]
    }

    fn exchanges(&self) -> usize {
        self.0.lock().unwrap().exchanges
    }
}

impl TokenSource for Server {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let sent = last.and_then(TokenSet::refresh_token);
        let sent = sent.ok_or_else(|| context.login_required("nobody is logged in"))?;
        let mut users = self.0.lock().unwrap();
        let user = users.by_refresh_token.remove(&*sent.expose());
        let user = user.ok_or_else(|| context.login_required("the refresh token is spent"))?;
        users.exchanges += 1;
        let number = users.exchanges;
        let (access, refresh) = (format!("t{number}"), format!("r{number}"));
        users.by_access_token.insert(access.clone(), user);
        users.by_refresh_token.insert(refresh.clone(), user);
        let token = Token::new(access)?.with_expires_in(LIFETIME);
        Ok(TokenSet::new(token).with_refresh_token(refresh.into()))
    }
}

impl InteractiveSource for Server {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        let token = Token::new("of-login")?.with_expires_in(LIFETIME);
        Ok(Some(TokenSet::new(token).with_refresh_token(self.refresh_token(7).into())))
    }
}

/// A row of a program's database.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    access_token: String,
    expires_at: SystemTime,
    refresh_token: String,
}

impl Row {
    fn of(tokens: &TokenSet) -> Self {
        Self {
            access_token: tokens.token().secret().to_owned(),
            expires_at: tokens.token().expires_at().unwrap(),
            refresh_token: secret(tokens.refresh_token()).unwrap(),
        }
    }

    fn tokens(&self) -> TokenSet {
        let token = Token::new(&self.access_token).unwrap().with_expires_at(self.expires_at);
        TokenSet::new(token).with_refresh_token(self.refresh_token.as_str().into())
    }
}

fn secret(secret: Option<&SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose().to_owned())
}

type Database = Arc<Mutex<BTreeMap<usize, Row>>>;

/// Starts as the program does: each user's credentials from its row.
async fn started(server: &Server, database: &Database, clock: &ManualClock) -> Vec<Credentials> {
    let mut all = Vec::new();
    let rows = database.lock().unwrap().clone();
    for (user, row) in rows {
        let database = Arc::clone(database);
        let credentials = Credentials::builder()
            .source(server.clone())
            .domain("api.example.com")
            .clock(Clock::custom(clock.clone()))
            .on_update(move |update: Update| {
                let database = Arc::clone(&database);
                async move {
                    tokio::task::yield_now().await;
                    let mut database = database.lock().unwrap();
                    let before = database.insert(user, Row::of(update.tokens())).unwrap();
                    let previous = secret(update.previous_refresh_token());
                    assert_eq!(previous.as_ref(), Some(&before.refresh_token));
                    let previous = update.previous_access_token().map(Token::secret);
                    assert_eq!(previous, Some(before.access_token.as_str()));
                    Ok(())
                }
            })
            .build()
            .unwrap();
        credentials.adopt(row.tokens()).await.unwrap();
        all.push(credentials);
    }
    all
}

#[tokio::test]
async fn two_hundred_users_keep_their_sessions_in_the_programs_database() {
    const USERS: usize = 200;
    let (server, clock, database) = (Server::default(), ManualClock::new(), Database::default());
    for user in 0..USERS {
        let row = Row {
            access_token: format!("expired-{user}"),
            expires_at: SystemTime::UNIX_EPOCH,
            refresh_token: server.refresh_token(user),
        };
        database.lock().unwrap().insert(user, row);
    }
    // How often each user's session has been renewed after each round. A start with valid tokens renews none.
    for rounds in [[1, 2], [2, 3], [3, 4]] {
        let all = started(&server, &database, &clock).await;
        for renewals in rounds {
            if server.exchanges() < renewals * USERS {
                clock.advance(Duration::from_mins(11));
            }
            let calls: Vec<_> = (0..USERS * 3)
                .map(|call| {
                    let credentials = all[call % USERS].clone();
                    tokio::spawn(async move { (call % USERS, token(&credentials).await) })
                })
                .collect();
            for call in calls {
                let (user, token) = call.await.unwrap();
                assert_eq!(server.user(&token), user);
                assert_eq!(database.lock().unwrap()[&user].access_token, token);
            }
            assert_eq!(server.exchanges(), renewals * USERS);
        }
    }
}

#[tokio::test]
async fn a_set_that_is_adopted_replaces_the_last_session_and_rotates() {
    let (server, clock) = (Server::default(), ManualClock::new());
    let builder = Credentials::builder().source(server.clone()).origin("*");
    let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
    let later = clock_time(&clock) + LIFETIME;
    for user in [1, 2] {
        let row = Row {
            access_token: format!("held-of-{user}"),
            expires_at: later,
            refresh_token: server.refresh_token(user),
        };
        credentials.adopt(row.tokens().with_kept("key", "k1".into())).await.unwrap();
        assert_eq!(token(&credentials).await, row.access_token);
        let status = credentials.status().await.unwrap();
        assert!(status.has_refresh_token && status.is_authenticated());
    }
    for _ in 0..3 {
        clock.advance(Duration::from_mins(11));
        assert_eq!(server.user(&token(&credentials).await), 2);
    }
    // Its own scopes start with a token that is theirs.
    let scoped = credentials.with_scope(&["a"]);
    scoped.adopt(Token::new("scoped").unwrap().into()).await.unwrap();
    assert_eq!(token(&scoped).await, "scoped");
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
    credentials.close().await;
    let error = credentials.adopt(Token::new("late").unwrap().into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

fn clock_time(clock: &ManualClock) -> SystemTime {
    use authn::time::Time as _;
    clock.now().wall()
}

#[tokio::test]
async fn a_set_that_is_adopted_is_stored_for_every_process() {
    let bench = Bench::new();
    let (one, other) = (bench.process("r0"), bench.process("r0"));
    assert_eq!(token(&one).await, "t1");
    bench.server.live.lock().unwrap().insert("held-refresh".to_owned());
    let expired = Token::new("expired").unwrap().with_expires_at(SystemTime::UNIX_EPOCH);
    let tokens = TokenSet::new(expired).with_refresh_token("held-refresh".into());
    one.adopt(tokens).await.unwrap();
    assert_eq!(token(&other).await, "t2", "by the refresh token that was adopted");
    assert!(bench.server.used.lock().unwrap().contains("held-refresh"));
    assert_eq!(token(&one).await, "t2");
    assert_eq!(bench.exchanges(), 2);
}

#[tokio::test]
async fn another_users_set_is_refused_and_the_session_stays() {
    let server = Server::default();
    let options = CacheOptions::default().with_expected_username("alice");
    let cached = Cached::with_options(server.clone(), options);
    let credentials = Credentials::builder().provider(cached).origin("*").build().unwrap();
    let of = |name: &str| {
        let claims = Claims::new([("sub".to_owned(), name.to_owned())]);
        TokenSet::new(Token::new(format!("of-{name}")).unwrap()).with_claims(claims)
    };
    credentials.adopt(of("alice")).await.unwrap();
    for refused in [of("bob"), TokenSet::new(Token::new("of-nobody").unwrap())] {
        let error = credentials.adopt(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    }
    assert_eq!(token(&credentials).await, "of-alice");
}

/// What the program was told, and how often it fails first.
#[derive(Clone, Default)]
struct Program {
    told: Arc<Mutex<Vec<String>>>,
    failures: Arc<AtomicUsize>,
}

impl Program {
    fn take(&self, update: &Update) -> Result<()> {
        let refresh_token = secret(update.tokens().refresh_token()).unwrap_or_default();
        let previous = secret(update.previous_refresh_token()).unwrap_or_default();
        let (profile, key) = (update.profile().unwrap_or("-"), update.key());
        self.told.lock().unwrap().push(format!("{previous}>{refresh_token} {profile} {key}"));
        assert!(!format!("{update:?}").contains(&refresh_token));
        let fails = |failures: usize| failures.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(Error::store("the database is down").with_help("start it"));
        }
        Ok(())
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

#[tokio::test]
async fn an_error_of_the_program_is_the_exchanges_and_nothing_is_lost() {
    for (store, is_async) in [("memory", false), ("memory", true), ("file", false), ("file", true)]
    {
        let (bench, program) = (Bench::new(), Program::default());
        let text = format!(
            "refresh_token = 'r0'\nstore = '{store}'\n[profile.work.credentials.rotating]\naudience = 'a'"
        );
        let loader = bench.loader(&text).profile("work");
        let callee = program.clone();
        let loader = if is_async {
            loader.on_update(move |update| {
                let callee = callee.clone();
                async move {
                    tokio::task::yield_now().await;
                    callee.take(&update)
                }
            })
        } else {
            loader.on_update_sync(move |update| callee.take(update))
        };
        let credentials = loader.load().unwrap();
        let key = "work credentials.rotating";
        program.failures.store(2, Ordering::SeqCst);
        for _ in 0..2 {
            let error = credentials.token().await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Store, "the database is down"));
            assert!(credentials.try_token().is_none(), "{store}: it was not handed out");
            bench.clock.advance(Duration::from_mins(1));
        }
        assert_eq!(program.told(), [format!("r0>r1 {key}"), format!("r0>r1 {key}")]);
        // Another set of scopes must not overtake it.
        program.failures.store(1, Ordering::SeqCst);
        let scoped = credentials.with_scope(&["a"]);
        assert_eq!(scoped.token().await.unwrap_err().kind(), ErrorKind::Store);
        bench.clock.advance(Duration::from_mins(1));
        assert_eq!(bench.exchanges(), 1, "{store}: no exchange starts before it has succeeded");
        assert_eq!(token(&scoped).await, "t2");
        assert_eq!(
            program.told(),
            [format!("r0>r1 {key}"), format!("r0>r1 {key}"), format!("r1>r2 {key}")]
        );
        assert_eq!(token(&credentials).await, "t1", "{store}: without another exchange");
        // While the old token is valid, a failure is not noticed by callers.
        program.failures.store(1, Ordering::SeqCst);
        assert_eq!(credentials.refresh().await.unwrap_err().kind(), ErrorKind::Store);
        assert_eq!(token(&credentials).await, "t1");
        bench.clock.advance(Duration::from_mins(1));
        assert_eq!(credentials.refresh().await.unwrap().secret(), "t4");
        let told = program.told();
        let expected = ["r2>r3", "r2>r3", "r3>r4"].map(|change| format!("{change} {key}"));
        assert_eq!(told, expected, "{store}");
    }
}

#[tokio::test]
async fn a_stored_token_that_was_not_accepted_is_not_adopted_by_its_process() {
    let (bench, program) = (Bench::new(), Program::default());
    program.failures.store(1, Ordering::SeqCst);
    let callee = program.clone();
    let loader = bench.loader("refresh_token = 'r0'");
    let credentials = loader.on_update_sync(move |update| callee.take(update)).load().unwrap();
    credentials.token().await.unwrap_err();
    // Another process renews the session, and reports that itself.
    bench.expire();
    assert_eq!(token(&bench.process("r0")).await, "t2");
    assert_eq!(token(&credentials).await, "t2");
    assert_eq!(program.told().len(), 1, "the set that it replaces is not reported any more");
}

#[derive(Debug)]
struct NoPrompt;

impl Prompt for NoPrompt {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok("".into())
    }

    fn progress(&self, _: &Progress) {}
}

#[tokio::test]
async fn a_login_is_reported_and_what_the_program_has_is_not() {
    let (server, program, clock) = (Server::default(), Program::default(), ManualClock::new());
    let (first, second) = (program.clone(), program.clone());
    let cached =
        Cached::interactive(server.clone()).on_update_sync(move |update| first.take(update));
    let credentials = Credentials::builder()
        .provider(cached)
        .origin("*")
        .clock(Clock::custom(clock.clone()))
        .on_update_sync(move |update| second.take(update))
        .build()
        .unwrap();
    let held = TokenSet::new(Token::new("held").unwrap()).with_refresh_token("held-r".into());
    credentials.adopt(held).await.unwrap();
    assert_eq!(program.told(), <[String; 0]>::default());
    credentials.login(Login::new(NoPrompt)).await.unwrap();
    assert_eq!(program.told(), [">first-of-7 - ", ">first-of-7 - "], "both functions are called");
    // The user is logged in although the program failed.
    program.failures.store(1, Ordering::SeqCst);
    let error = credentials.login(Login::new(NoPrompt)).await.unwrap_err();
    assert_eq!(error.message(), "the database is down");
    assert!(credentials.try_token().is_none());
    assert_eq!(token(&credentials).await, "of-login");
    assert_eq!(program.told().len(), 3);
    // A logout drops what was not accepted.
    program.failures.store(1, Ordering::SeqCst);
    credentials.login(Login::new(NoPrompt)).await.unwrap_err();
    credentials.logout().await.unwrap();
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
    assert_eq!(program.told().len(), 1);
}

#[tokio::test]
async fn a_program_that_panics_fails_the_exchange_and_is_asked_again() {
    for how in ["in the future", "before the future", "on its thread"] {
        panics_at_first(how).await;
    }
}

async fn panics_at_first(how: &str) {
    let (server, calls) = (Server::default(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    let clock = ManualClock::new();
    let work = move || assert!(count.fetch_add(1, Ordering::SeqCst) > 0, "a fault");
    let builder = Credentials::builder().source(server.clone()).origin("*");
    let builder = builder.clock(Clock::custom(clock.clone()));
    let builder = match how {
        "in the future" => builder.on_update(move |_| {
            let work = work.clone();
            async move {
                work();
                Ok(())
            }
        }),
        "before the future" => builder.on_update(move |_| {
            work();
            async { Ok(()) }
        }),
        _ => builder.on_update_sync(move |_| {
            work();
            Ok(())
        }),
    };
    let credentials = builder.build().unwrap();
    let expired = Token::new("old").unwrap().with_expires_at(SystemTime::UNIX_EPOCH);
    let refresh_token = server.refresh_token(1);
    let held = TokenSet::new(expired).with_refresh_token(refresh_token.into());
    credentials.adopt(held).await.unwrap();
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{how}");
    assert_eq!(error.message(), "the function of `on_update` panicked", "{how}");
    clock.advance(Duration::from_mins(1));
    assert_eq!(token(&credentials).await, "t1");
    assert_eq!((server.exchanges(), calls.load(Ordering::SeqCst)), (1, 2));
}

#[tokio::test]
async fn closures_get_their_last_token_set() {
    use authn::hooks::Hook;
    let next = |context: &Context| {
        let last = secret(context.last().and_then(TokenSet::refresh_token));
        let number = last.map_or(1, |last| last.parse::<u32>().unwrap() + 1);
        let tokens = TokenSet::new(Token::new(format!("t{number}"))?);
        Ok(tokens.with_refresh_token(number.to_string().as_str().into()))
    };
    let asynchronous = move |context: Context| async move { next(&context) };
    let builders = [
        Credentials::builder().source(Hook::sync(next)),
        Credentials::builder().source(Hook::new(asynchronous)),
        Credentials::builder().source(authn::from_fn(asynchronous)),
    ];
    for builder in builders {
        let credentials = builder.origin("*").build().unwrap();
        assert_eq!(token(&credentials).await, "t1");
        assert_eq!(credentials.refresh().await.unwrap().secret(), "t2");
        let held = TokenSet::new(Token::new("held").unwrap()).with_refresh_token("7".into());
        credentials.adopt(held).await.unwrap();
        assert_eq!(credentials.refresh().await.unwrap().secret(), "t8");
    }
}

/// A store whose answers to saves are held back, although it has saved.
#[derive(Clone, Debug, Default)]
struct Slow {
    documents: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
    holds_next: Arc<AtomicBool>,
    has_saved: Arc<Notify>,
    answers: Arc<Notify>,
}

impl TokenStore for Slow {
    async fn lock(&self, _: &StoreKey) -> Result<Lease> {
        Ok(Lease::new(()))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.documents.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let revision = self.load(key).await?.map_or(0, |document| document.revision);
        assert_eq!(revision, expected);
        self.documents.lock().unwrap().insert(key.clone(), document.clone());
        if self.holds_next.swap(false, Ordering::SeqCst) {
            self.has_saved.notify_one();
            self.answers.notified().await;
        }
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(self.documents.lock().unwrap().keys().cloned().collect())
    }
}

#[tokio::test]
async fn a_set_is_adopted_as_a_whole_although_its_caller_gives_up() {
    let (bench, store) = (Bench::new(), Slow::default());
    let loader = bench.loader("store = 'slow'").store("slow", store.clone());
    let credentials = loader.load().unwrap();
    let of = |user: &str| {
        bench.server.live.lock().unwrap().insert(format!("refresh-{user}"));
        let token = Token::new(user).unwrap().with_expires_in(LIFETIME);
        TokenSet::new(token).with_refresh_token(format!("refresh-{user}").into())
    };
    credentials.adopt(of("alice")).await.unwrap();
    assert_eq!(token(&credentials).await, "alice");
    store.holds_next.store(true, Ordering::SeqCst);
    let mut adopting = Box::pin(credentials.adopt(of("bob")));
    tokio::select! {
        result = &mut adopting => panic!("{result:?}"),
        () = store.has_saved.notified() => {}
    }
    drop(adopting);
    store.answers.notify_one();
    // It waits for the one that is under way.
    assert_eq!(token(&credentials.with_scope(&["other"])).await, "t1");
    assert!(bench.server.used.lock().unwrap().contains("refresh-bob"));
    assert_eq!(token(&credentials).await, "bob", "the session in the store is of bob");
}

#[tokio::test]
async fn after_a_logout_a_login_replaces_no_token_of_another_user() {
    let previous = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&previous);
    let credentials = Credentials::builder()
        .interactive(Server::default())
        .origin("*")
        .on_update_sync(move |update| {
            let replaced = update.previous_access_token().map(|token| token.secret().to_owned());
            told.lock().unwrap().push(replaced);
            Ok(())
        })
        .build()
        .unwrap();
    let held = Token::new("of-alice").unwrap();
    credentials.adopt(held.clone().into()).await.unwrap();
    credentials.invalidate(&credentials.token().await.unwrap());
    credentials.logout().await.unwrap();
    credentials.login(Login::new(NoPrompt)).await.unwrap();
    assert_eq!(*previous.lock().unwrap(), [None]);
}
