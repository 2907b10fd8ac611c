//! What `Cached` promises: one exchange for all, early refresh, a valid token while a server is down.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    CacheOptions, Cached, Context, Credentials, Error, ErrorKind, Result, Token, TokenSet,
    TokenSource, blocking,
    time::{Clock, ManualClock},
};
use tokio::sync::Notify;

const MINUTE: Duration = Duration::from_mins(1);

/// What the next exchanges do, in order; the last one again and again.
#[derive(Clone, Debug)]
enum Step {
    /// A token of this lifetime.
    Give(Option<Duration>),
    /// An error, with a wait that the server asks for.
    Fail(Option<Duration>),
    Panic,
}

#[derive(Clone, Debug)]
struct Server(Arc<State>);

#[derive(Debug)]
struct State {
    steps: Mutex<Vec<Step>>,
    exchanges: AtomicUsize,
    finished: AtomicUsize,
    done: Notify,
    gate: Option<Notify>,
}

impl Server {
    fn new(steps: &[Step]) -> Self {
        Self::gated(steps, false)
    }

    fn gated(steps: &[Step], gated: bool) -> Self {
        Self(Arc::new(State {
            steps: Mutex::new(steps.to_vec()),
            exchanges: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            done: Notify::new(),
            gate: gated.then(Notify::new),
        }))
    }

    fn exchanges(&self) -> usize {
        self.0.exchanges.load(Ordering::SeqCst)
    }

    /// Waits until so many exchanges are over and their result is in the cache.
    async fn finished(&self, count: usize) {
        while self.0.finished.load(Ordering::SeqCst) < count {
            self.0.done.notified().await;
        }
    }
}

impl TokenSource for Server {
    async fn request_token(
        &self,
        _context: &Context,
        _last: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        let number = self.0.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(gate) = &self.0.gate {
            gate.notified().await;
        }
        let step = {
            let mut steps = self.0.steps.lock().unwrap();
            if steps.len() > 1 { steps.remove(0) } else { steps[0].clone() }
        };
        self.0.finished.fetch_add(1, Ordering::SeqCst);
        self.0.done.notify_waiters();
        match step {
            Step::Give(lifetime) => {
                let token = Token::new(format!("t{number}"))?;
                Ok(match lifetime {
                    Some(lifetime) => token.with_expires_in(lifetime),
                    None => token,
                }
                .into())
            }
            Step::Fail(wait) => {
                let error = Error::network("the server is down; try again later");
                Err(match wait {
                    Some(wait) => error.with_retry_after(wait),
                    None => error,
                })
            }
            Step::Panic => panic!("a fault in the provider"),
        }
    }
}

/// How a scenario asks for tokens: both faces of one cache must behave the same.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Face {
    Asynchronous,
    Blocking,
}

tokio::task_local! {
    static FACE: Face;
}

macro_rules! on_both_faces {
    ($($(#[$attribute:meta])* async fn $name:ident() $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn scenario() $body

            #[tokio::test]
            async fn asynchronous() {
                FACE.scope(Face::Asynchronous, scenario()).await;
            }

            #[tokio::test]
            async fn blocking() {
                FACE.scope(Face::Blocking, scenario()).await;
            }
        }
    )*};
}

struct Bench {
    server: Server,
    clock: ManualClock,
    credentials: Credentials,
}

fn bench(steps: &[Step]) -> Bench {
    bench_with(steps, CacheOptions::default())
}

fn bench_with(steps: &[Step], options: CacheOptions) -> Bench {
    bench_of(Server::new(steps), options)
}

fn bench_of(server: Server, options: CacheOptions) -> Bench {
    let clock = ManualClock::new();
    let credentials = Credentials::builder()
        .provider(Cached::with_options(server.clone(), options))
        .origin("*")
        .clock(Clock::custom(clock.clone()))
        .build()
        .unwrap();
    Bench { server, clock, credentials }
}

impl Bench {
    async fn token(&self) -> Result<String> {
        let token = match FACE.get() {
            Face::Asynchronous => self.credentials.token().await,
            Face::Blocking => {
                let credentials = blocking::Credentials::from(self.credentials.clone());
                tokio::task::spawn_blocking(move || credentials.token()).await.unwrap()
            }
        };
        token.map(|token| token.secret().to_owned())
    }

    /// Waits, without moving the clock, until the cache hands out another token than `old`.
    async fn until_other_than(&self, old: &str) -> String {
        loop {
            let token = self.token().await.unwrap();
            if token != old {
                return token;
            }
            tokio::task::yield_now().await;
        }
    }
}

const HOUR: Step = Step::Give(Some(Duration::from_hours(1)));

#[test]
fn ten_thousand_cold_callers_on_two_runtimes_make_one_exchange() {
    let bench = bench(&[HOUR]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let credentials = &bench.credentials;
            scope.spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    let callers: Vec<_> = (0..5_000)
                        .map(|_| {
                            let credentials = credentials.clone();
                            tokio::spawn(async move { credentials.token().await.unwrap() })
                        })
                        .collect();
                    for caller in callers {
                        assert_eq!(caller.await.unwrap().secret(), "t1");
                    }
                });
            });
        }
    });
    assert_eq!(bench.server.exchanges(), 1);
}

/// A fleet whose tokens were given in the same second, and whose server is down for five minutes in the
/// middle of the refresh window.
#[tokio::test]
async fn a_fleet_neither_fails_nor_storms_when_its_server_is_down() {
    const CLIENTS: usize = 200;
    let clock = ManualClock::new();
    let servers: Vec<Server> = (0..CLIENTS).map(|_| Server::new(&[HOUR])).collect();
    let clients: Vec<Credentials> = servers
        .iter()
        .map(|server| {
            let provider = Cached::new(server.clone());
            let builder = Credentials::builder().provider(provider).origin("*");
            builder.clock(Clock::custom(clock.clone())).build().unwrap()
        })
        .collect();
    for client in &clients {
        client.token().await.unwrap();
    }
    let attempts = || servers.iter().map(Server::exchanges).sum::<usize>() - CLIENTS;
    let last = Credentials::builder().source(Server::new(&[HOUR])).origin("*").build().unwrap();
    let settle = || async {
        // What was started on the background thread is over before the clock moves on: it has begun when one
        // that was started after it is over.
        last.refresh().await.unwrap();
        while servers
            .iter()
            .any(|server| server.0.finished.load(Ordering::SeqCst) < server.exchanges())
        {
            tokio::task::yield_now().await;
        }
    };
    clock.advance(Duration::from_mins(54));
    for server in &servers {
        *server.0.steps.lock().unwrap() = vec![Step::Fail(None)];
    }
    let mut most_while_down = 0;
    for _second in 0..300 {
        let before = attempts();
        for client in &clients {
            assert_eq!(client.token().await.unwrap().secret(), "t1", "no error while it lives");
        }
        settle().await;
        most_while_down = most_while_down.max(attempts() - before);
        clock.advance(Duration::from_secs(1));
    }
    let while_down = attempts();
    assert!(while_down > 0, "the window was reached");
    assert!(while_down <= CLIENTS * 300 / 5, "{while_down} attempts in 300 s");
    for server in &servers {
        *server.0.steps.lock().unwrap() = vec![HOUR];
    }
    let mut peak = 0;
    for _second in 0..40 {
        let before = attempts();
        for client in &clients {
            client.token().await.unwrap();
        }
        settle().await;
        peak = peak.max(attempts() - before);
        clock.advance(Duration::from_secs(1));
    }
    let steady = most_while_down.max(CLIENTS / 5);
    assert!(peak <= 2 * steady, "peak {peak} a second, {most_while_down} while it was down");
}

#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let bench = bench_of(Server::gated(&[HOUR], true), CacheOptions::default());
    let credentials = bench.credentials.clone();
    let _caller = tokio::spawn(async move { credentials.token().await });
    while bench.server.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    let mut closing = std::pin::pin!(bench.credentials.close());
    let poll = std::future::poll_fn(|context| {
        std::task::Poll::Ready(closing.as_mut().poll(context).is_pending())
    });
    assert!(poll.await);
    bench.clock.advance(Duration::from_secs(31));
    closing.await;
}

#[test]
fn the_cache_outlives_runtimes_and_needs_none() {
    let bench = bench(&[HOUR]);
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let token = FACE.scope(Face::Asynchronous, bench.token());
        assert_eq!(runtime.block_on(token).unwrap(), "t1");
    }
    assert_eq!(bench.server.exchanges(), 1);
}

#[test]
fn nothing_is_left_when_the_last_handle_goes() {
    let bench = bench(&[HOUR]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(bench.credentials.token()).unwrap();
    let Bench { server, credentials, .. } = bench;
    drop(credentials);
    // The flight's task may be just about to end.
    while Arc::strong_count(&server.0) > 1 {
        std::thread::yield_now();
    }
}

on_both_faces! {
async fn a_failure_is_shared_and_held_back_and_then_tried_again() {
    let bench = bench(&[Step::Fail(Some(Duration::from_secs(30))), HOUR]);
    let callers: Vec<_> = (0..10)
        .map(|_| {
            let credentials = bench.credentials.clone();
            tokio::spawn(async move { credentials.token().await.map(drop) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap_err().kind(), ErrorKind::Network);
    }
    assert_eq!(bench.server.exchanges(), 1);
    bench.clock.advance(Duration::from_secs(29));
    assert!(bench.token().await.is_err());
    assert_eq!(bench.server.exchanges(), 1, "the server asked for 30 seconds");
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(bench.token().await.unwrap(), "t2");
}

async fn a_fresh_token_is_returned_and_a_usable_one_is_refreshed_in_the_background() {
    let bench = bench(&[HOUR]);
    assert_eq!(bench.token().await.unwrap(), "t1");
    bench.clock.advance(50 * MINUTE);
    assert_eq!(bench.token().await.unwrap(), "t1");
    assert_eq!(bench.server.exchanges(), 1);
    // The refresh point of an hour's token is at the latest 2 minutes and 40 seconds before its expiry.
    bench.clock.advance(8 * MINUTE);
    assert_eq!(bench.token().await.unwrap(), "t1", "no caller waits for an early refresh");
    bench.server.finished(2).await;
    assert_eq!(bench.until_other_than("t1").await, "t2");
    assert_eq!(bench.server.exchanges(), 2);
}

async fn a_valid_token_is_used_while_the_server_is_down() {
    let bench = bench(&[HOUR, Step::Fail(None)]);
    bench.token().await.unwrap();
    bench.clock.advance(55 * MINUTE);
    // Through the refresh window, the end of use and the skew, up to the very last second.
    for _ in 0..299 {
        assert_eq!(bench.token().await.unwrap(), "t1");
        bench.clock.advance(Duration::from_secs(1));
    }
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(bench.token().await.unwrap_err().kind(), ErrorKind::Network);
    assert!(bench.server.exchanges() > 1);
    assert!(bench.server.exchanges() < 70, "{} attempts in 300 s", bench.server.exchanges());
}

async fn an_expired_token_is_never_returned() {
    let bench = bench(&[HOUR, HOUR]);
    bench.token().await.unwrap();
    bench.clock.advance(61 * MINUTE);
    assert!(bench.credentials.try_token().is_none());
    assert_eq!(bench.token().await.unwrap(), "t2");
}

async fn either_clock_ends_a_token() {
    let stepped = bench(&[HOUR]);
    stepped.token().await.unwrap();
    stepped.clock.step_wall(2 * 3600);
    assert_eq!(stepped.token().await.unwrap(), "t2", "after a suspend");
    let back = bench(&[HOUR]);
    back.token().await.unwrap();
    back.clock.step_wall(-24 * 3600);
    back.clock.advance(61 * MINUTE);
    assert_eq!(back.token().await.unwrap(), "t2", "a backward step extends no life");
}

async fn without_a_lifetime_or_with_zero_the_fallback_is_used() {
    for lifetime in [None, Some(Duration::ZERO)] {
        let bench = bench(&[Step::Give(lifetime), HOUR]);
        assert_eq!(bench.token().await.unwrap(), "t1");
        bench.clock.advance(Duration::from_secs(20));
        assert_eq!(bench.token().await.unwrap(), "t1");
        bench.clock.advance(Duration::from_secs(11));
        assert_eq!(bench.token().await.unwrap(), "t2");
    }
}

async fn short_tokens_are_not_exchanged_at_each_call() {
    for seconds in [5, 30, 60] {
        let step = Step::Give(Some(Duration::from_secs(seconds)));
        let options =
            CacheOptions::default().with_expiry_threshold(Duration::from_secs(seconds * 2));
        let bench = bench_with(&[step], options);
        for _ in 0..100 {
            bench.token().await.unwrap();
        }
        assert_eq!(bench.server.exchanges(), 1, "{seconds} s");
    }
}

async fn ten_refusals_of_one_token_cause_one_refresh() {
    let bench = bench(&[HOUR]);
    let refused = bench.credentials.token().await.unwrap();
    for _ in 0..10 {
        bench.credentials.invalidate(&refused);
        assert_eq!(bench.token().await.unwrap(), "t2");
    }
    assert_eq!(bench.server.exchanges(), 2);
}

async fn an_exchange_goes_on_without_its_callers() {
    let bench = bench_of(Server::gated(&[HOUR], true), CacheOptions::default());
    let credentials = bench.credentials.clone();
    let caller = tokio::spawn(async move { credentials.token().await });
    while bench.server.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    bench.server.0.gate.as_ref().unwrap().notify_one();
    assert_eq!(bench.token().await.unwrap(), "t1");
    assert_eq!(bench.server.exchanges(), 1);
}

async fn a_panic_is_an_error_and_not_the_end() {
    let bench = bench(&[Step::Panic, HOUR]);
    let error = bench.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(!error.to_string().contains("a fault"), "{error}");
    bench.clock.advance(MINUTE);
    assert_eq!(bench.token().await.unwrap(), "t2");
}

async fn scopes_have_tokens_of_their_own() {
    let bench = bench(&[HOUR]);
    let read = bench.credentials.with_scope(&["read"]);
    let again = bench.credentials.with_scope(&["read"]);
    assert_eq!(read.token().await.unwrap().secret(), "t1");
    assert_eq!(again.try_token().unwrap().secret(), "t1");
    assert!(bench.credentials.try_token().is_none());
    assert_eq!(bench.token().await.unwrap(), "t2");
}

async fn closing_waits_for_running_exchanges_and_starts_no_more() {
    let bench = bench_of(Server::gated(&[HOUR], true), CacheOptions::default());
    let credentials = bench.credentials.clone();
    let caller = tokio::spawn(async move { credentials.token().await });
    while bench.server.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    let credentials = bench.credentials.clone();
    let closing = tokio::spawn(async move { credentials.close().await });
    bench.server.0.gate.as_ref().unwrap().notify_one();
    closing.await.unwrap();
    assert_eq!(caller.await.unwrap().unwrap().secret(), "t1");
    assert_eq!(bench.token().await.unwrap(), "t1", "the cached token still serves");
    bench.clock.advance(61 * MINUTE);
    assert_eq!(bench.token().await.unwrap_err().kind(), ErrorKind::Closed);
    for scoped in [["read"], ["write"]].map(|scopes| bench.credentials.with_scope(&scopes)) {
        assert_eq!(scoped.token().await.unwrap_err().kind(), ErrorKind::Closed, "also new scopes");
    }
    assert_eq!(bench.server.exchanges(), 1);
}

async fn an_exchange_that_hangs_is_cancelled_at_its_limit() {
    let bench = bench_of(Server::gated(&[HOUR], true), CacheOptions::default());
    let credentials = bench.credentials.clone();
    let caller = tokio::spawn(async move { credentials.token().await });
    while bench.server.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    bench.clock.advance(3 * MINUTE);
    let error = caller.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    bench.clock.advance(MINUTE);
    bench.server.0.gate.as_ref().unwrap().notify_one();
    assert_eq!(bench.token().await.unwrap(), "t2", "and the next one is tried");
}

    async fn a_logout_reaches_every_handle_however_many_scopes_there_were() {
        let bench = bench(&[HOUR]);
        bench.token().await.unwrap();
        let scoped: Vec<Credentials> =
            (0..100).map(|number| bench.credentials.with_scope(&[format!("s{number}")])).collect();
        for credentials in &scoped {
            credentials.token().await.unwrap();
        }
        bench.credentials.logout().await.unwrap();
        assert!(bench.credentials.try_token().is_none());
        assert!(scoped.iter().all(|credentials| credentials.try_token().is_none()));
    }

    async fn an_exchange_that_hangs_delays_no_other() {
        let bench = bench_of(Server::gated(&[HOUR], true), CacheOptions::default());
        let credentials = bench.credentials.clone();
        let waiting = tokio::spawn(async move { credentials.token().await });
        while bench.server.exchanges() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!bench.credentials.status().await.unwrap().has_token);
        let other = bench.credentials.with_scope(&["other"]);
        let other = tokio::spawn(async move { other.token().await });
        while bench.server.exchanges() < 2 {
            tokio::task::yield_now().await;
        }
        bench.credentials.logout().await.unwrap();
        for _ in 0..2 {
            bench.server.0.gate.as_ref().unwrap().notify_one();
            tokio::task::yield_now().await;
        }
        bench.server.0.gate.as_ref().unwrap().notify_waiters();
        for exchange in [waiting, other] {
            let error = exchange.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LoginRequired, "a logout beats it");
        }
    }
}
