//! What callers meet who find no token: how many exchanges they cause.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use authn::{Context, Credentials, Error, Result, Token, TokenSet, TokenSource};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
    task::JoinSet,
};

use crate::{ours, token};

/// How a crowd of callers without a token fared.
pub(crate) struct Crowd {
    pub(crate) callers: usize,
    pub(crate) exchanges: usize,
    pub(crate) with_a_token: usize,
    /// From the exchange's answer until the last caller had it.
    pub(crate) told_within: Duration,
}

/// Lets so many callers on two runtimes wait for one token, and then answers, or fails.
pub(crate) fn crowd(
    callers: usize,
    fails: bool,
) -> std::result::Result<Crowd, Box<dyn std::error::Error>> {
    let counts = Arc::new(Counts::default());
    let source = Gate { counts: Arc::clone(&counts), callers, fails };
    let credentials = ours::bound(authn::Cached::new(source))?;
    let runtimes = [runtime()?, runtime()?];
    let mut crowds: Vec<JoinSet<bool>> = Vec::new();
    for runtime in &runtimes {
        let mut crowd = JoinSet::new();
        for _ in 0..callers / 2 {
            let caller = caller(credentials.clone(), Arc::clone(&counts));
            crowd.spawn_on(caller, runtime.handle());
        }
        crowds.push(crowd);
    }
    let mut with_a_token = 0;
    for (runtime, crowd) in runtimes.iter().zip(crowds) {
        let told = runtime.block_on(crowd.join_all());
        with_a_token += told.into_iter().filter(|has_token| *has_token).count();
    }
    let answered = counts.answered.lock().expect("no panic").ok_or("there was no exchange")?;
    Ok(Crowd {
        callers,
        exchanges: counts.exchanges.load(Ordering::Acquire),
        with_a_token,
        told_within: answered.elapsed(),
    })
}

#[derive(Debug, Default)]
struct Counts {
    exchanges: AtomicUsize,
    waiting: AtomicUsize,
    one_more: Notify,
    answered: std::sync::Mutex<Option<Instant>>,
}

/// A source that answers when all callers wait for it.
#[derive(Debug)]
struct Gate {
    counts: Arc<Counts>,
    callers: usize,
    fails: bool,
}

impl TokenSource for Gate {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.counts.exchanges.fetch_add(1, Ordering::AcqRel);
        while self.counts.waiting.load(Ordering::Acquire) < self.callers {
            self.counts.one_more.notified().await;
        }
        *self.counts.answered.lock().expect("no panic") = Some(Instant::now());
        if self.fails {
            return Err(Error::network("the server is down; try again later"));
        }
        Ok(Token::new(token())?.with_expires_in(Duration::from_hours(1)).into())
    }
}

/// Asks for a token, and counts as waiting when it has asked.
async fn caller(credentials: Credentials, counts: Arc<Counts>) -> bool {
    let mut asked = false;
    let mut call = pin!(credentials.token());
    poll_fn(|context| {
        let answer = call.as_mut().poll(context);
        if !std::mem::replace(&mut asked, true) {
            counts.waiting.fetch_add(1, Ordering::AcqRel);
            counts.one_more.notify_one();
        }
        answer
    })
    .await
    .is_ok()
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
