//! The user of a refreshed token, if it can't be verified for the moment.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Claims, Context, Credentials, Environment, Error, ErrorKind, InteractiveSource, Loader, Login,
    Result, SecretString, SessionPolicy, Token, TokenSet, TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};

/// What comes of asking whose a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Alice,
    Unreachable,
    Hangs,
    Forged,
}

/// By desk: the answer, and the refresh token that the server takes next.
static DESKS: Mutex<Option<HashMap<usize, (Answer, String)>>> = Mutex::new(None);
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn desk<T>(number: usize, look: impl FnOnce(&mut (Answer, String)) -> T) -> T {
    let mut desks = DESKS.lock().unwrap();
    let desks = desks.get_or_insert_default();
    look(desks.entry(number).or_insert_with(|| (Answer::Alice, String::new())))
}

/// Takes each refresh token once, and says whose a token is only if it is asked.
#[authn::token_provider("rotating_desk", cached, login)]
struct RotatingDesk {
    /// Which one.
    number: usize,
}

impl RotatingDesk {
    fn grant(&self) -> Result<TokenSet> {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        desk(self.number, |(_, next)| *next = format!("r{count}"));
        let token = Token::new(format!("t{count}"))?.with_expires_in(Duration::from_mins(10));
        Ok(TokenSet::new(token).with_refresh_token(format!("r{count}").into()))
    }
}

impl TokenSource for RotatingDesk {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let sent = last.and_then(TokenSet::refresh_token);
        let sent = sent.ok_or_else(|| context.login_required("no user is logged in"))?;
        if desk(self.number, |(_, next)| *next != *sent.expose()) {
            return Err(context.login_required("the refresh token is spent"));
        }
        self.grant()
    }
}

impl InteractiveSource for RotatingDesk {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        let claims = Claims::new([("sub".to_owned(), "alice".to_owned())]);
        Ok(Some(self.grant()?.with_claims(claims)))
    }

    async fn identify(&self, _: &Context, _: &TokenSet) -> Result<Option<Claims>> {
        match desk(self.number, |(answer, _)| *answer) {
            Answer::Alice => Ok(Some(Claims::new([("sub".to_owned(), "alice".to_owned())]))),
            Answer::Unreachable => Err(Error::network("the keys can't be had; try again later")),
            Answer::Hangs => {
                let _hanging = Hanging::new();
                std::future::pending().await
            }
            Answer::Forged => Err(Error::new(ErrorKind::Refused, "the signature is wrong")),
        }
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }
}

#[derive(Debug)]
struct Nobody;

impl Prompt for Nobody {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(Error::cancelled("no user is here"))
    }

    fn progress(&self, _: &Progress) {}
}

/// Counts the requests that hang now.
struct Hanging;

static HANGING: AtomicUsize = AtomicUsize::new(0);

impl Hanging {
    fn new() -> Self {
        HANGING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        HANGING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Requests a token, moves the clock on while there is no answer, and returns the error.
async fn failure(credentials: &Credentials, clock: &ManualClock) -> Error {
    let work = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    while !work.is_finished() {
        if HANGING.load(Ordering::SeqCst) > 0 {
            clock.advance(Duration::from_secs(10));
        }
        tokio::task::yield_now().await;
    }
    work.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn the_rotated_refresh_token_is_stored_while_the_user_can_not_be_verified() {
    for (number, store) in ["memory", "file"].into_iter().enumerate() {
        for answer in [Answer::Unreachable, Answer::Hangs] {
            let folder = tempfile::tempdir().unwrap();
            let clock = ManualClock::new();
            let text = format!(
                "[credentials]\norigins = ['*']\n[credentials.rotating_desk]\nnumber = {number}\n\
                 store = '{store}'\nexpected_username = 'alice'"
            );
            let load = || {
                Loader::new()
                    .environment(Environment::empty().state_directory(folder.path()))
                    .clock(Clock::custom(clock.clone()))
                    .defaults(&text)
                    .load()
                    .unwrap()
            };
            let credentials = load();
            credentials.login(Login::new(Nobody)).await.unwrap();
            clock.advance(Duration::from_mins(11));
            desk(number, |(now, _)| *now = answer);
            for _ in 0..2 {
                let error = failure(&credentials, &clock).await;
                assert_eq!(error.kind(), ErrorKind::Network, "{error}");
                assert!(credentials.try_token().is_none());
                let status = credentials.status().await.unwrap();
                assert!(!status.has_token && status.has_refresh_token, "{status:?}");
                clock.advance(Duration::from_mins(6));
            }
            desk(number, |(now, _)| *now = Answer::Alice);
            let now = if store == "file" { load() } else { credentials };
            now.token().await.unwrap();
            assert_eq!(now.status().await.unwrap().username.as_deref(), Some("alice"));
        }
    }
}

#[tokio::test]
async fn refused_tokens_are_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let text = "[credentials]\norigins = ['*']\n[credentials.rotating_desk]\nnumber = 9\n\
                expected_username = 'alice'";
    let credentials = Loader::new()
        .environment(Environment::empty().state_directory(folder.path()))
        .clock(Clock::custom(clock.clone()))
        .defaults(text)
        .load()
        .unwrap();
    credentials.login(Login::new(Nobody)).await.unwrap();
    clock.advance(Duration::from_mins(11));
    desk(9, |(now, _)| *now = Answer::Forged);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    clock.advance(Duration::from_mins(6));
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "the old refresh token was kept: {error}");
}
