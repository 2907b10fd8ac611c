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

use authn::{Context, Credentials, Grant, Result, Token, TokenSource};
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

/// Answers the first time, and then never.
#[derive(Debug)]
struct Hanging(Arc<AtomicUsize>);

impl TokenSource for Hanging {
    async fn request_token(&self, _: &Context, _: Option<&Grant>) -> Result<Grant> {
        if self.0.fetch_add(1, Ordering::AcqRel) > 0 {
            pending::<()>().await;
        }
        Ok(Token::new(token())?.with_expires_in(LIFETIME).into())
    }
}

pub(crate) fn run(
    report: &mut Report,
    runtime: &Runtime,
) -> std::result::Result<Option<Latencies>, Box<dyn std::error::Error>> {
    const NAME: &str = "authn: `token().await` during a refresh";
    if !report.wants(NAME) {
        return Ok(None);
    }
    let warm = latency(&ours::warm(runtime)?);
    let refreshing = refreshing(runtime)?;
    let during = latency(&refreshing);
    report.row(
        NAME,
        || (),
        |()| {
            black_box(finish(refreshing.token()).unwrap());
        },
    );
    Ok(Some(Latencies { warm, refreshing: during }))
}

/// Makes credentials whose token serves for some seconds yet, and whose refresh is under way and hangs.
fn refreshing(runtime: &Runtime) -> Result<Credentials> {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let source = Hanging(Arc::clone(&exchanges));
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
