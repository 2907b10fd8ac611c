//! `Credentials::reload`: all handles see the new configuration, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, ErrorKind, Loader, Request, Result, SecretString, Token,
    TokenProvider, TokenSet, TokenSource, blocking, time::Clock,
};
use rotating::{Bench, token};
use tempfile::TempDir;

/// Returns a configured token.
#[authn::token_provider("plain")]
struct Plain {
    /// The token.
    #[shorthand]
    _token: SecretString,
}

impl TokenProvider for Plain {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._token.expose())
    }
}

/// Passes on the token of another provider.
#[authn::token_provider("passing", cached)]
struct Passing {
    #[inner]
    of: Credentials,
}

impl TokenSource for Passing {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.of.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&authn::Bound> {
        Some(self.of.bound())
    }
}

/// Names how many reloads its session has gone through.
#[authn::token_provider("remembering", cached)]
struct Remembering {
    __reloads: AtomicUsize,
}

impl TokenSource for Remembering {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.__reloads.load(Ordering::SeqCst);
        Ok(Token::new(format!("r{number}"))?.with_expires_in(Duration::from_hours(1)).into())
    }

    fn continue_from(&self, older: &Self) {
        self.__reloads.store(older.__reloads.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }
}

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config.toml")
    }

    fn write(&self, text: &str) -> &Self {
        write(&self.path(), text);
        self
    }

    fn loader(&self) -> Loader {
        Loader::new().environment(Environment::empty()).file(self.path())
    }

    /// A loader for the providers of a bench, with its clock and its folder.
    fn loader_of(&self, bench: &Bench) -> Loader {
        let environment = Environment::empty().state_directory(bench.folder.path());
        self.loader().environment(environment).clock(Clock::custom(bench.clock.clone()))
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn plain(domain: &str, token: &str) -> String {
    format!("[credentials]\ndomain = '{domain}'\nplain = '{token}'")
}

fn parts(url: &str) -> http::request::Parts {
    http::Request::get(url).body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn all_handles_see_the_new_configuration() {
    let file = File::new();
    let first = file.write(&plain("one.example.com", "t1")).loader().load().unwrap();
    let handles = [
        first.clone(),
        first.with_scope(&["a"]),
        first.with_parameters([("a", "b")]),
        first.if_available(),
        first.with_scope(&["a"]).if_available(),
        blocking::Credentials::from(first.clone()).with_scope(&["b"]).into(),
        authn::reqwest::Client::new(first.clone()).unwrap().credentials().clone(),
    ];
    let mut all = handles.to_vec();
    for (reload, host, expected) in [(0, "one", "t1"), (1, "two", "t2"), (2, "one", "t3")] {
        if reload > 0 {
            file.write(&plain(&format!("{host}.example.com"), expected));
            all[reload].reload().await.unwrap();
        }
        for (number, handle) in all.iter().enumerate() {
            // Twice: what is found first is kept by the handle.
            for _ in 0..2 {
                assert_eq!(token(handle).await, expected, "handle {number}");
                assert_eq!(handle.host().unwrap(), format!("{host}.example.com"));
                let mut request = parts(&format!("https://{host}.example.com/"));
                handle.authorize(&mut request).await.unwrap();
                assert_eq!(request.headers["authorization"], format!("Bearer {expected}"));
                let other = if host == "one" { "two" } else { "one" };
                let mut foreign = parts(&format!("https://{other}.example.com/"));
                let result = handle.authorize(&mut foreign).await;
                assert!(foreign.headers.is_empty(), "{result:?}");
            }
        }
        // A handle that is made from an old one is a new one.
        all.push(all[0].with_scope(&["c"]));
    }
}

#[tokio::test]
async fn after_an_error_everything_stays_as_it_is() {
    let file = File::new();
    let text = plain("api.example.com", "t1");
    let credentials = file.write(&text).loader().load().unwrap();
    for broken in ["[credentials]\nplain = 5", "[credentials", "[credentials]\nnobody = 'x'"] {
        file.write(broken);
        let error = credentials.reload().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert_eq!(token(&credentials).await, "t1");
        assert_eq!(credentials.host().as_deref(), Some("api.example.com"));
    }
    fs::remove_file(file.path()).unwrap();
    assert!(credentials.reload().await.is_err(), "the file must exist");
    file.write(&plain("api.example.com", "t2"));
    let blocking = blocking::Credentials::from(credentials.clone());
    tokio::task::spawn_blocking(move || blocking.reload()).await.unwrap().unwrap();
    assert_eq!(token(&credentials).await, "t2");
}

#[tokio::test]
async fn credentials_made_in_code_have_no_configuration() {
    let source = authn::from_fn(|_| async { Token::new("abc") });
    let credentials = Credentials::builder().source(source).origin("*").build().unwrap();
    let error = credentials.reload().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("made in code") && error.help().is_some(), "{error}");
}

fn rotating(bench: &Bench, outer: &str, options: &str) -> String {
    let origins = "[credentials]\norigins = ['*']";
    let number = bench.number;
    format!(
        "{origins}\n[credentials.{outer}rotating]\nserver = {number}\nrefresh_token = 'r0'\n{options}"
    )
}

#[tokio::test]
async fn a_session_in_memory_goes_on_if_it_is_the_same() {
    for (options, expected) in [
        ("", Ok("t1")),
        ("expiry_threshold = '5s'\nclock_skew = '1s'\nheader = 'X-Token'", Ok("t1")),
        // Another access token, by the same session.
        ("scope = ['other']", Ok("t2")),
        ("audience = 'other'", Err(ErrorKind::LoginRequired)),
        ("expected_username = 'alice'", Err(ErrorKind::LoginRequired)),
    ] {
        for outer in ["", "passing."] {
            let (bench, file) = (Bench::new(), File::new());
            file.write(&rotating(&bench, outer, "store = 'memory'"));
            let credentials = file.loader_of(&bench).load().unwrap();
            assert_eq!(token(&credentials).await, "t1");
            file.write(&rotating(&bench, outer, &format!("store = 'memory'\n{options}")));
            credentials.reload().await.unwrap();
            let result = credentials.token().await;
            let result = result.as_ref().map(Token::secret).map_err(authn::Error::kind);
            assert_eq!(result, expected, "{options} {outer}");
            if result.is_ok() {
                bench.expire();
                let exchanges = bench.exchanges();
                assert_eq!(token(&credentials).await, format!("t{}", exchanges + 1));
            }
        }
    }
}

/// Returns a token without a refresh token.
fn alone(token: &str) -> TokenSet {
    TokenSet::new(Token::new(token).unwrap().without_expiry())
}

#[tokio::test]
async fn a_session_without_a_refresh_token_goes_on() {
    let lasting = || Token::new("a1").unwrap().with_expires_in(Duration::from_mins(10));
    for held in [alone("a1"), TokenSet::new(lasting())] {
        let (bench, file) = (Bench::new(), File::new());
        let text = |scope: &str| {
            let number = bench.number;
            format!(
                "[credentials]\norigins = ['*']\n[credentials.rotating]\nserver = {number}\nstore = 'memory'\n{scope}"
            )
        };
        file.write(&text(""));
        let credentials = file.loader_of(&bench).load().unwrap();
        let scoped = credentials.with_scope(&["a"]);
        let with_parameters = credentials.with_parameters([("tenant", "b")]);
        credentials.adopt(held).await.unwrap();
        for _ in 0..3 {
            credentials.reload().await.unwrap();
            assert_eq!(token(&credentials).await, "a1");
            assert_eq!(credentials.try_token().unwrap().secret(), "a1");
            assert!(credentials.status().await.unwrap().is_authenticated());
            // It is for no other scopes and parameters.
            assert!(scoped.token().await.is_err() && with_parameters.token().await.is_err());
        }
        file.write(&text("scope = ['other']"));
        credentials.reload().await.unwrap();
        assert!(credentials.try_token().is_none() && credentials.token().await.is_err());
        file.write(&text(""));
        credentials.reload().await.unwrap();
        assert_eq!(token(&credentials).await, "a1", "a mistake that is corrected loses no token");
        credentials.logout().await.unwrap();
        assert!(credentials.try_token().is_none() && credentials.token().await.is_err());
    }
}

#[tokio::test]
async fn tokens_for_the_scopes_of_a_call_go_on_whatever_the_configured_scopes_are() {
    let (bench, file) = (Bench::new(), File::new());
    let text = |options: &str| rotating(&bench, "", &format!("store = 'memory'\n{options}"));
    file.write(&text("scope = ['one', 'two']"));
    let credentials = file.loader_of(&bench).load().unwrap();
    let (scoped, other) =
        (credentials.with_scope(&["a"]), credentials.with_parameters([("tenant", "b")]));
    let all = || async { (token(&credentials).await, token(&scoped).await, token(&other).await) };
    assert_eq!(all().await, ("t1".into(), "t2".into(), "t3".into()));
    for (options, expected) in [
        ("scope = 'two one'", ("t1", "t2", "t3")),
        ("scope = ['three']", ("t4", "t2", "t5")),
        ("scope = ['one', 'two']", ("t1", "t2", "t3")),
    ] {
        file.write(&text(options));
        credentials.reload().await.unwrap();
        let (one, two, three) = all().await;
        assert_eq!((&*one, &*two, &*three), expected, "{options}");
    }
    // A refused token is not used again.
    credentials.invalidate(&credentials.token().await.unwrap());
    credentials.reload().await.unwrap();
    assert_eq!(token(&credentials).await, "t6");
}

#[tokio::test]
async fn a_session_may_move_to_another_table_and_back() {
    let (bench, file) = (Bench::new(), File::new());
    let (plain, nested) = (
        rotating(&bench, "", "store = 'memory'"),
        rotating(&bench, "passing.", "store = 'memory'"),
    );
    let credentials = file.write(&plain).loader_of(&bench).load().unwrap();
    for (text, expected) in [(&plain, "t1"), (&nested, "t2"), (&plain, "t3"), (&plain, "t4")] {
        file.write(text);
        credentials.reload().await.unwrap();
        assert_eq!(token(&credentials).await, expected);
        bench.expire();
    }
}

#[tokio::test]
async fn a_mistake_that_is_corrected_loses_no_session() {
    let (bench, file) = (Bench::new(), File::new());
    let right = rotating(&bench, "", "store = 'memory'");
    let credentials = file.write(&right).loader_of(&bench).load().unwrap();
    assert_eq!(token(&credentials).await, "t1");
    // No call is made meanwhile: with another session, the server would see the spent refresh token.
    let wrong = rotating(&bench, "", "store = 'memory'\naudience = 'wrong'");
    for text in [&wrong, &plain("api.example.com", "other"), &right] {
        file.write(text);
        credentials.reload().await.unwrap();
    }
    assert_eq!(token(&credentials).await, "t1");
    bench.expire();
    assert_eq!(token(&credentials).await, "t2");
}

#[tokio::test]
async fn a_stored_session_and_its_tokens_go_on() {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "", ""));
    let credentials = file.loader_of(&bench).load().unwrap();
    assert_eq!(token(&credentials).await, "t1");
    credentials.reload().await.unwrap();
    assert_eq!(token(&credentials).await, "t1");
    bench.expire();
    assert_eq!(token(&credentials).await, "t2");
}

#[tokio::test]
async fn an_exchange_that_is_under_way_is_not_lost() {
    let (bench, credentials, _file, old, after) = under_way().await;
    credentials.reload().await.unwrap();
    let mut new = Box::pin(token(&credentials));
    assert!(
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(Future::poll(new.as_mut(), context).is_pending())
        })
        .await
    );
    after.notify_one();
    assert_eq!(old.await.unwrap(), "t1", "a call under way ends with the old configuration");
    assert_eq!(new.await, "t2", "by the refresh token that the old one got");
    assert_eq!(bench.exchanges(), 2);
}

#[tokio::test]
async fn the_token_of_an_exchange_that_is_under_way_is_used_after_the_reload() {
    let (bench, credentials, _file, old, after) = under_way().await;
    for _ in 0..2 {
        credentials.reload().await.unwrap();
    }
    after.notify_one();
    assert_eq!(old.await.unwrap(), "t1");
    assert_eq!(token(&credentials).await, "t1");
    assert_eq!(bench.exchanges(), 1);
}

/// Returns credentials with a call whose exchange the server has answered. The answer arrives after the notification.
async fn under_way()
-> (Bench, Credentials, File, tokio::task::JoinHandle<String>, Arc<tokio::sync::Notify>) {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "", "store = 'memory'"));
    let credentials = file.loader_of(&bench).load().unwrap();
    let (before, after) = <(Arc<tokio::sync::Notify>, Arc<tokio::sync::Notify>)>::default();
    *bench.server.gates.lock().unwrap() = Some((Arc::clone(&before), Arc::clone(&after)));
    let old = tokio::spawn({
        let credentials = credentials.clone();
        async move { token(&credentials).await }
    });
    before.notify_one();
    while bench.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    *bench.server.gates.lock().unwrap() = None;
    (bench, credentials, file, old, after)
}

#[tokio::test]
async fn a_logout_and_a_close_reach_what_was_reloaded() {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "", "store = 'memory'"));
    let credentials = file.loader_of(&bench).load().unwrap();
    let scoped = credentials.with_scope(&["a"]);
    assert_eq!((token(&credentials).await, token(&scoped).await), ("t1".into(), "t2".into()));
    credentials.reload().await.unwrap();
    assert_eq!((token(&credentials).await, token(&scoped).await), ("t1".into(), "t2".into()));
    credentials.logout().await.unwrap();
    assert!(credentials.try_token().is_none() && scoped.try_token().is_none());
    credentials.close().await;
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Closed);
    credentials.reload().await.unwrap();
    assert_eq!(scoped.token().await.unwrap_err().kind(), ErrorKind::Closed, "it stays closed");
}

#[tokio::test]
async fn closed_credentials_stay_closed() {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "", "store = 'memory'"));
    let credentials = file.loader_of(&bench).load().unwrap();
    credentials.close().await;
    // Of another session, which has nothing in common with the closed one.
    file.write(&rotating(&bench, "", "store = 'memory'\naudience = 'other'"));
    credentials.reload().await.unwrap();
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(bench.exchanges(), 0);
}

#[tokio::test]
async fn the_programs_function_is_called_after_a_reload_too() {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "passing.", "store = 'memory'"));
    let told = Arc::<Mutex<Vec<String>>>::default();
    let note = Arc::clone(&told);
    let loader = file.loader_of(&bench).on_update_sync(move |update| {
        let refresh_token = update.tokens().refresh_token();
        let shown = refresh_token.map(|token| token.expose().to_owned()).unwrap_or_default();
        note.lock().unwrap().push(format!("{} {shown}", update.key()));
        Ok(())
    });
    let credentials = loader.load().unwrap();
    for number in [1, 2] {
        token(&credentials).await;
        let told = std::mem::take(&mut *told.lock().unwrap());
        // The provider that made the exchange, not the cache that passes its token on.
        assert_eq!(told, [format!("credentials.passing.rotating r{number}")]);
        credentials.reload().await.unwrap();
        bench.expire();
    }
}

#[tokio::test]
async fn the_warm_path_after_a_reload_waits_for_nothing() {
    let (bench, file) = (Bench::new(), File::new());
    file.write(&rotating(&bench, "", "store = 'memory'"));
    let credentials = file.loader_of(&bench).load().unwrap();
    credentials.reload().await.unwrap();
    token(&credentials).await;
    bench.clock.advance(Duration::from_secs(1));
    for _ in 0..3 {
        let mut request = parts("https://api.example.com/");
        credentials.try_authorize(&mut Request::from(&mut request)).unwrap().unwrap();
        assert_eq!(request.headers["authorization"], "Bearer t1");
    }
}

#[tokio::test]
async fn a_source_goes_on_with_what_it_remembers_of_its_tokens() {
    for table in ["remembering", "passing.remembering"] {
        let file = File::new();
        let text = format!("[credentials]\ndomain = 'one.example.com'\n[credentials.{table}]\n");
        let credentials = file.write(&text).loader().load().unwrap();
        assert_eq!(token(&credentials).await, "r0", "{table}");
        for reload in 1..3 {
            credentials.reload().await.unwrap();
            assert_eq!(token(&credentials).await, format!("r{}", reload - 1), "{table}");
            assert_eq!(credentials.refresh().await.unwrap().secret(), format!("r{reload}"));
        }
    }
}
