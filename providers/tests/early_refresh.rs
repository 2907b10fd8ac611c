//! `expiry_threshold` and `clock_skew` of a provider: when it asks its server for the next token.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use authn::{
    Credentials, Environment, Loader,
    testing::{TokenServer, settled},
    time::{Clock, ManualClock},
};
use authn_providers::{OAuth, OAuthBuilder};

/// A server whose tokens live one hour, and credentials of it.
struct Bench {
    server: TokenServer,
    clock: ManualClock,
    credentials: Credentials,
}

impl Bench {
    /// Configures the options of the table.
    fn of_table(options: &str) -> Self {
        Self::new(|server, clock| {
            let text = format!(
                "[credentials]\norigins = ['*']\n[credentials.oauth]\nissuer_url = '{}'\n\
                 client_id = 'c'\nclient_secret = 's'\n{options}",
                server.issuer_url()
            );
            let loader = Loader::new().environment(Environment::empty()).defaults(&text);
            loader.clock(clock).load().unwrap()
        })
    }

    /// Sets the same options by the builder.
    fn of_builder(options: impl FnOnce(OAuthBuilder) -> OAuthBuilder) -> Self {
        Self::new(|server, clock| {
            let builder = OAuth::builder().issuer_url(server.issuer_url());
            let builder = options(builder.client_id("c").client_secret("s"));
            builder.credentials().origin("*").clock(clock).build().unwrap()
        })
    }

    fn new(credentials: impl FnOnce(&TokenServer, Clock) -> Credentials) -> Self {
        let (server, clock) = (TokenServer::start().unwrap(), ManualClock::new());
        let credentials = credentials(&server, Clock::custom(clock.clone()));
        Self { server, clock, credentials }
    }

    /// Moves the clock, asks for a token, and returns it with the number of exchanges that were started by then.
    async fn token_after(&self, minutes: u64) -> (String, usize) {
        self.clock.advance(Duration::from_mins(minutes));
        let token = self.credentials.token().await.unwrap().secret().to_owned();
        settled(&self.credentials).await;
        (token, self.server.token_requests().len())
    }
}

#[tokio::test]
async fn the_expiry_threshold_starts_a_refresh_that_no_caller_waits_for() {
    for bench in [
        Bench::of_table("expiry_threshold = '30m'"),
        Bench::of_builder(|builder| builder.expiry_threshold("30m")),
        Bench::of_builder(|builder| builder.expiry_threshold(Duration::from_mins(30))),
    ] {
        assert_eq!(bench.token_after(0).await, ("access-1".to_owned(), 1));
        assert_eq!(bench.token_after(29).await, ("access-1".to_owned(), 1));
        assert_eq!(bench.token_after(2).await, ("access-1".to_owned(), 2));
        assert_eq!(bench.token_after(0).await, ("access-2".to_owned(), 2));
        assert_eq!(bench.token_after(29).await, ("access-2".to_owned(), 2));
        assert_eq!(bench.token_after(2).await, ("access-2".to_owned(), 3));
    }
}

#[tokio::test]
async fn after_the_end_of_use_that_the_clock_skew_sets_callers_wait_for_the_next_token() {
    for bench in [
        Bench::of_table("clock_skew = '20m'\nexpiry_threshold = '0s'"),
        Bench::of_builder(|builder| builder.clock_skew("20m").expiry_threshold("0s")),
    ] {
        assert_eq!(bench.token_after(0).await, ("access-1".to_owned(), 1));
        assert_eq!(bench.token_after(39).await, ("access-1".to_owned(), 1));
        assert_eq!(bench.token_after(2).await, ("access-2".to_owned(), 2));
    }
}
