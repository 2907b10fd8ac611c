//! Requests without a user: `if_available` leaves them as they are, and `with_login` logs a user in.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Credentials, Error, ErrorKind, InteractiveSource, Login, Request, Result,
    SecretString, Token, TokenProvider, TokenSet, TokenSource, blocking,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use tokio::sync::Semaphore;

/// Answers each call with the error of a kind.
#[derive(Debug)]
struct Fails(ErrorKind);

impl TokenProvider for Fails {
    async fn token(&self, context: &Context) -> Result<Token> {
        Err(match self.0 {
            ErrorKind::LoginRequired => context.login_required("nobody is logged in"),
            ErrorKind::NotApplicable => Error::not_applicable("there is nothing to say here"),
            kind => Error::new(kind, "it failed").with_help("try again"),
        })
    }

    fn try_authorize(&self, _: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        // Another kind of answer than that of `authorize`, which is asked first.
        (self.0 == ErrorKind::Refused).then(|| Err(Error::refused("it failed").with_help("ask")))
    }
}

fn parts(url: &str) -> http::request::Parts {
    http::Request::get(url).body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn a_request_is_left_as_it_is_where_nothing_applies() {
    for (kind, is_left) in [
        (ErrorKind::LoginRequired, true),
        (ErrorKind::NotApplicable, true),
        (ErrorKind::Network, false),
        (ErrorKind::Refused, false),
        (ErrorKind::Configuration, false),
    ] {
        let builder = Credentials::builder().provider(Fails(kind)).domain("api.example.com");
        let strict = builder.build().unwrap();
        let lenient = strict.if_available();
        for url in ["https://api.example.com/", "https://elsewhere.example.com/"] {
            let is_foreign = url.contains("elsewhere");
            let expected = if is_foreign { ErrorKind::Origin } else { kind };
            let error = strict.authorize(&mut parts(url)).await.unwrap_err();
            assert_eq!(error.kind(), expected);
            for credentials in [&lenient, &lenient.with_scope(&["a"]), &lenient.clone()] {
                let mut request = parts(url);
                let result = credentials.authorize(&mut request).await;
                let error = result.map_err(|error| error.kind()).err();
                assert_eq!(error, (!is_left && !is_foreign).then_some(kind), "{kind:?} {url}");
                assert!(request.headers.is_empty() && request.uri == *url);
            }
            let blocking = blocking::Credentials::from(strict.clone()).if_available();
            let result = blocking.authorize(&mut parts(url));
            assert_eq!(result.is_ok(), is_left || is_foreign);
        }
        assert_eq!(lenient.token().await.unwrap_err().kind(), kind, "a token can't be left out");
    }
    let source = authn::from_fn(|_| async { Token::new("abc") });
    let lenient = Credentials::builder().source(source).domain("api.example.com").build().unwrap();
    let lenient = lenient.if_available();
    let mut request = parts("https://api.example.com/");
    lenient.authorize(&mut request).await.unwrap();
    assert_eq!(request.headers["authorization"], "Bearer abc");
    let mut foreign = parts("https://elsewhere.example.com/");
    assert!(lenient.try_authorize(&mut Request::from(&mut foreign)).unwrap().is_ok());
    assert!(foreign.headers.is_empty());
}

/// A source that a user logs in at.
#[derive(Clone, Debug, Default)]
struct Door(Arc<DoorState>);

#[derive(Debug, Default)]
struct DoorState {
    is_down: AtomicBool,
    logins: AtomicUsize,
}

impl TokenSource for Door {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if self.0.is_down.load(Ordering::SeqCst) {
            return Err(Error::network("the server is down").with_help("try again later"));
        }
        let last = last.and_then(TokenSet::refresh_token);
        let last = last.ok_or_else(|| context.login_required("nobody is logged in"))?;
        let scope = context.scopes().join(" ");
        Ok(Token::new(format!("{}{scope}", &*last.expose()))?.into())
    }
}

impl InteractiveSource for Door {
    async fn login(&self, _: &Context, login: &Login) -> Result<Option<TokenSet>> {
        let number = self.0.logins.fetch_add(1, Ordering::SeqCst) + 1;
        let name = login.ask(&Question::new("Name")).await?.expose().to_owned();
        let token = Token::new(format!("{name}{number}"))?.with_expires_in(Duration::from_mins(10));
        Ok(Some(TokenSet::new(token).with_refresh_token(name.as_str().into())))
    }
}

/// A user who answers when the test lets them; without a name the user gives up.
#[derive(Clone, Debug)]
struct User {
    name: Arc<Mutex<Option<&'static str>>>,
    may_answer: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

impl User {
    fn new(name: Option<&'static str>) -> Self {
        Self {
            name: Arc::new(Mutex::new(name)),
            may_answer: Arc::new(Semaphore::new(0)),
            asked: Arc::default(),
            gone: Arc::default(),
        }
    }

    async fn was_asked(&self, times: usize) {
        while self.asked.load(Ordering::SeqCst) < times {
            tokio::task::yield_now().await;
        }
    }
}

impl Prompt for User {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.may_answer.acquire().await.unwrap().forget();
        let name = *self.name.lock().unwrap();
        let gave_up = || Error::cancelled("the user gave up").with_help("start it again");
        name.map(SecretString::from).ok_or_else(gave_up)
    }

    fn progress(&self, progress: &Progress) {
        if matches!(progress, Progress::Ended) {
            self.gone.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn door(user: &User) -> (Door, Credentials, ManualClock) {
    let (door, clock) = (Door::default(), ManualClock::new());
    let builder = Credentials::builder().interactive(door.clone()).domain("api.example.com");
    let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
    (door, credentials.with_login(Login::new(user.clone())), clock)
}

fn requests(
    credentials: &Credentials,
    count: usize,
) -> Vec<tokio::task::JoinHandle<Result<String>>> {
    let request = |number: usize| {
        let credentials = credentials.clone();
        tokio::spawn(async move {
            if number.is_multiple_of(2) {
                return Ok(credentials.token().await?.secret().to_owned());
            }
            let mut request = parts("https://api.example.com/");
            credentials.authorize(&mut request).await?;
            let value = request.headers["authorization"].to_str().unwrap();
            Ok(value.trim_start_matches("Bearer ").to_owned())
        })
    };
    (0..count).map(request).collect()
}

#[tokio::test]
async fn one_login_serves_all_requests_that_wait() {
    let user = User::new(Some("ann"));
    let (door, credentials, _) = door(&user);
    assert!(credentials.try_token().is_none());
    let mut request = parts("https://api.example.com/");
    assert!(credentials.try_authorize(&mut Request::from(&mut request)).is_none(), "it must wait");
    let waiting = requests(&credentials, 20);
    user.was_asked(1).await;
    user.may_answer.add_permits(1);
    for request in waiting {
        assert_eq!(request.await.unwrap().unwrap(), "ann1");
    }
    assert_eq!(credentials.with_scope(&["-a"]).token().await.unwrap().secret(), "ann-a");
    assert_eq!(door.0.logins.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_login_that_fails_is_the_error_of_those_that_wait_and_the_next_tries_again() {
    let user = User::new(None);
    let (door, credentials, clock) = door(&user);
    let lenient = credentials.if_available();
    for (attempt, credentials) in [&credentials, &lenient].into_iter().enumerate() {
        let waiting = requests(credentials, 6);
        user.was_asked(attempt + 1).await;
        // Each of them has begun by then, and this login is for all of them.
        user.may_answer.add_permits(1);
        for request in waiting {
            let error = request.await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Cancelled, "the user gave up"));
        }
        assert_eq!(door.0.logins.load(Ordering::SeqCst), attempt + 1);
        clock.advance(Duration::from_mins(1));
    }
    *user.name.lock().unwrap() = Some("ann");
    user.may_answer.add_permits(1);
    assert_eq!(credentials.token().await.unwrap().secret(), "ann3");
}

#[tokio::test]
async fn no_other_error_starts_a_login() {
    let user = User::new(Some("ann"));
    let (door, credentials, _) = door(&user);
    door.0.is_down.store(true, Ordering::SeqCst);
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Network);
    let error = credentials.authorize(&mut parts("https://elsewhere.test/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Origin);
    assert_eq!(user.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_login_that_nobody_waits_for_is_given_up() {
    let user = User::new(Some("ann"));
    let (_, credentials, clock) = door(&user);
    let waiting = requests(&credentials, 2);
    user.was_asked(1).await;
    for request in waiting {
        request.abort();
    }
    while user.gone.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_mins(1));
    user.may_answer.add_permits(1);
    assert_eq!(credentials.token().await.unwrap().secret(), "ann2");
}

#[tokio::test]
async fn no_call_joins_a_login_that_nobody_waits_for() {
    for count in [1, 3] {
        let user = User::new(Some("ann"));
        let (door, credentials, _) = door(&user);
        let waiting = requests(&credentials, count);
        user.was_asked(1).await;
        for request in waiting {
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
        }
        // The login may not have noticed yet.
        let next = requests(&credentials, count);
        user.was_asked(2).await;
        assert_eq!(user.gone.load(Ordering::SeqCst), 1, "the one before has ended");
        user.may_answer.add_permits(1);
        for request in next {
            assert_eq!(request.await.unwrap().unwrap(), "ann2");
        }
        assert_eq!(door.0.logins.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_user_who_is_logged_in_meanwhile_is_not_asked() {
    let user = User::new(Some("ann"));
    let (_, credentials, _) = door(&user);
    let held = TokenSet::new(Token::new("held").unwrap()).with_refresh_token("bob".into());
    credentials.adopt(held).await.unwrap();
    let blocking = blocking::Credentials::from(credentials).with_login(Login::new(user.clone()));
    let token = tokio::task::spawn_blocking(move || blocking.token()).await.unwrap();
    assert_eq!(token.unwrap().secret(), "held");
    assert_eq!(user.asked.load(Ordering::SeqCst), 0);
}
