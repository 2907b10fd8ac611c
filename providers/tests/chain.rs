//! Provider `chain`: which provider serves, what is passed to it, and what the errors say.

#![cfg(all(feature = "chain", feature = "hook", feature = "jwt", feature = "api_key"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, InteractiveSource, Loader, Login,
    LoginOutcome, Reaction, Request, ResponseHead, Result, SecretString, Token, TokenProvider,
    TokenSet, TokenSource, Used,
    app_service::scope,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use authn_providers as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

/// What the sources of the tests answer, and how often each was asked.
static ANSWERS: Mutex<BTreeMap<String, (Answer, usize)>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy)]
enum Answer {
    Token,
    NotApplicable,
    Network,
    Refused,
    SessionOver,
}

fn answers(name: &str, answer: Answer) {
    let mut all = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(name.to_owned()).or_insert((answer, 0)).0 = answer;
}

fn asked(name: &str) -> usize {
    let all = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(name).map_or(0, |(_, asked)| *asked)
}

fn answer(name: &str, context: &Context) -> Result<TokenSet> {
    let mut all = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let (answer, asked) = all.entry(name.to_owned()).or_insert((Answer::Token, 0));
    *asked += 1;
    match answer {
        Answer::Token => {
            let mut text = format!("{name}-{asked}");
            for part in context.scopes().iter().chain(context.parameters().values()) {
                text = format!("{text}-{part}");
            }
            Ok(Token::new(text)?.with_expires_in(Duration::from_mins(10)).into())
        }
        Answer::NotApplicable => Err(Error::not_applicable("this machine is not one of these")),
        Answer::Network => Err(Error::network("the server did not answer").with_help("wait")),
        Answer::Refused => Err(Error::refused("the server refused").with_help("ask")),
        Answer::SessionOver => Err(context.login_required("the session has ended")),
    }
}

/// Answers what the test says.
#[authn::token_provider("told", cached, refusing = [403])]
struct Told {
    /// Name of the source in the test.
    name: String,
}

impl TokenSource for Told {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        answer(&self.name, context)
    }
}

/// Answers each call as the test says, without a cache.
#[authn::token_provider("told_each_time")]
struct ToldEachTime {
    /// Name of the source in the test.
    name: String,
}

impl TokenProvider for ToldEachTime {
    async fn token(&self, context: &Context) -> Result<Token> {
        Ok(answer(&self.name, context)?.token().clone())
    }
}

/// Has a user, who logs in at once.
#[authn::token_provider("desk_in_chain", cached, login)]
struct Desk {
    /// Name of the source in the test.
    name: String,
    /// The client's secret.
    _secret: Option<SecretString>,
}

impl TokenSource for Desk {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if last.and_then(TokenSet::refresh_token).is_none() {
            return Err(context.login_required("no user is logged in"));
        }
        answer(&self.name, context)
    }

    fn principal(&self, _: &Context) -> Option<String> {
        Some(format!("user of {}", self.name))
    }
}

impl InteractiveSource for Desk {
    async fn login(&self, context: &Context, _: &Login) -> Result<Option<TokenSet>> {
        let session = format!("session of {}", self.name);
        Ok(Some(answer(&self.name, context)?.with_refresh_token(session.as_str().into())))
    }

    async fn revoke(&self, _: &Context, _: &TokenSet) -> Result<()> {
        Ok(())
    }
}

/// A user who sees nothing and is asked nothing.
#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    fn progress(&self, _: &Progress) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(Error::cancelled("nobody is here"))
    }
}

struct Scene {
    clock: ManualClock,
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::empty().state_directory(folder.path());
        Self { clock: ManualClock::new(), folder, environment }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment = self.environment.variable(name, value);
        self
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn try_load(&self, options: &str, providers: &[&str]) -> Result<Credentials> {
        let links = providers.iter().map(|of| format!("[[credentials.chain.providers]]\n{of}\n"));
        let links: String = links.collect();
        let text = format!(
            "[credentials]\ndomain = 'api.example.com'\n[credentials.chain]\n{options}\n{links}"
        );
        let clock = Clock::custom(self.clock.clone());
        Loader::new().environment(self.environment.clone()).clock(clock).defaults(&text).load()
    }

    fn load(&self, providers: &[&str]) -> Credentials {
        self.try_load("", providers).unwrap()
    }
}

fn parts() -> http::request::Parts {
    http::Request::get("https://api.example.com/").body(()).unwrap().into_parts().0
}

async fn authorized(credentials: &Credentials) -> Result<(HeaderMap, Used)> {
    let (mut parts, mut used) = (parts(), Used::default());
    credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await?;
    Ok((parts.headers, used))
}

async fn served_by(credentials: &Credentials) -> Option<String> {
    credentials.status().await.unwrap().served_by
}

#[tokio::test]
async fn the_first_provider_that_applies_serves_and_a_failure_stops_the_chain() {
    use ErrorKind::{Configuration, LoginRequired, Network, NotApplicable, Refused};
    answers("away", Answer::NotApplicable);
    answers("down", Answer::Network);
    answers("refused", Answer::Refused);
    let scene = Scene::new().with("SET", "from-variable").with("EMPTY", "");
    let unset = "bearer = { env = 'UNSET' }";
    let empty = "bearer = { env = 'EMPTY' }";
    let set = "bearer = { env = 'SET' }";
    let absent = "jwt = { file = '/nowhere/at/all' }";
    let (away, down) = ("told = { name = 'away' }", "told = { name = 'down' }");
    let refused = "told_each_time = { name = 'refused' }";
    let user = "desk_in_chain = { name = 'nobody' }";
    let cached = "cached = { bearer = { env = 'UNSET' } }";
    let nested = "chain = { providers = [{ bearer = { env = 'UNSET' } }] }";
    let full = "chain = { providers = [{ bearer = { env = 'UNSET' } }, { bearer = 'inner' }] }";
    for (providers, expected) in [
        (vec![set, refused], Ok("from-variable")),
        (vec![unset, empty, absent, away, user, cached, nested, set, refused], Ok("from-variable")),
        (vec!["app_service = ''", set], Ok("from-variable")),
        (vec![unset, full, set], Ok("inner")),
        (
            vec![unset, down, set],
            Err((
                Network,
                vec![
                    "credentials.chain.providers.1.told: the server did not answer",
                    "providers.0.bearer.token",
                    "UNSET is not set",
                ],
            )),
        ),
        (
            vec![refused, set],
            Err((Refused, vec!["providers.0.told_each_time: the server refused"])),
        ),
        (
            vec![unset, absent],
            Err((
                NotApplicable,
                vec!["no provider of the chain applies", "UNSET is not set", "/nowhere/at/all"],
            )),
        ),
        (
            vec![away, user, nested],
            Err((
                LoginRequired,
                vec!["this machine", "no user is logged in", "log in with", "UNSET"],
            )),
        ),
    ] {
        let credentials = scene.load(&providers);
        let token = credentials.token().await;
        match expected {
            Ok(text) => {
                assert_eq!(token.unwrap().secret(), text, "{providers:?}");
                let (headers, _) = authorized(&scene.load(&providers)).await.unwrap();
                assert_eq!(headers["authorization"], format!("Bearer {text}"), "{providers:?}");
            }
            Err((kind, says)) => {
                let error = token.unwrap_err();
                assert_eq!(error.kind(), kind, "{providers:?}: {error}");
                for said in says {
                    assert!(error.to_string().contains(said), "{said}: {error}");
                }
                let error = authorized(&scene.load(&providers)).await.unwrap_err();
                assert_eq!(error.kind(), kind, "{providers:?}: {error}");
            }
        }
    }
    // An invalid value is a problem of the configuration, as everywhere.
    for (bad, said) in [
        (vec!["bearer = ''", set], "credentials.chain.providers.0.bearer.token"),
        (vec!["bearer = { token = { env = 'UNSET' }, bogus = 1 }", set], "bogus"),
        (vec![], "`providers` is empty"),
        (vec!["bearer = 'a'\njwt = 'b'"], "expected one provider"),
    ] {
        let options = if bad.is_empty() { "providers = []" } else { "" };
        let error = scene.try_load(options, &bad).unwrap_err();
        assert_eq!(error.kind(), Configuration);
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
    // Outside of a chain, an absent variable is a problem as before.
    let text = "[credentials]\ndomain = 'api.example.com'\nbearer = { env = 'UNSET' }";
    let loader = Loader::new().environment(Environment::empty()).defaults(text);
    assert_eq!(loader.load().unwrap_err().kind(), Configuration);
}

#[tokio::test]
async fn a_provider_without_a_token_serves_requests() {
    let scene = Scene::new();
    let credentials = scene.load(&["bearer = { env = 'UNSET' }", "api_key = { key = 'k' }"]);
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::NoToken);
    let (headers, _) = authorized(&credentials).await.unwrap();
    assert_eq!(headers["x-api-key"], "k");
    assert!(credentials.status().await.unwrap().is_authenticated());
    // The caller's own credential is left, and says nothing of the provider that leaves it.
    let credentials = scene.load(&["desk_in_chain = { name = 'x' }", "bearer = 'second'"]);
    let mut own = parts();
    own.headers.insert("authorization", HeaderValue::from_static("mine"));
    credentials.authorize(&mut own).await.unwrap();
    assert_eq!(own.headers["authorization"], "mine");
    assert_eq!(served_by(&credentials).await.unwrap(), "credentials.chain.providers.1.bearer");
}

#[tokio::test]
async fn the_winner_is_kept_until_it_fails() {
    answers("kept-first", Answer::NotApplicable);
    let scene = Scene::new();
    let all =
        ["told_each_time = { name = 'kept-first' }", "told_each_time = { name = 'kept-second' }"];
    let credentials = scene.load(&all);
    for number in 1..=3 {
        let token = credentials.token().await.unwrap();
        assert_eq!(token.secret(), format!("kept-second-{number}"));
    }
    assert_eq!(asked("kept-first"), 1, "the first one is not asked again");
    assert!(served_by(&credentials).await.unwrap().ends_with("providers.1.told_each_time"));
    answers("kept-first", Answer::Token);
    assert_eq!(credentials.token().await.unwrap().secret(), "kept-second-4");
    answers("kept-second", Answer::Network);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "its failure is that of the chain");
    assert_eq!(credentials.token().await.unwrap().secret(), "kept-first-2");
    // One that no longer applies is no failure: the first one that does serves.
    answers("kept-second", Answer::Token);
    answers("kept-first", Answer::NotApplicable);
    assert_eq!(credentials.token().await.unwrap().secret(), "kept-second-6");
}

#[tokio::test]
async fn a_file_that_appears_later_is_read_and_checked() {
    let scene = Scene::new();
    let file = scene.path().join("token");
    let link = format!("jwt = {{ file = '{}' }}", file.display());
    for link in [link.clone(), format!("cached = {{ {link} }}")] {
        let credentials = scene.load(&[&link, "desk_in_chain = { name = 'none' }"]);
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        // As when it is loaded.
        write(&file, "not a token");
        let error = credentials.token().await.unwrap_err();
        assert!(
            !error.is_not_applicable() && !error.to_string().contains("not a token"),
            "{error}"
        );
        write(&file, "abc");
        assert_eq!(credentials.token().await.unwrap().secret(), "abc", "{link}");
        std::fs::remove_file(&file).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn the_token_of_a_request_takes_precedence_over_what_served_before() {
    let scene = Scene::new();
    let credentials = scene.load(&[
        "bearer = { env = 'UNSET' }",
        "app_service = ''",
        "told = { name = 'machine' }",
    ]);
    assert!(credentials.is_per_request());
    let serving = |user: Option<&'static str>| {
        let headers = user.map(|user| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static("x-foundry-accesstoken"),
                HeaderValue::from_static(user),
            )])
        });
        let credentials = credentials.clone();
        scope(headers.unwrap_or_default(), async move {
            let token = credentials.token().await.unwrap();
            let (headers, _) = authorized(&credentials).await.unwrap();
            assert_eq!(headers["authorization"], format!("Bearer {}", token.secret()));
            if let Some(ready) = credentials.try_token() {
                assert_eq!(ready.secret(), token.secret());
            }
            token.secret().to_owned()
        })
    };
    for (user, token) in [
        (None, "machine-1"),
        (Some("alice"), "alice"),
        (None, "machine-1"),
        (Some("bob"), "bob"),
        (Some("alice"), "alice"),
    ] {
        assert_eq!(serving(user).await, token, "{user:?}");
    }
    assert_eq!(credentials.token().await.unwrap().secret(), "machine-1");
}

/// In both stores: nobody has logged in, somebody has, the session has ended, they log out.
#[tokio::test]
async fn a_login_is_passed_to_the_first_provider_with_users() {
    for store in ["memory", "file"] {
        let (name, later) = (format!("user-{store}"), format!("later-{store}"));
        let scene = Scene::new();
        let first =
            format!("desk_in_chain = {{ name = '{name}-x', secret = {{ env = 'UNSET' }} }}");
        let desk = format!("desk_in_chain = {{ name = '{name}', store = '{store}' }}");
        let told = format!("told = {{ name = '{later}' }}");
        let credentials = scene.load(&["bearer = { env = 'UNSET' }", &first, &desk, &told]);
        assert!(credentials.needs_login());
        assert_eq!(credentials.token().await.unwrap().secret(), format!("{later}-1"));
        assert!(served_by(&credentials).await.unwrap().ends_with("providers.3.told"));

        let outcome = credentials.login(Login::new(Silent)).await.unwrap();
        assert_eq!(outcome, LoginOutcome::LoggedIn);
        assert_eq!(asked(&format!("{name}-x")), 0, "it lacks a secret");
        assert_eq!(credentials.token().await.unwrap().secret(), format!("{name}-1"));
        assert_eq!(credentials.principal().unwrap(), format!("user of {name}"));
        let status = credentials.status().await.unwrap();
        assert!(status.served_by.unwrap().ends_with("providers.2.desk_in_chain"));
        assert!(status.has_session && status.has_token);
        let (headers, _) = authorized(&credentials).await.unwrap();
        assert_eq!(headers["authorization"], format!("Bearer {name}-1"));

        answers(&name, Answer::SessionOver);
        scene.clock.advance(Duration::from_mins(20));
        for _ in 0..3 {
            let error = credentials.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LoginRequired, "{store}: {error}");
            assert!(!error.is_not_applicable(), "{store}: {error}");
            // Not before the back-off of the failure.
            scene.clock.advance(Duration::from_mins(20));
        }
        let status = credentials.status().await.unwrap();
        assert!(status.served_by.unwrap().ends_with("providers.2.desk_in_chain"), "{store}");

        credentials.logout().await.unwrap();
        answers(&name, Answer::Token);
        let token = credentials.token().await.unwrap();
        assert!(
            token.secret().starts_with(&later),
            "{store}: after the logout nobody is logged in"
        );
        credentials.login(Login::new(Silent)).await.unwrap();
        let revocation = credentials.revoke().await.unwrap();
        assert!(revocation.revoked >= 1 && revocation.failed.is_empty());
        assert!(credentials.token().await.unwrap().secret().starts_with(&later));
    }
}

#[tokio::test]
async fn scopes_and_parameters_reach_the_provider_that_serves() {
    let scene = Scene::new();
    let credentials = scene.load(&["bearer = { env = 'UNSET' }", "told = { name = 'scoped' }"]);
    assert_eq!(credentials.token().await.unwrap().secret(), "scoped-1");
    let narrow = credentials.with_scope(&["read"]);
    assert_eq!(narrow.token().await.unwrap().secret(), "scoped-2-read");
    let tenant = credentials.with_parameters([("tenant", "acme")]);
    assert_eq!(tenant.token().await.unwrap().secret(), "scoped-3-acme");
    let (headers, _) = authorized(&narrow).await.unwrap();
    assert_eq!(headers["authorization"], "Bearer scoped-2-read");
    assert_eq!(credentials.try_token().unwrap().secret(), "scoped-1");
    assert_eq!(credentials.refresh().await.unwrap().secret(), "scoped-4");
}

#[tokio::test]
async fn a_refused_token_is_replaced_by_the_provider_that_it_is_of() {
    let scene = Scene::new();
    let credentials =
        scene.load(&["bearer = { env = 'UNSET' }", "told = { name = 'refused-once' }"]);
    let (_, used) = authorized(&credentials).await.unwrap();
    let (uri, headers) = (Uri::from_static("https://api.example.com/"), HeaderMap::new());
    let react = |status| {
        let head = ResponseHead::new(&Method::GET, &uri, status, &headers);
        credentials.response(&head, &used)
    };
    // The provider names the statuses that refuse its tokens.
    assert_eq!(react(StatusCode::FORBIDDEN), Reaction::Invalidate);
    assert_eq!(react(StatusCode::UNAUTHORIZED), Reaction::Pass);
    credentials.invalidate(used.token().unwrap());
    assert_eq!(credentials.token().await.unwrap().secret(), "refused-once-2");
    credentials.invalidate_all();
    assert_eq!(credentials.token().await.unwrap().secret(), "refused-once-3");
    credentials.close().await;
    credentials.invalidate_all();
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn the_place_is_that_of_the_provider_that_serves_or_of_the_chain() {
    let scene = Scene::new();
    let (unset, plain) =
        ("bearer = { token = { env = 'UNSET' }, header = 'x-other' }", "bearer = 'abc'");
    let placed = "bearer = { token = 'abc', header = 'x-token', header_prefix = '' }";
    let nested = "chain = { providers = [{ bearer = 'abc' }] }";
    let here = "header = 'x-chain'";
    for (options, providers, expected) in [
        ("", vec![unset, plain], Ok(("authorization", "Bearer abc"))),
        ("", vec![unset, placed], Ok(("x-token", "abc"))),
        (here, vec![plain], Ok(("x-chain", "Bearer abc"))),
        (here, vec!["bearer = { env = 'UNSET' }", nested], Ok(("x-chain", "Bearer abc"))),
        (here, vec![plain, placed], Err("credentials.chain.header")),
        (here, vec!["basic = { username = 'u' }"], Err("credentials.chain.providers.0.basic")),
    ] {
        match (scene.try_load(options, &providers), expected) {
            (Ok(credentials), Ok((header, value))) => {
                let (headers, _) = authorized(&credentials).await.unwrap();
                assert_eq!(headers.len(), 1);
                assert_eq!(headers[header], value);
            }
            (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{error}"),
            (result, _) => panic!("{providers:?}: {result:?}"),
        }
    }
}

#[test]
fn a_cache_holds_no_chain_but_a_chain_holds_caches() {
    let text = "[credentials]\ndomain = 'api.example.com'\n\
                [[credentials.cached.chain.providers]]\nbearer = 'abc'";
    let loader = Loader::new().environment(Environment::empty()).defaults(text);
    let error = loader.load().unwrap_err();
    assert!(error.to_string().contains("`credentials.cached.chain` can't be cached"), "{error}");
    let scene = Scene::new();
    assert!(scene.try_load("", &["cached = { bearer = 'abc' }"]).is_ok());
    let shown = format!("{:?}", scene.load(&["bearer = 's3cr3t'", "api_key = { key = 's3cr3t' }"]));
    assert!(shown.contains("Bearer { token: (set)") && !shown.contains("s3cr3t"), "{shown}");
}
