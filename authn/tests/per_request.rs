//! Exchanges of tokens that belong to the request being served: no user ever gets another user's token.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Bound, Context, Credentials, Environment, Error, ErrorKind, Loader, Request, Result, Token,
    TokenProvider, TokenSet, TokenSource,
    app_service::{scope, with_incoming},
    time::{Clock, ManualClock},
};
use http::{HeaderMap, HeaderValue};

/// Returns the token of the request that is being served.
#[authn::token_provider("brought")]
struct Brought {}

impl TokenProvider for Brought {
    async fn token(&self, context: &Context) -> Result<Token> {
        self.ready(context).ok_or_else(|| Error::not_applicable("no request is being served here"))
    }

    fn ready(&self, _: &Context) -> Option<Token> {
        let user = with_incoming(|incoming| incoming.headers().get("x-user").cloned())??;
        Token::new(user.to_str().ok()?).ok()
    }

    fn is_per_request(&self) -> bool {
        true
    }
}

/// Exchanges the tokens of others for a numbered token.
#[authn::token_provider("on_behalf", cached)]
struct OnBehalf {
    /// Name of the test.
    test: String,
    /// Whose.
    #[provider]
    subject: Credentials,
    /// Who acts.
    #[provider]
    actor: Option<Credentials>,
    /// Whom the server refuses.
    #[default(Vec::new())]
    refused: Vec<String>,
}

/// The exchanges of each test.
static EXCHANGES: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Returns whose tokens were exchanged.
fn exchanges(test: &str) -> Vec<String> {
    let all = EXCHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(test).cloned().unwrap_or_default()
}

impl TokenSource for OnBehalf {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let mut names = self.subject.token_for(context).await?.secret().to_owned();
        if let Some(actor) = &self.actor {
            names = format!("{names}-by-{}", actor.token_for(context).await?.secret());
        }
        if let Some(last) = last {
            assert!(last.token().secret().starts_with(&format!("for-{names}-")), "another's");
        }
        let number = {
            let mut all = EXCHANGES.lock().unwrap_or_else(PoisonError::into_inner);
            let own = all.entry(self.test.clone()).or_default();
            own.push(names.clone());
            own.len()
        };
        tokio::task::yield_now().await;
        if self.refused.contains(&names) {
            return Err(Error::refused("the server does not know this user"));
        }
        let scopes = context.scopes().join("+");
        let token = Token::new(format!("for-{names}-{scopes}-{number}"))?;
        Ok(TokenSet::new(token.with_expires_in(Duration::from_mins(10)))
            .with_refresh_token("must-not-be-shared".into()))
    }

    fn subjects(&self) -> Vec<&Bound> {
        self.actor.iter().chain([&self.subject]).map(Credentials::bound).collect()
    }
}

/// Passes on another's token and keeps nothing.
#[authn::token_provider("window")]
struct Window {
    /// Whose.
    #[provider]
    of: Credentials,
}

impl TokenProvider for Window {
    async fn token(&self, _: &Context) -> Result<Token> {
        self.of.token().await
    }
}

/// Caches another's token.
#[authn::token_provider("lid_over_request", cached)]
struct Lid {
    #[inner]
    of: Credentials,
}

impl TokenSource for Lid {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.of.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.of.bound())
    }
}

fn loader(table: &str) -> Loader {
    let text = format!("[credentials]\norigins = ['*']\n[credentials.on_behalf]\n{table}");
    Loader::new().environment(Environment::empty()).defaults(&text)
}

fn load(test: &str, more: &str) -> Credentials {
    loader(&format!("test = '{test}'\nsubject = {{ brought = {{}} }}\n{more}")).load().unwrap()
}

async fn serving<F: Future>(user: &str, work: F) -> F::Output {
    let mut headers = HeaderMap::new();
    headers.insert("x-user", HeaderValue::from_str(user).unwrap());
    scope(headers, work).await
}

/// Returns the token with which the requests of a user are authorised.
async fn token(credentials: &Credentials, user: &str) -> Result<Token> {
    serving(user, credentials.token()).await
}

async fn secret(credentials: &Credentials, user: &str) -> String {
    token(credentials, user).await.unwrap().secret().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_of_ten_users_make_ten_exchanges_and_mix_nothing() {
    let credentials = load("thousand", "");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let credentials = credentials.clone();
        tasks.spawn(async move {
            let user = format!("user{}", number % 10);
            let own = format!("for-{user}-");
            serving(&user, async {
                let token = credentials.token().await.unwrap();
                assert!(token.secret().starts_with(&own), "{user}: {token:?}");
                let mut parts =
                    http::Request::get("https://a.test/").body(()).unwrap().into_parts().0;
                credentials.authorize(Request::from(&mut parts)).await.unwrap();
                let header = parts.headers["authorization"].to_str().unwrap().to_owned();
                assert_eq!(header, format!("Bearer {}", token.secret()));
                assert_eq!(credentials.try_token().unwrap().secret(), token.secret());
            })
            .await;
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let exchanged = exchanges("thousand");
    assert_eq!(exchanged.len(), 10, "{exchanged:?}");
    assert_eq!(exchanged.iter().collect::<BTreeSet<_>>().len(), 10, "{exchanged:?}");
}

#[tokio::test]
async fn scopes_parameters_and_every_token_of_the_request_are_apart() {
    let credentials = load("apart", "actor = { window = { of = { brought = {} } } }");
    let narrow = credentials.with_scope(&["read"]);
    for _ in 0..2 {
        assert_eq!(secret(&credentials, "ann").await, "for-ann-by-ann--1");
        assert_eq!(secret(&narrow, "ann").await, "for-ann-by-ann-read-2");
        assert_eq!(secret(&narrow, "bob").await, "for-bob-by-bob-read-3");
        assert_eq!(secret(&credentials, "bob").await, "for-bob-by-bob--4");
        let tenant = credentials.with_parameters([("tenant", "a")]);
        assert_eq!(secret(&tenant, "bob").await, "for-bob-by-bob--5");
    }
}

#[tokio::test]
async fn without_a_request_there_is_no_token_and_nothing_is_exchanged() {
    let credentials = load("nobody", "");
    assert!(credentials.is_per_request() && !credentials.needs_login());
    assert_eq!(credentials.store().as_deref(), Some("memory"));
    assert_eq!(secret(&credentials, "ann").await, "for-ann--1");
    let elsewhere = credentials.clone();
    let error = tokio::spawn(async move { elsewhere.token().await }).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotApplicable);
    assert!(error.to_string().contains("no request is being served here"), "{error}");
    assert!(credentials.try_token().is_none());
    assert_eq!(credentials.refresh().await.unwrap_err().kind(), ErrorKind::NotApplicable);
    let status = credentials.status().await.unwrap();
    assert!(!status.has_token && !status.has_session && !status.has_refresh_token);
    serving("ann", async {
        let status = credentials.status().await.unwrap();
        assert!(status.has_token && status.expires_at.is_some());
    })
    .await;
    let adopted = credentials.adopt(Token::new("abc").unwrap().into()).await.unwrap_err();
    assert_eq!(adopted.kind(), ErrorKind::Configuration);
    assert_eq!(exchanges("nobody"), ["ann"]);
}

#[tokio::test]
async fn a_refusal_is_of_one_user() {
    let credentials = load("refusal", "refused = ['eve']");
    for _ in 0..3 {
        let error = token(&credentials, "eve").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(secret(&credentials, "ann").await, "for-ann--2");
    }
    assert_eq!(exchanges("refusal"), ["eve", "ann"], "the refusal is held back");

    let bob = token(&credentials, "bob").await.unwrap();
    // Outside of the request, such as by a client that runs in a task of its own.
    credentials.invalidate(&bob);
    assert_eq!(secret(&credentials, "ann").await, "for-ann--2");
    assert_eq!(secret(&credentials, "bob").await, "for-bob--4");
    credentials.invalidate(&bob);
    assert_eq!(secret(&credentials, "bob").await, "for-bob--4", "it has been replaced");
    let narrow = credentials.with_scope(&["read"]);
    let read = token(&narrow, "bob").await.unwrap();
    narrow.invalidate(&read);
    assert_eq!(secret(&narrow, "bob").await, "for-bob-read-6");
    assert_eq!(secret(&credentials, "bob").await, "for-bob--4");
}

#[tokio::test]
async fn an_invalidation_a_logout_and_the_end_reach_all_users() {
    let credentials = load("all", "");
    let both = async || [secret(&credentials, "ann").await, secret(&credentials, "bob").await];
    assert_eq!(both().await, ["for-ann--1", "for-bob--2"]);
    credentials.invalidate_all();
    assert_eq!(both().await, ["for-ann--3", "for-bob--4"]);
    credentials.logout().await.unwrap();
    assert_eq!(both().await, ["for-ann--5", "for-bob--6"]);
    let renewed = serving("ann", credentials.refresh()).await.unwrap();
    assert_eq!(renewed.secret(), "for-ann--7");
    assert_eq!(both().await, ["for-ann--7", "for-bob--6"]);
    credentials.close().await;
    assert_eq!(both().await, ["for-ann--7", "for-bob--6"], "valid tokens are used");
    let error = token(&credentials, "carol").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(exchanges("all").len(), 7);
}

#[tokio::test]
async fn a_refresh_in_the_background_is_of_the_same_user() {
    let clock = ManualClock::new();
    let table = "test = 'background'\nsubject = { brought = {} }";
    let credentials = loader(table).clock(Clock::custom(clock.clone())).load().unwrap();
    assert_eq!(secret(&credentials, "ann").await, "for-ann--1");
    assert_eq!(secret(&credentials, "bob").await, "for-bob--2");
    // After the refresh point, and before the end of use.
    clock.advance(Duration::from_secs(585));
    assert_eq!(secret(&credentials, "ann").await, "for-ann--1");
    authn::testing::settled(&credentials).await;
    assert_eq!(secret(&credentials, "ann").await, "for-ann--3");
    assert_eq!(secret(&credentials, "bob").await, "for-bob--2");
    authn::testing::settled(&credentials).await;
    assert_eq!(exchanges("background"), ["ann", "bob", "ann", "bob"]);
}

#[tokio::test]
async fn the_number_of_users_is_bounded_and_the_last_ones_stay() {
    let credentials = load("bounded", "");
    for number in 0..1100 {
        token(&credentials, &format!("u{number}")).await.unwrap();
        // In use all the time.
        token(&credentials, "u0").await.unwrap();
    }
    assert_eq!(exchanges("bounded").len(), 1100);
    for kept in ["u0", "u1099", "u80"] {
        token(&credentials, kept).await.unwrap();
    }
    assert_eq!(exchanges("bounded").len(), 1100);
    token(&credentials, "u1").await.unwrap();
    assert_eq!(exchanges("bounded").len(), 1101, "the one that was used the longest ago is gone");
}

/// A chain: what the first exchange returns is exchanged again.
#[tokio::test]
async fn an_exchange_can_be_the_subject_of_another() {
    let inner = "{ on_behalf = { test = 'inner', subject = { brought = {} } } }";
    let credentials = loader(&format!("test = 'outer'\nsubject = {inner}")).load().unwrap();
    assert!(credentials.is_per_request());
    for _ in 0..2 {
        assert_eq!(secret(&credentials, "ann").await, "for-for-ann--1--1");
        assert_eq!(secret(&credentials, "bob").await, "for-for-bob--2--2");
    }
    credentials.logout().await.unwrap();
    assert_eq!(secret(&credentials, "ann").await, "for-for-ann--3--3");
}

#[test]
fn nothing_else_may_keep_them() {
    let folder = tempfile::tempdir().unwrap();
    let environment = || Environment::empty().state_directory(folder.path());
    let load = |table: &str| loader(table).environment(environment()).load();
    let subject = "test = 't'\nsubject = { brought = {} }";
    let error = load(&format!("{subject}\nstore = 'file'")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("kept in memory alone"), "{error}");
    load(&format!("{subject}\nstore = 'memory'")).unwrap();
    // Behind a cache it is one token for all, also within the subject.
    for table in [
        "test = 't'\nsubject = { lid_over_request = { brought = {} } }",
        "test = 't'\nsubject = { lid_over_request = { window = { of = { brought = {} } } } }",
        &format!(
            "test = 't'\nsubject = {{ lid_over_request = {{ on_behalf = {{ {} }} }} }}",
            "test = 'i', subject = { brought = {} }"
        ),
    ] {
        let error = load(table).unwrap_err();
        assert!(error.to_string().contains("must not be cached"), "{table}: {error}");
    }
}

#[tokio::test]
async fn the_function_of_the_program_is_not_told_of_them() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let table = "test = 'told'\nsubject = { brought = {} }";
    let loader = loader(table).on_update_sync(|_| {
        TOLD.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let credentials = loader.load().unwrap();
    assert_eq!(secret(&credentials, "ann").await, "for-ann--1");
    assert_eq!(TOLD.load(Ordering::Relaxed), 0);
}
