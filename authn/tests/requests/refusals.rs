//! Refused tokens: one is replaced at once, and a server that refuses every token causes few exchanges.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    CacheOptions, Cached, Context, Credentials, Result, Token, TokenSet, TokenSource,
    reqwest::Client,
    time::{Clock, ManualClock},
};

use crate::server::{Received, Server};

const DAY: Duration = Duration::from_hours(24);
const MOMENT: Duration = Duration::from_millis(1);
/// The shortest times between two exchanges that refusals cause.
const FLOORS: [u64; 8] = [1, 2, 4, 8, 16, 32, 60, 60];

/// Counts its exchanges, whose tokens are `t1`, `t2` …
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Counting {
    fn exchanges(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl TokenSource for Counting {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token::new(format!("t{number}"))?.with_expires_in(DAY).into())
    }
}

struct Bench {
    source: Counting,
    clock: ManualClock,
    credentials: Credentials,
}

impl Bench {
    fn new(options: CacheOptions) -> Self {
        let (source, clock) = (Counting::default(), ManualClock::new());
        let builder = Credentials::builder()
            .provider(Cached::with_options(source.clone(), options))
            .origin("*")
            .clock(Clock::custom(clock.clone()));
        let credentials = builder.build().unwrap();
        Self { source, clock, credentials }
    }

    /// Refuses the current token, and returns whether another one was requested.
    async fn is_replaced(&self) -> bool {
        let before = self.source.exchanges();
        let token = self.credentials.token().await.unwrap();
        self.credentials.invalidate(&token);
        let next = self.credentials.token().await.unwrap();
        let exchanges = self.source.exchanges() - before;
        assert_eq!(exchanges, usize::from(next.secret() != token.secret()));
        exchanges == 1
    }

    /// Checks that the token is not replaced before `floor` has passed, and then is.
    async fn assert_floor(&self, floor: Duration) {
        self.clock.advance(floor.saturating_sub(MOMENT));
        assert!(!self.is_replaced().await, "before {floor:?}");
        self.clock.advance(MOMENT);
        assert!(self.is_replaced().await, "after {floor:?}");
    }
}

async fn bench(options: CacheOptions) -> Bench {
    let bench = Bench::new(options);
    assert_eq!(bench.credentials.token().await.unwrap().secret(), "t1");
    bench
}

#[tokio::test]
async fn a_server_that_refuses_every_token_causes_few_exchanges() {
    let server = Server::start(|_| (401, String::new()));
    let bench = bench(CacheOptions::default()).await;
    let client = Client::new(bench.credentials.clone()).unwrap();
    for (expected, floor) in (2..).zip([0, 1, 2, 4].map(Duration::from_secs)) {
        bench.clock.advance(floor);
        // Waves, because requests at the same time are refused the same token.
        for _ in 0..10 {
            let requests: Vec<_> = (0..10)
                .map(|_| {
                    let request = client.get(&server.url);
                    tokio::spawn(async move { request.send().await.unwrap().status() })
                })
                .collect();
            for request in requests {
                assert_eq!(request.await.unwrap(), 401, "the caller gets the server's answer");
            }
        }
        assert_eq!(bench.source.exchanges(), expected, "{floor:?}");
    }
}

/// A refusal of one request must not take the token from the others.
#[tokio::test]
async fn a_path_that_refuses_every_token_does_not_disturb_the_others() {
    let is_broken = |received: &Received| received.target == "/broken";
    let server =
        Server::start(move |received| (if is_broken(received) { 401 } else { 200 }, String::new()));
    let bench = bench(CacheOptions::default()).await;
    let client = Client::new(bench.credentials.clone()).unwrap();
    for _ in 0..50 {
        let broken = client.get(format!("{}/broken", server.url)).send().await.unwrap();
        assert_eq!(broken.status(), 401);
        let other = client.get(&server.url).send().await.unwrap();
        assert_eq!(other.status(), 200);
    }
    assert_eq!(bench.source.exchanges(), 2);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_within_the_request() {
    let server = Server::start(|received| {
        let is_revoked =
            matches!(received.header("authorization"), Some("Bearer t1" | "Bearer t2"));
        (if is_revoked { 401 } else { 200 }, String::new())
    });
    let bench = bench(CacheOptions::default()).await;
    let client = Client::new(bench.credentials.clone()).unwrap();
    let status = async || client.get(&server.url).send().await.unwrap().status().as_u16();
    assert_eq!((status().await, bench.source.exchanges()), (401, 2), "t1, and then t2");
    assert_eq!((status().await, bench.source.exchanges()), (401, 2), "too soon");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!((status().await, bench.source.exchanges()), (200, 3));
}

#[tokio::test]
async fn the_first_refusal_is_obeyed_at_once_and_the_next_ones_after_a_growing_time() {
    let bench = bench(CacheOptions::default()).await;
    assert!(bench.is_replaced().await);
    for floor in FLOORS.map(Duration::from_secs) {
        assert!(!bench.is_replaced().await, "at once after {floor:?}");
        bench.assert_floor(floor).await;
    }
}

#[tokio::test]
async fn a_row_of_refusals_ends_when_a_token_serves_for_two_minutes() {
    let bench = bench(CacheOptions::default()).await;
    for _ in ["first", "second"] {
        assert!(bench.is_replaced().await);
        for floor in FLOORS.map(Duration::from_secs) {
            bench.assert_floor(floor).await;
        }
        // Later than the floor, and still of the same row.
        bench.clock.advance(Duration::from_mins(2).saturating_sub(MOMENT));
        assert!(bench.is_replaced().await);
        bench.assert_floor(Duration::from_mins(1)).await;
        bench.clock.advance(Duration::from_mins(2));
    }
}

#[tokio::test]
async fn a_logout_ends_a_row_of_refusals() {
    let bench = bench(CacheOptions::default()).await;
    assert!(bench.is_replaced().await);
    assert!(!bench.is_replaced().await);
    bench.credentials.logout().await.unwrap();
    bench.credentials.token().await.unwrap();
    assert!(bench.is_replaced().await);
}

#[tokio::test]
async fn the_minimal_refresh_period_holds_back_refusals_too() {
    let period = Duration::from_secs(10);
    let bench = bench(CacheOptions::default().with_minimal_refresh_period(period)).await;
    for floor in [10, 10, 10, 10, 10, 16, 32].map(Duration::from_secs) {
        bench.assert_floor(floor).await;
    }
}

#[tokio::test]
async fn each_set_of_scopes_has_refusals_of_its_own() {
    let bench = bench(CacheOptions::default()).await;
    assert!(bench.is_replaced().await);
    for scope in ["read", "write"] {
        let narrow = bench.credentials.with_scope(&[scope]);
        let narrow =
            Bench { credentials: narrow, clock: bench.clock.clone(), source: bench.source.clone() };
        narrow.credentials.token().await.unwrap();
        assert!(narrow.is_replaced().await, "{scope}");
        assert!(!narrow.is_replaced().await, "{scope}");
    }
    assert!(!bench.is_replaced().await);
}

/// A refusal that arrives late is of a token that has been replaced.
#[tokio::test]
async fn late_refusals_of_a_replaced_token_are_not_of_the_row() {
    let bench = bench(CacheOptions::default()).await;
    let first = bench.credentials.token().await.unwrap();
    assert!(bench.is_replaced().await);
    bench.clock.advance(Duration::from_secs(1));
    for _ in 0..10 {
        bench.credentials.invalidate(&first);
    }
    assert_eq!(bench.credentials.token().await.unwrap().secret(), "t2");
    assert!(bench.is_replaced().await);
    bench.assert_floor(Duration::from_secs(2)).await;
}
