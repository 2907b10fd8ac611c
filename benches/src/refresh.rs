//! What callers meet while their token is being renewed and still serves: the same as before, if all is well.

use std::{
    future::pending,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use authn::{Context, Credentials, Error, Result, Token, TokenSet, TokenSource};
use tokio::runtime::Runtime;

use crate::{measure::finish, ours, report::Report, token};

/// With the longest threshold a refresh starts when four tenths of this have passed. It must not end while
/// calls are measured, for then they wait for the server that hangs.
const LIFETIME: Duration = Duration::from_secs(12);
const CALLS: usize = 200_000;
const ROUNDS: usize = 15;

/// Two latencies of one call, in nanoseconds, without what the clock itself takes.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) median: u64,
    /// Of a thousand calls, all but one were as fast.
    pub(crate) most: u64,
}

/// The latencies while nothing happens, and during a refresh.
pub(crate) struct Latencies {
    pub(crate) warm: Latency,
    pub(crate) refreshing: Latency,
}

/// What a server does after its first answer.
#[derive(Clone, Copy, Debug)]
enum Then {
    Hang,
    Fail,
}

/// Answers the first time alone.
#[derive(Debug)]
struct Once {
    exchanges: Arc<AtomicUsize>,
    then: Then,
}

impl TokenSource for Once {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        if self.exchanges.fetch_add(1, Ordering::AcqRel) > 0 {
            match self.then {
                Then::Hang => pending::<()>().await,
                // So long that there is no other attempt while calls are measured.
                Then::Fail => {
                    return Err(Error::network("the server is down").with_retry_after(LIFETIME));
                }
            }
        }
        Ok(Token::new(token())?.with_expires_in(LIFETIME).into())
    }
}

pub(crate) fn run(
    report: &mut Report,
    runtime: &Runtime,
) -> std::result::Result<Option<Latencies>, Box<dyn std::error::Error>> {
    const REFRESH: &str = "authn: `token().await` during a refresh";
    const DOWN: &str = "authn: `token().await` after a refresh that failed";
    let mut latencies = None;
    if report.wants(REFRESH) {
        let warm = latency(&ours::warm(runtime)?);
        let credentials = past_the_refresh_point(runtime, Then::Hang)?;
        latencies = Some(Latencies { warm, refreshing: latency(&credentials) });
        token_row(report, REFRESH, &credentials);
    }
    if report.wants(DOWN) {
        token_row(report, DOWN, &past_the_refresh_point(runtime, Then::Fail)?);
    }
    Ok(latencies)
}

fn token_row(report: &mut Report, name: &'static str, credentials: &Credentials) {
    report.row(
        name,
        || (),
        |()| {
            black_box(finish(credentials.token()).unwrap());
        },
    );
}

/// Makes credentials whose token serves for some seconds yet, and whose refresh has begun.
fn past_the_refresh_point(runtime: &Runtime, then: Then) -> Result<Credentials> {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let source = Once { exchanges: Arc::clone(&exchanges), then };
    let options = authn::CacheOptions::default().with_expiry_threshold(LIFETIME);
    let credentials = ours::bound(authn::Cached::with_options(source, options))?;
    while exchanges.load(Ordering::Acquire) < 2 {
        runtime.block_on(credentials.token())?;
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(credentials)
}

/// Times each call by itself. The best of the rounds counts: the machine has other things to do, too.
fn latency(credentials: &Credentials) -> Latency {
    let clock = percentiles(|| ());
    let calls = percentiles(|| {
        black_box(finish(credentials.token()).unwrap());
    });
    Latency { median: calls.median - clock.median, most: calls.most - clock.median }
}

fn percentiles(mut call: impl FnMut()) -> Latency {
    let mut best = Latency { median: u64::MAX, most: u64::MAX };
    let mut times = vec![0; CALLS];
    for _ in 0..ROUNDS {
        for time in &mut times {
            let start = Instant::now();
            call();
            *time = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        }
        times.sort_unstable();
        best.median = best.median.min(times[CALLS / 2]);
        best.most = best.most.min(times[CALLS - CALLS / 1000]);
    }
    best
}
