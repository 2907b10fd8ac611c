//! Measures one call: on one thread, on two at once, and how often it allocates.

use std::{
    future::Future,
    hint::{black_box, spin_loop},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::allocations;

/// The best of so many rounds counts: what disturbs a round makes it longer, nothing makes it shorter.
const ROUNDS: usize = 15;
/// A round makes as many calls as fit into this time.
const ROUND: Duration = Duration::from_millis(5);
/// After so many disturbed rounds the machine is too busy to find more of the others.
const MOST_DISTURBED: usize = 100;
const WARM_UP: u32 = 1_000;

/// What one call costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Nanoseconds a call where one thread calls.
    pub(crate) one: f64,
    /// Nanoseconds a call where two threads call at once.
    pub(crate) two: f64,
    pub(crate) allocations: f64,
}

/// Measures `call`; each thread has a state of its own that `set_up` makes.
pub(crate) fn cost<S>(set_up: impl Fn() -> S + Sync, call: impl Fn(&mut S) + Sync) -> Cost {
    let calls = calls_in_a_round(&set_up, &call);
    let one = best(1, calls, &set_up, &call);
    let two = best(2, calls, &set_up, &call);
    Cost { one: one.nanos, two: two.nanos, allocations: one.allocations }
}

/// Returns the best of the rounds. One in which a thread lost its core is left out, unless there is no other:
/// meanwhile the other thread ran without contention.
fn best<S>(
    threads: usize,
    calls: u32,
    set_up: &(impl Fn() -> S + Sync),
    call: &(impl Fn(&mut S) + Sync),
) -> Round {
    let mut counted = Vec::new();
    let mut disturbed = Vec::new();
    while counted.len() < ROUNDS && disturbed.len() < MOST_DISTURBED {
        let round = round(threads, calls, set_up, call);
        if round.disturbed { disturbed.push(round) } else { counted.push(round) }
    }
    if counted.is_empty() {
        counted = disturbed;
    }
    counted.into_iter().min_by(|a, b| a.nanos.total_cmp(&b.nanos)).expect("there was a round")
}

/// Drives a future to its end without a runtime. A warm call ends at the first poll. Inlined as `.await` is, so
/// that no future is copied for the sake of measuring it.
#[expect(clippy::inline_always, reason = "see above")]
#[inline(always)]
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::yield_now(),
        }
    }
}

fn calls_in_a_round<S>(set_up: &impl Fn() -> S, call: &impl Fn(&mut S)) -> u32 {
    let mut state = set_up();
    let mut calls = WARM_UP;
    loop {
        let start = Instant::now();
        for _ in 0..calls {
            call(&mut state);
        }
        if start.elapsed() >= ROUND / 2 {
            return calls;
        }
        calls *= 2;
    }
}

/// One thread's part of a round.
struct Span {
    start: Instant,
    end: Instant,
    allocated: u64,
    disturbed: bool,
}

/// One round of all threads.
struct Round {
    /// Nanoseconds a call, from the first thread's start to the last one's end.
    nanos: f64,
    allocations: f64,
    disturbed: bool,
}

impl Round {
    fn of(spans: &[Span], calls: u32) -> Self {
        let start = spans.iter().map(|span| span.start).min().expect("a thread");
        let end = spans.iter().map(|span| span.end).max().expect("a thread");
        let allocated = spans.iter().map(|span| span.allocated).max().expect("a thread");
        Self {
            nanos: (end - start).as_secs_f64() * 1e9 / f64::from(calls),
            allocations: f64::from(u32::try_from(allocated).unwrap_or(u32::MAX)) / f64::from(calls),
            disturbed: spans.iter().any(|span| span.disturbed),
        }
    }
}

fn round<S>(
    threads: usize,
    calls: u32,
    set_up: &(impl Fn() -> S + Sync),
    call: &(impl Fn(&mut S) + Sync),
) -> Round {
    let ready = AtomicUsize::new(0);
    let run = |core| {
        stay_on(core);
        let mut state = set_up();
        for _ in 0..WARM_UP {
            call(&mut state);
        }
        let lost = times_core_was_lost();
        // Spinning, so that all of them are on their cores when the first one starts.
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < threads {
            spin_loop();
        }
        let allocated = allocations::count();
        let start = Instant::now();
        for _ in 0..calls {
            call(&mut state);
        }
        let end = Instant::now();
        let allocated = allocations::count() - allocated;
        black_box(&mut state);
        Span { start, end, allocated, disturbed: times_core_was_lost() != lost }
    };
    let spans: Vec<Span> = thread::scope(|scope| {
        let run = &run;
        let handles: Vec<_> = (0..threads).map(|core| scope.spawn(move || run(core))).collect();
        handles.into_iter().map(|handle| handle.join().expect("no panic")).collect()
    });
    Round::of(&spans, calls)
}

/// Keeps the present thread on one core. Two threads on one would take turns, and never meet.
fn stay_on(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    // Where that is not allowed, threads that have to take turns lose their core, and that is seen.
    let _ = sched_setaffinity(None, &cores);
}

/// Counts how often the system has taken the present thread's core away while it was not done; always 0 where
/// the system does not tell.
fn times_core_was_lost() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let count = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}
