//! What `minimal_refresh_period` delays: early refreshes, and no caller that needs a token.
#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use authn::{
    CacheOptions, Cached, Credentials, Token, blocking,
    testing::{Stub, settled},
    time::{Clock, ManualClock},
};

const MINUTE: Duration = Duration::from_mins(1);

struct Bench {
    stub: Stub,
    clock: ManualClock,
    credentials: Credentials,
    /// Whether tokens are asked for by the blocking credentials.
    blocks: bool,
}

impl Bench {
    /// Has tokens of one minute, whose refresh point is 24 seconds and whose end of use 54 seconds after they were
    /// asked for.
    fn new(period: Duration, blocks: bool) -> Self {
        let minute = |text| Token::new(text).unwrap().with_expires_in(MINUTE);
        let stub = Stub::new(minute("t1")).then(Ok(minute("t2"))).then(Ok(minute("t3")));
        let options = CacheOptions::default()
            .with_expiry_threshold(Duration::from_secs(30))
            .with_minimal_refresh_period(period);
        let clock = ManualClock::new();
        let credentials = Credentials::builder()
            .provider(Cached::with_options(stub.clone(), options))
            .origin("*")
            .clock(Clock::custom(clock.clone()))
            .build()
            .unwrap();
        Self { stub, clock, credentials, blocks }
    }

    /// Moves the clock, asks for a token, and returns it with the number of exchanges that were started by then.
    async fn token_after(&self, seconds: u64) -> (String, usize) {
        self.clock.advance(Duration::from_secs(seconds));
        let token = if self.blocks {
            let credentials = blocking::Credentials::from(self.credentials.clone());
            tokio::task::spawn_blocking(move || credentials.token()).await.unwrap()
        } else {
            self.credentials.token().await
        };
        settled(&self.credentials).await;
        (token.unwrap().secret().to_owned(), self.stub.exchanges())
    }
}

#[tokio::test]
async fn an_early_refresh_starts_when_the_period_has_passed() {
    for blocks in [false, true] {
        let bench = Bench::new(Duration::from_secs(50), blocks);
        assert_eq!(bench.token_after(0).await, ("t1".to_owned(), 1));
        assert_eq!(bench.token_after(25).await, ("t1".to_owned(), 1), "past the refresh point");
        assert_eq!(bench.token_after(24).await, ("t1".to_owned(), 1), "a second too early");
        assert_eq!(bench.token_after(2).await, ("t1".to_owned(), 2), "no caller waits for it");
        assert_eq!(bench.token_after(0).await, ("t2".to_owned(), 2));
        // The period is counted from the last exchange.
        assert_eq!(bench.token_after(49).await, ("t2".to_owned(), 2));
        assert_eq!(bench.token_after(2).await, ("t2".to_owned(), 3));
    }
}

#[tokio::test]
async fn the_minimal_refresh_period_delays_no_caller_without_a_token() {
    for blocks in [false, true] {
        let bench = Bench::new(10 * MINUTE, blocks);
        assert_eq!(bench.token_after(0).await, ("t1".to_owned(), 1));
        assert_eq!(bench.token_after(53).await, ("t1".to_owned(), 1), "usable");
        assert_eq!(bench.token_after(8).await, ("t2".to_owned(), 2), "expired: it is needed");
    }
}
