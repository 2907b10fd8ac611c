//! Blocking and asynchronous credentials are two sides of one cache.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use authn::{
    Context, Credentials, ErrorKind, Result, Token, TokenSet, TokenSource, blocking,
    time::{Clock, ManualClock},
};
use tokio::sync::Semaphore;

/// Gives numbered tokens with the scopes in their text. A test can hold the exchanges for the configured scopes.
#[derive(Clone, Debug)]
struct Source(Arc<State>);

#[derive(Debug)]
struct State {
    exchanges: AtomicUsize,
    answers: Semaphore,
    /// Whether an exchange for the configured scopes has ended.
    has_ended: AtomicBool,
}

impl Source {
    fn new(answers: usize) -> Self {
        Self(Arc::new(State {
            exchanges: AtomicUsize::new(0),
            answers: Semaphore::new(answers),
            has_ended: AtomicBool::new(false),
        }))
    }

    fn exchanges(&self) -> usize {
        self.0.exchanges.load(Ordering::SeqCst)
    }
}

impl TokenSource for Source {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.0.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        let scope = context.scopes().join("+");
        if scope.is_empty() {
            self.0.answers.acquire().await.unwrap().forget();
            self.0.has_ended.store(true, Ordering::SeqCst);
        }
        Ok(Token::new(format!("t{number}{scope}"))?.with_expires_in(Duration::from_hours(1)).into())
    }
}

fn credentials(source: &Source) -> (Credentials, ManualClock) {
    let clock = ManualClock::new();
    let builder = Credentials::builder().source(source.clone()).origin("*");
    (builder.clock(Clock::custom(clock.clone())).build().unwrap(), clock)
}

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn cached(credentials: &Credentials) -> Option<String> {
    credentials.try_token().map(|token| token.secret().to_owned())
}

#[test]
fn a_token_of_one_side_is_seen_by_the_other() {
    let source = Source::new(2);
    let blocking = blocking::Credentials::from(credentials(&source).0);
    assert_eq!(blocking.token().unwrap().secret(), "t1");
    let asynchronous = Credentials::from(blocking.clone());
    assert_eq!(cached(&asynchronous).unwrap(), "t1");
    assert_eq!(wait(asynchronous.token()).unwrap().secret(), "t1");
    // A refusal is seen, too.
    asynchronous.invalidate(&asynchronous.try_token().unwrap());
    assert!(blocking.try_token().is_none());
    assert_eq!(source.exchanges(), 1);

    assert_eq!(wait(asynchronous.token()).unwrap().secret(), "t2");
    assert_eq!(blocking.try_token().unwrap().secret(), "t2");
    assert_eq!(blocking.token().unwrap().secret(), "t2");
    assert_eq!(source.exchanges(), 2);
}

#[test]
fn a_scope_has_one_token_on_both_sides() {
    let source = Source::new(1);
    let (asynchronous, _) = credentials(&source);
    let blocking = blocking::Credentials::from(asynchronous.clone());
    assert_eq!(blocking.token().unwrap().secret(), "t1");
    let scoped = blocking.with_scope(&["read", "write"]);
    assert!(scoped.try_token().is_none(), "the plain token is not theirs");
    assert_eq!(scoped.token().unwrap().secret(), "t2read+write");
    let other = asynchronous.with_scope(&["read", "write"]);
    assert_eq!(wait(other.token()).unwrap().secret(), scoped.token().unwrap().secret());
    let other = asynchronous.with_scope(&["other"]);
    assert_eq!(wait(other.token()).unwrap().secret(), "t3other");
    assert_eq!(blocking.with_scope(&["other"]).token().unwrap().secret(), "t3other");
    assert_eq!(blocking.token().unwrap().secret(), "t1");
    assert_eq!(source.exchanges(), 3);
}

#[test]
fn the_blocking_close_waits_for_a_running_exchange_and_starts_no_more() {
    let source = Source::new(0);
    let (asynchronous, clock) = credentials(&source);
    let credentials = blocking::Credentials::from(asynchronous);
    thread::scope(|scope| {
        let caller = scope.spawn(|| credentials.token());
        while source.exchanges() == 0 {
            thread::yield_now();
        }
        scope.spawn(|| {
            // The exchange ends only after the closing has begun, which refuses another exchange.
            let other = credentials.with_scope(&["other"]);
            let error = std::iter::repeat_with(|| other.refresh()).find_map(Result::err);
            source.0.answers.add_permits(1);
            assert_eq!(error.unwrap().kind(), ErrorKind::Closed);
        });
        credentials.close().unwrap();
        assert!(source.0.has_ended.load(Ordering::SeqCst), "it returned before the exchange ended");
        assert_eq!(caller.join().unwrap().unwrap().secret(), "t1");
    });
    let exchanges = source.exchanges();
    assert_eq!(credentials.token().unwrap().secret(), "t1", "the cached token still serves");
    clock.advance(Duration::from_mins(61));
    assert_eq!(credentials.token().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(source.exchanges(), exchanges);
}
