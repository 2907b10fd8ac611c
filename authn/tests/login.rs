//! Logins: one at a time, their users, and what replaces them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use authn::{
    Claims, Context, Credentials, Environment, ErrorKind, InteractiveSource, Loader, Login,
    LoginOutcome, Result, SecretString, SessionPolicy, Token, TokenSet, TokenSource, Url,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use tempfile::TempDir;
use tokio::{sync::Notify, time::timeout};

/// By how many seconds the clock of each server is ahead.
const AHEAD: u64 = 90;

/// A server that returns tokens for a user's name.
#[derive(Default)]
struct Server {
    exchanges: AtomicUsize,
    /// Where the exchange of a login waits if a test delays it: it reports its start, and waits to continue.
    gates: Mutex<Option<(Arc<Notify>, Arc<Notify>)>>,
}

static SERVERS: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());

/// Logs in any user who types a name.
#[authn::token_provider("door", cached, login)]
struct Door {
    /// Name of the server.
    server: usize,
    /// Scopes.
    scope: Option<String>,
    /// A secret.
    knocker: Option<String>,
    /// Another option.
    audience: Option<String>,
}

impl Door {
    fn grant(&self, context: &Context, name: &str) -> Result<TokenSet> {
        let server = Arc::clone(&SERVERS.lock().unwrap()[self.server]);
        let number = server.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        let token =
            Token::new(format!("{name}-{number}"))?.with_expires_in(Duration::from_mins(10));
        let date = context.clock().now().wall() + Duration::from_secs(AHEAD);
        Ok(TokenSet::new(token).with_refresh_token(name.into()).with_server_date(date))
    }
}

impl TokenSource for Door {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let _ = (&self.scope, &self.knocker, &self.audience);
        match last.and_then(TokenSet::refresh_token) {
            Some(name) => self.grant(context, &name.expose()),
            None => Err(context.login_required("no user is logged in")),
        }
    }
}

impl InteractiveSource for Door {
    async fn login(&self, context: &Context, login: &Login) -> Result<Option<TokenSet>> {
        let name = login.ask(&Question::new("name")).await?;
        login.progress(&Progress::Exchanging);
        let gates = SERVERS.lock().unwrap()[self.server].gates.lock().unwrap().clone();
        if let Some((begun, go_on)) = gates {
            begun.notify_one();
            go_on.notified().await;
        }
        let name = name.expose();
        let claims = [("sub", &*name), ("upn", "u-1")];
        let claims = claims.map(|(claim, value)| (claim.to_owned(), value.to_owned()));
        Ok(Some(self.grant(context, &name)?.with_claims(Claims::new(claims))))
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }

    fn login_options(&self) -> &'static [&'static str] {
        &["knocker"]
    }
}

/// Needs no user.
#[authn::token_provider("machine", cached)]
struct Machine {}

impl TokenSource for Machine {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new("abc")?.into())
    }
}

/// A user who types a name when the test allows it.
#[derive(Debug)]
struct Person {
    name: &'static str,
    asked: Notify,
    speaks: Notify,
    times_asked: AtomicUsize,
    other_login: Notify,
    ended: AtomicUsize,
}

impl Person {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            asked: Notify::new(),
            speaks: Notify::new(),
            times_asked: AtomicUsize::new(0),
            other_login: Notify::new(),
            ended: AtomicUsize::new(0),
        })
    }

    /// A user who answers at once.
    fn ready(name: &'static str) -> Arc<Self> {
        let person = Self::new(name);
        person.speaks.notify_one();
        person
    }
}

#[derive(Clone, Debug)]
struct Asks(Arc<Person>);

impl Prompt for Asks {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        self.0.times_asked.fetch_add(1, Ordering::SeqCst);
        self.0.asked.notify_one();
        self.0.speaks.notified().await;
        Ok(self.0.name.into())
    }

    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::OtherLogin => self.0.other_login.notify_one(),
            Progress::Ended => drop(self.0.ended.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        }
    }
}

fn by(person: &Arc<Person>) -> Login {
    Login::new(Asks(Arc::clone(person)))
}

/// Starts a login that runs at the same time as the test.
fn begin(
    credentials: &Credentials,
    person: &Arc<Person>,
) -> tokio::task::JoinHandle<Result<LoginOutcome>> {
    let (credentials, login) = (credentials.clone(), by(person));
    tokio::spawn(async move { credentials.login(login).await })
}

struct Bench {
    server: Arc<Server>,
    number: usize,
    folder: TempDir,
    clock: ManualClock,
}

impl Bench {
    /// Waits until a caller notices the other login, while the clock moves on.
    async fn until_noticed(&self, person: &Person) {
        let mut noticed = pin!(person.other_login.notified());
        while timeout(Duration::from_millis(1), noticed.as_mut()).await.is_err() {
            self.clock.advance(Duration::from_millis(200));
        }
    }

    fn new() -> Self {
        let server = Arc::<Server>::default();
        let mut servers = SERVERS.lock().unwrap();
        servers.push(Arc::clone(&server));
        let number = servers.len() - 1;
        Self { server, number, folder: tempfile::tempdir().unwrap(), clock: ManualClock::new() }
    }

    fn loader(&self, app: &str, more: &str) -> Loader {
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.door]\nserver = {}\n{more}\n",
            self.number
        );
        Loader::app(app)
            .environment(Environment::empty().state_directory(self.folder.path()))
            .clock(Clock::custom(self.clock.clone()))
            .defaults(&text)
    }

    /// Returns credentials as another process has them: they share only the store.
    fn process(&self) -> Credentials {
        self.with("")
    }

    fn with(&self, more: &str) -> Credentials {
        self.loader("authn", more).load().unwrap()
    }

    fn hold_exchanges(&self) -> (Arc<Notify>, Arc<Notify>) {
        let gates = (Arc::<Notify>::default(), Arc::<Notify>::default());
        *self.server.gates.lock().unwrap() = Some(gates.clone());
        gates
    }
}

#[tokio::test]
async fn a_login_is_used_by_every_process_and_has_a_username() {
    let bench = Bench::new();
    let credentials = bench.process();
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    let person = Person::ready("alice");
    assert_eq!(credentials.login(by(&person)).await.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(credentials.token().await.unwrap().secret(), "alice-1");
    assert_eq!(person.ended.load(Ordering::SeqCst), 1);

    let other = bench.process();
    assert_eq!(other.token().await.unwrap().secret(), "alice-1");
    bench.clock.advance(Duration::from_mins(11));
    assert_eq!(other.token().await.unwrap().secret(), "alice-2", "refreshed without asking");
    for credentials in [credentials, other] {
        let status = credentials.status().await.unwrap();
        assert_eq!(status.username.as_deref(), Some("alice"), "also after a refresh");
        assert!(status.has_refresh_token);
        assert_eq!(status.store.as_deref(), Some("file"));
        assert_eq!(status.server_clock_ahead, Some(i64::try_from(AHEAD).unwrap()));
    }
}

#[tokio::test]
async fn only_one_of_two_processes_logs_in() {
    let bench = Bench::new();
    let (first, second) = (bench.process(), bench.process());
    let (person, other) = (Person::new("alice"), Person::ready("bob"));
    let login = begin(&first, &person);
    person.asked.notified().await;
    let waits = begin(&second, &other);
    bench.until_noticed(&other).await;
    person.speaks.notify_one();
    assert_eq!(login.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(waits.await.unwrap().unwrap(), LoginOutcome::ByAnother);
    assert_eq!(other.times_asked.load(Ordering::SeqCst), 0);
    assert_eq!(second.token().await.unwrap().secret(), "alice-1");
}

#[tokio::test]
async fn only_one_of_two_callers_without_a_store_logs_in() {
    let bench = Bench::new();
    let credentials = bench.with("store = 'memory'");
    let (person, other) = (Person::new("alice"), Person::ready("bob"));
    let login = begin(&credentials, &person);
    person.asked.notified().await;
    let waits = begin(&credentials, &other);
    bench.until_noticed(&other).await;
    person.speaks.notify_one();
    assert_eq!(login.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(waits.await.unwrap().unwrap(), LoginOutcome::ByAnother);
    assert_eq!(credentials.token().await.unwrap().secret(), "alice-1");
    let status = credentials.status().await.unwrap();
    assert_eq!(status.username.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_caller_that_waits_for_a_login_that_fails_logs_in_itself() {
    let bench = Bench::new();
    let (first, second) = (bench.process(), bench.process());
    let (person, other) = (Person::new("alice"), Person::ready("bob"));
    let login = begin(&first, &person);
    person.asked.notified().await;
    let waits = begin(&second, &other);
    bench.until_noticed(&other).await;
    login.abort();
    assert_eq!(waits.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(second.token().await.unwrap().secret(), "bob-1");
}

#[tokio::test]
async fn a_refresh_of_another_process_is_not_a_login() {
    let bench = Bench::new();
    bench.process().login(by(&Person::ready("alice"))).await.unwrap();
    let (first, second) = (bench.process(), bench.process());
    let (person, other) = (Person::new("carol"), Person::ready("bob"));
    let login = begin(&first, &person);
    person.asked.notified().await;
    let waits = begin(&second, &other);
    bench.until_noticed(&other).await;
    bench.clock.advance(Duration::from_mins(11));
    assert_eq!(bench.process().token().await.unwrap().secret(), "alice-2");
    login.abort();
    assert_eq!(waits.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(second.token().await.unwrap().secret(), "bob-3");
}

#[tokio::test]
async fn a_logout_beats_a_login() {
    for (more, elsewhere) in [("", true), ("", false), ("store = 'memory'", false)] {
        let bench = Bench::new();
        let credentials = bench.with(more);
        let person = Person::ready("alice");
        credentials.login(by(&person)).await.unwrap();

        let (begun, go_on) = bench.hold_exchanges();
        let login = tokio::spawn({
            let credentials = credentials.clone();
            async move { credentials.login(by(&Person::ready("bob"))).await }
        });
        begun.notified().await;
        let who = if elsewhere { bench.with(more) } else { credentials.clone() };
        who.logout().await.unwrap();
        go_on.notify_one();
        let error = login.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        // A process with a cached token does not notice the logout of another process.
        let now = if elsewhere { bench.with(more) } else { credentials };
        let error = now.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "no token is stored: {error}");
        assert!(!now.status().await.unwrap().has_refresh_token);
    }
}

#[tokio::test]
async fn a_refresh_meanwhile_is_replaced() {
    let bench = Bench::new();
    let credentials = bench.process();
    credentials.login(by(&Person::ready("alice"))).await.unwrap();
    let person = Person::new("bob");
    let login = begin(&credentials, &person);
    person.asked.notified().await;
    bench.clock.advance(Duration::from_mins(11));
    assert_eq!(bench.process().token().await.unwrap().secret(), "alice-2");
    person.speaks.notify_one();
    assert_eq!(login.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(bench.process().token().await.unwrap().secret(), "bob-3");
}

#[tokio::test]
async fn no_user_is_waited_for_once_the_caller_has_gone() {
    let bench = Bench::new();
    let credentials = bench.process();
    let person = Person::new("alice");
    let login = begin(&credentials, &person);
    person.asked.notified().await;
    login.abort();
    let other = Person::ready("bob");
    assert_eq!(credentials.login(by(&other)).await.unwrap(), LoginOutcome::LoggedIn);
    assert_eq!(person.ended.load(Ordering::SeqCst), 1);
    assert_eq!(credentials.token().await.unwrap().secret(), "bob-1");
}

#[tokio::test]
async fn the_servers_tokens_are_stored_even_if_the_caller_has_gone() {
    let bench = Bench::new();
    let credentials = bench.process();
    let (begun, go_on) = bench.hold_exchanges();
    let login = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.login(by(&Person::ready("alice"))).await }
    });
    begun.notified().await;
    login.abort();
    assert!(login.await.unwrap_err().is_cancelled());
    go_on.notify_one();
    credentials.close().await;
    assert_eq!(bench.process().token().await.unwrap().secret(), "alice-1");
}

#[tokio::test]
async fn no_login_starts_after_the_close() {
    let bench = Bench::new();
    let credentials = bench.process();
    let person = Person::new("alice");
    let first = begin(&credentials, &person);
    person.asked.notified().await;
    let waiting = {
        let credentials = credentials.clone();
        tokio::spawn(async move { credentials.login(by(&Person::ready("bob"))).await })
    };
    first.abort();
    credentials.close().await;
    let late = credentials.login(by(&Person::ready("carol"))).await;
    for outcome in [waiting.await.unwrap(), late] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn another_user_than_the_expected_is_refused_and_the_session_stays() {
    let bench = Bench::new();
    let credentials = bench.with("expected_username = 'alice'");
    credentials.login(by(&Person::ready("alice"))).await.unwrap();
    let error = credentials.login(by(&Person::ready("mallory"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(!error.to_string().contains("mallory") && !error.to_string().contains("alice"));
    assert_eq!(credentials.token().await.unwrap().secret(), "alice-1");

    let of_bob = bench.with("expected_username = 'bob'");
    let error = of_bob.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "alice's session is not bob's");
    assert!(of_bob.status().await.unwrap().username.is_none());

    let by_claim = bench.with("expected_username = 'u-1'\nusername_claim = 'upn'");
    by_claim.login(by(&Person::ready("carol"))).await.unwrap();
    assert_eq!(by_claim.token().await.unwrap().secret(), "carol-3");
    let no_claim = bench.with("expected_username = 'u-1'\nusername_claim = 'nickname'");
    let error = no_claim.login(by(&Person::ready("carol"))).await.unwrap_err();
    assert!(error.to_string().contains("`username_claim`"), "{error}");
}

#[tokio::test]
async fn no_scope_has_the_last_users_token() {
    let bench = Bench::new();
    let credentials = bench.process();
    let narrow = credentials.with_scope(&["read"]);
    credentials.login(by(&Person::ready("alice"))).await.unwrap();
    assert_eq!(narrow.token().await.unwrap().secret(), "alice-2");
    credentials.login(by(&Person::ready("bob"))).await.unwrap();
    assert_eq!(narrow.token().await.unwrap().secret(), "bob-4");
    assert_eq!(bench.process().with_scope(&["read"]).token().await.unwrap().secret(), "bob-4");
}

#[tokio::test]
async fn a_session_outlives_a_change_of_the_login_options() {
    let bench = Bench::new();
    bench.process().login(by(&Person::ready("alice"))).await.unwrap();
    let changed = bench.with("knocker = 'iron'");
    assert_eq!(changed.token().await.unwrap().secret(), "alice-1");
    let other = bench.with("audience = 'elsewhere'");
    assert_eq!(other.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[tokio::test]
async fn no_user_is_asked_if_none_is_needed() {
    let loader = Loader::new().environment(Environment::empty());
    let credentials = loader.defaults("[credentials.machine]").load().unwrap();
    let person = Person::ready("alice");
    assert_eq!(credentials.login(by(&person)).await.unwrap(), LoginOutcome::NotNeeded);
    assert_eq!(person.times_asked.load(Ordering::SeqCst), 0);
    assert!(credentials.probe().await.unwrap().is_none());
}

#[tokio::test]
async fn the_error_names_the_command() {
    let bench = Bench::new();
    let message =
        |loader: Loader| async { loader.load().unwrap().token().await.unwrap_err().to_string() };
    assert_eq!(
        message(bench.loader("authn", "")).await,
        "no user is logged in; log in with `authn login`"
    );
    let profile = "[profile.\"the team\".credentials]\ndomain = 'a.example'";
    let loader = bench.loader("fdt", profile).profile("the team").without_project();
    assert_eq!(
        message(loader.set("credentials.scheme=https")).await,
        "no user is logged in; log in with \
         `authn --app fdt login --profile 'the team' --set credentials.scheme=… --no-project`"
    );
}

#[test]
fn code_without_a_runtime_logs_in_too() {
    let bench = Bench::new();
    let credentials = authn::blocking::Credentials::from(bench.process());
    let outcome = credentials.login(by(&Person::ready("alice"))).unwrap();
    assert_eq!(outcome, LoginOutcome::LoggedIn);
    assert_eq!(credentials.token().unwrap().secret(), "alice-1");
}

/// Panics or blocks the thread when it is asked.
#[derive(Debug)]
enum Rude {
    Panics,
    PanicsAtTheEnd,
    Blocks(Arc<Notify>, Mutex<mpsc::Receiver<()>>),
}

/// A rude user; it counts the ends of its logins.
#[derive(Debug)]
struct Visitor(Rude, Arc<AtomicUsize>);

impl Prompt for Visitor {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        match &self.0 {
            Rude::Panics => panic!("a fault in the prompt"),
            Rude::PanicsAtTheEnd => {}
            Rude::Blocks(begun, go_on) => {
                begun.notify_one();
                go_on.lock().unwrap().recv().unwrap();
            }
        }
        Ok("alice".into())
    }

    fn progress(&self, progress: &Progress) {
        if matches!(progress, Progress::Ended) {
            self.1.fetch_add(1, Ordering::SeqCst);
            assert!(!matches!(self.0, Rude::PanicsAtTheEnd), "a fault in the prompt");
        }
    }
}

#[tokio::test]
async fn the_end_is_reported_whatever_panics() {
    for (rude, is_logged_in) in [(Rude::Panics, false), (Rude::PanicsAtTheEnd, true)] {
        let bench = Bench::new();
        let credentials = bench.process();
        let ends = Arc::<AtomicUsize>::default();
        let outcome = credentials.login(Login::new(Visitor(rude, Arc::clone(&ends)))).await;
        assert_eq!(outcome.is_ok(), is_logged_in);
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert_eq!(error.message(), "the prompt panicked in `ask`");
        }
        assert_eq!(ends.load(Ordering::SeqCst), 1);
        // No lock is held any more.
        credentials.login(by(&Person::ready("bob"))).await.unwrap();
    }
}

/// Calls each function of a prompt.
#[derive(Debug)]
struct Shows;

impl TokenSource for Shows {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("nobody is logged in"))
    }
}

impl InteractiveSource for Shows {
    async fn login(&self, _: &Context, login: &Login) -> Result<Option<TokenSet>> {
        let page = Url::parse("https://login.example.com/").unwrap();
        login.show_link(&Link::new(page.clone()));
        login.show_code(&UserCode::new("BCDF-GHJK", page));
        login.progress(&Progress::Exchanging);
        login.ask(&Question::new("Name")).await?;
        panic!("CNRY in the provider")
    }
}

/// Panics in one function.
#[derive(Debug)]
struct Faulty(&'static str);

impl Faulty {
    fn enter(&self, function: &str) {
        assert!(self.0 != function, "CNRY in the prompt");
    }
}

impl Prompt for Faulty {
    fn show_link(&self, _: &Link) {
        self.enter("show_link");
    }

    fn show_code(&self, _: &UserCode) {
        self.enter("show_code");
    }

    fn ask(&self, _: &Question) -> impl Future<Output = Result<SecretString>> + Send {
        self.enter("ask");
        async { Ok("alice".into()) }
    }

    fn progress(&self, _: &Progress) {
        self.enter("progress");
    }
}

#[tokio::test]
async fn the_error_of_a_panic_names_who_panicked() {
    for (function, expected) in [
        ("show_link", "the prompt panicked in `show_link`"),
        ("show_code", "the prompt panicked in `show_code`"),
        ("progress", "the prompt panicked in `progress`"),
        ("ask", "the prompt panicked in `ask`"),
        ("", "the provider panicked during the login"),
    ] {
        let credentials = Credentials::builder().interactive(Shows).origin("*").build().unwrap();
        let by_itself = credentials.with_login(Login::new(Faulty(function)));
        let errors = [
            credentials.login(Login::new(Faulty(function))).await.unwrap_err(),
            by_itself.token().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.message()), (ErrorKind::Internal, expected));
            assert!(error.help().is_some() && !format!("{error:?}").contains("CNRY"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_prompt_that_blocks_delays_no_other_caller() {
    let bench = Bench::new();
    let other = Bench::new();
    other.process().login(by(&Person::ready("bob"))).await.unwrap();
    other.clock.advance(Duration::from_mins(11));
    let (go_on, waits) = mpsc::channel();
    let begun = Arc::<Notify>::default();
    let login = tokio::spawn({
        let rude = Rude::Blocks(Arc::clone(&begun), Mutex::new(waits));
        let visitor = Visitor(rude, Arc::default());
        let credentials = bench.process();
        async move { credentials.login(Login::new(visitor)).await }
    });
    begun.notified().await;
    assert_eq!(other.process().token().await.unwrap().secret(), "bob-2");
    go_on.send(()).unwrap();
    assert_eq!(login.await.unwrap().unwrap(), LoginOutcome::LoggedIn);
}

/// Logs a user in with these tokens, or with none.
#[derive(Debug)]
struct Given(Option<TokenSet>);

impl TokenSource for Given {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        last.ok_or_else(|| context.login_required("no user is logged in"))?;
        Ok(Token::new("renewed")?.with_expires_in(Duration::from_mins(10)).into())
    }
}

impl InteractiveSource for Given {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(self.0.clone())
    }
}

fn given(tokens: Option<TokenSet>) -> Credentials {
    Credentials::builder().interactive(Given(tokens)).origin("*").build().unwrap()
}

#[tokio::test]
async fn a_login_whose_first_token_has_expired_is_a_login_if_it_has_a_session() {
    let expired = || Token::new("old").unwrap().with_expires_at(std::time::SystemTime::UNIX_EPOCH);
    let credentials = given(Some(TokenSet::new(expired()).with_refresh_token("r".into())));
    let outcome = credentials.login(by(&Person::ready("alice"))).await.unwrap();
    assert_eq!(outcome, LoginOutcome::LoggedIn);
    assert_eq!(credentials.token().await.unwrap().secret(), "renewed");

    let error = given(Some(TokenSet::new(expired()))).login(by(&Person::ready("alice"))).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Expired, "nothing can renew it");
}

#[tokio::test]
async fn a_login_without_tokens_is_a_fault_of_a_provider_that_needs_one() {
    let error = given(None).login(by(&Person::ready("alice"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

/// Logs a user in with a token that says nothing of its end, as some servers issue it.
#[authn::token_provider("lasting", cached, login)]
struct Lasting {}

impl TokenSource for Lasting {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Lasting {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(Some(Token::new("lasting")?.into()))
    }
}

#[tokio::test]
async fn a_token_of_a_login_that_nothing_can_renew_is_used_until_it_is_refused() {
    for (options, is_kept) in
        [("", true), ("store = 'memory'", true), ("expires_in_fallback = '1m'", false)]
    {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let load = || {
            let text =
                format!("[credentials]\norigins = ['*']\n[credentials.lasting]\n{options}\n");
            let environment = Environment::empty().state_directory(folder.path());
            let loader = Loader::new().environment(environment).clock(Clock::custom(clock.clone()));
            loader.defaults(&text).load().unwrap()
        };
        let credentials = load();
        credentials.login(by(&Person::ready("alice"))).await.unwrap();
        clock.advance(Duration::from_hours(24 * 365));
        assert_eq!(credentials.token().await.is_ok(), is_kept, "{options}");
        assert_eq!(credentials.status().await.unwrap().has_token, is_kept, "{options}");
        if options.is_empty() {
            assert_eq!(load().token().await.unwrap().secret(), "lasting", "another process");
        }
        if is_kept {
            let token = credentials.token().await.unwrap();
            assert_eq!(token.expires_at(), None);
            credentials.invalidate(&token);
        }
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{options}");
    }
}
