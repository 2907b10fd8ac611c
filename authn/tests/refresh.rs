//! A new token although the last one is valid: `refresh` and `invalidate_all`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    CacheOptions, Cached, Context, Credentials, Error, ErrorKind, Result, Token, TokenProvider,
    TokenSet, TokenSource, blocking,
    hooks::Hook,
    time::{Clock, ManualClock},
};
use rotating::{Bench, token};
use tokio::sync::Semaphore;

/// Gives numbered tokens. A test can hold its answers and let it fail.
#[derive(Clone, Debug)]
struct Source(Arc<State>);

#[derive(Debug)]
struct State {
    asked: AtomicUsize,
    fails: AtomicBool,
    answers: Semaphore,
}

impl Source {
    fn new() -> Self {
        Self::held(Semaphore::MAX_PERMITS)
    }

    fn held(answers: usize) -> Self {
        let answers = Semaphore::new(answers);
        Self(Arc::new(State { asked: AtomicUsize::new(0), fails: AtomicBool::new(false), answers }))
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    async fn was_asked(&self, count: usize) {
        while self.asked() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl TokenSource for Source {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.0.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.answers.acquire().await.unwrap().forget();
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(Error::network("the server is down").with_help("try again later"));
        }
        let scope = context.scopes().join(" ");
        Ok(Token::new(format!("t{number}{scope}"))?.with_expires_in(Duration::from_hours(1)).into())
    }
}

fn credentials(source: &Source, options: CacheOptions) -> (Credentials, ManualClock) {
    let clock = ManualClock::new();
    let cached = Cached::with_options(source.clone(), options);
    let builder = Credentials::builder().provider(cached).domain("api.example.com:8443");
    (builder.clock(Clock::custom(clock.clone())).build().unwrap(), clock)
}

async fn refreshed(credentials: &Credentials) -> String {
    credentials.refresh().await.unwrap().secret().to_owned()
}

#[tokio::test]
async fn the_host_is_the_configured_domain() {
    let (all, _) = credentials(&Source::new(), CacheOptions::default());
    assert_eq!(all.host().as_deref(), Some("api.example.com:8443"));
    assert_eq!(blocking::Credentials::from(all.with_scope(&["a"])).host(), all.host());
    let source = authn::from_fn(|_| async { Token::new("abc") });
    let unbound = Credentials::builder().source(source).origin("*").build().unwrap();
    assert_eq!(unbound.host(), None);
}

#[tokio::test]
async fn a_refresh_exchanges_although_the_token_is_valid() {
    let source = Source::new();
    let period = CacheOptions::default().with_minimal_refresh_period(Duration::from_mins(1));
    let (all, _) = credentials(&source, period);
    assert_eq!(token(&all).await, "t1");
    // The clock stands still: neither the period nor the floor after a refusal applies.
    assert_eq!(refreshed(&all).await, "t2");
    assert_eq!(token(&all).await, "t2");
    all.invalidate(&all.try_token().unwrap());
    assert_eq!(refreshed(&all).await, "t3");
    let blocked = blocking::Credentials::from(all.clone());
    let next = tokio::task::spawn_blocking(move || blocked.refresh()).await.unwrap();
    assert_eq!(next.unwrap().secret(), "t4");
    assert_eq!(refreshed(&all.with_scope(&["a"])).await, "t5a");
    assert_eq!(all.try_token().unwrap().secret(), "t4", "other scopes have other tokens");
}

#[tokio::test]
async fn all_who_ask_at_the_same_time_share_a_refresh() {
    let source = Source::held(1);
    let (all, _) = credentials(&source, CacheOptions::default());
    assert_eq!(token(&all).await, "t1");
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let all = all.clone();
            tokio::spawn(async move { refreshed(&all).await })
        })
        .collect();
    source.was_asked(2).await;
    // Each of them has asked by then: none waits for anything else.
    tokio::task::yield_now().await;
    assert_eq!(all.try_token().unwrap().secret(), "t1", "others use the old one meanwhile");
    source.0.answers.add_permits(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "t2");
    }
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_refresh_does_not_join_an_exchange_for_a_token() {
    let source = Source::held(0);
    let (all, _) = credentials(&source, CacheOptions::default());
    let first = tokio::spawn({
        let all = all.clone();
        async move { token(&all).await }
    });
    source.was_asked(1).await;
    let mut second = Box::pin(refreshed(&all));
    assert!(futures_are_pending(&mut second).await);
    source.0.answers.add_permits(2);
    assert_eq!((first.await.unwrap().as_str(), second.await.as_str()), ("t1", "t2"));
}

async fn futures_are_pending(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_old_token_and_is_held_back() {
    let source = Source::new();
    let (all, clock) = credentials(&source, CacheOptions::default());
    token(&all).await;
    source.0.fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(all.refresh().await.unwrap_err().kind(), ErrorKind::Network);
        assert_eq!(token(&all).await, "t1");
    }
    assert_eq!(source.asked(), 2, "a server that is down is left alone");
    source.0.fails.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_mins(1));
    assert_eq!(refreshed(&all).await, "t3");
}

#[tokio::test]
async fn a_refresh_does_not_adopt_a_stored_token() {
    let bench = Bench::new();
    let (one, other) = (bench.process("r0"), bench.process("r0"));
    assert_eq!((token(&one).await, token(&other).await), ("t1".into(), "t1".into()));
    assert_eq!(refreshed(&one).await, "t2");
    assert_eq!(refreshed(&other).await, "t3", "with the refresh token of the store");
    assert_eq!(bench.exchanges(), 3);
    bench.expire();
    assert_eq!((token(&one).await, token(&other).await), ("t4".into(), "t4".into()));
}

/// Passes on another provider's token, as `cached` does.
#[derive(Debug)]
struct PassingOn(Credentials);

impl TokenSource for PassingOn {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&authn::Bound> {
        Some(self.0.bound())
    }
}

#[tokio::test]
async fn a_cache_that_passes_tokens_on_refreshes_the_inner_provider() {
    let source = Source::new();
    let (inner, clock) = credentials(&source, CacheOptions::default());
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let outer = Credentials::builder()
        .source(PassingOn(inner.clone()))
        .origin("*")
        .clock(Clock::custom(clock))
        .on_update_sync(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .build()
        .unwrap();
    assert_eq!(token(&outer).await, "t1");
    assert_eq!(refreshed(&outer).await, "t2");
    assert_eq!((token(&outer).await, token(&inner).await), ("t2".into(), "t2".into()));
    assert_eq!(refreshed(&outer.with_scope(&["a"])).await, "t3a");
    outer.invalidate_all();
    assert!(inner.try_token().is_none() && outer.try_token().is_none());
    assert_eq!(token(&outer).await, "t4");
    outer.adopt(Token::new("held").unwrap().into()).await.unwrap();
    assert_eq!((token(&outer).await, token(&inner).await), ("held".into(), "held".into()));
    assert_eq!(source.asked(), 4);
    assert_eq!(told.load(Ordering::SeqCst), 5, "the inner credentials have no function");
}

#[tokio::test]
async fn a_refresh_of_a_hook_does_not_return_its_first_token() {
    let hook = Hook::new(|_| async { Token::new("later") });
    let source = hook.with_initial(Token::new("first").unwrap());
    let all = Credentials::builder().source(source).origin("*").build().unwrap();
    assert_eq!(refreshed(&all).await, "later");
}

#[derive(Debug)]
struct Fixed;

impl TokenProvider for Fixed {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("fixed")
    }
}

#[tokio::test]
async fn a_provider_without_a_cache_returns_its_token_and_adopts_none() {
    let all = Credentials::builder().provider(Fixed).origin("*").build().unwrap();
    assert_eq!(refreshed(&all).await, "fixed");
    all.invalidate_all();
    let error = all.adopt(Token::new("held").unwrap().into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("no cache") && error.help().is_some(), "{error}");
    assert!(!format!("{error} {error:?}").contains("held"));
}

#[tokio::test]
async fn all_tokens_of_all_scopes_are_invalidated() {
    let source = Source::new();
    let (all, _) = credentials(&source, CacheOptions::default());
    let scoped = all.with_scope(&["a"]);
    assert_eq!((token(&all).await, token(&scoped).await), ("t1".into(), "t2a".into()));
    scoped.invalidate_all();
    assert!(all.try_token().is_none() && scoped.try_token().is_none());
    assert_eq!((token(&all).await, token(&scoped).await), ("t3".into(), "t4a".into()));
    // Nothing holds the next one back, although the clock stands still.
    all.invalidate_all();
    assert_eq!(token(&all).await, "t5");
}

#[tokio::test]
async fn an_exchange_from_before_the_invalidation_is_for_its_own_callers() {
    let source = Source::held(0);
    let (all, _) = credentials(&source, CacheOptions::default());
    let early = tokio::spawn({
        let all = all.clone();
        async move { token(&all).await }
    });
    source.was_asked(1).await;
    all.invalidate_all();
    let late = tokio::spawn({
        let all = all.clone();
        async move { token(&all).await }
    });
    source.0.answers.add_permits(2);
    assert_eq!(early.await.unwrap(), "t1");
    assert_eq!(late.await.unwrap(), "t2");
    assert_eq!(all.try_token().unwrap().secret(), "t2");
}

#[tokio::test]
async fn a_stored_token_is_not_adopted_after_the_invalidation() {
    let bench = Bench::new();
    let first = bench.process("r0");
    assert_eq!(token(&first).await, "t1");
    // A process that has not read the store yet.
    let second = bench.process("r0");
    second.invalidate_all();
    assert!(!second.status().await.unwrap().has_token);
    assert_eq!(token(&second).await, "t2");
    assert_eq!(token(&second.with_scope(&["a"])).await, "t3");
    first.invalidate_all();
    bench.clock.advance(Duration::from_secs(1));
    second.refresh().await.unwrap();
    assert_eq!(token(&first).await, "t4", "it is newer than the invalidation");
    assert_eq!(bench.exchanges(), 4);
}
