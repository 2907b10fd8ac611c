//! What the parts cost of which any cache is made: the least that can be had, and the usual ways.
//!
//! Each of them looks at a coarse clock too, unless its name says otherwise, as a cache must.

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, HeaderName},
};
use rustix::time::{ClockId, clock_gettime};

use crate::{TOKEN_LENGTH, report::Report};

struct Held {
    header: HeaderValue,
    /// Seconds of the monotonic clock.
    until: i64,
    until_wall: i64,
    until_instant: Instant,
}

/// What a cache does at least that sees an expiry after a suspend and after a change of the date.
pub(crate) const BOTH_CLOCKS: &str = "reference: ArcSwap guard + both coarse clocks";
/// What setting a header costs.
pub(crate) const INSERT: &str = "reference: `HeaderMap` insert + clear, no clock";
/// The same beside other headers.
pub(crate) const INSERT_BESIDE: &str =
    "reference: `HeaderMap` insert + remove beside six, no clock";

pub(crate) fn run(report: &mut Report) -> crate::Outcome {
    let hour = Duration::from_hours(1);
    let held = Arc::new(Held {
        header: HeaderValue::from_maybe_shared(bytes_of_a_header())?,
        until: coarse_seconds() + 3600,
        until_wall: wall_seconds() + 3600,
        until_instant: Instant::now() + hour,
    });

    let swap = ArcSwap::new(Arc::clone(&held));
    report.row(
        "reference: ArcSwap guard + one coarse clock",
        || (),
        |()| {
            let guard = swap.load();
            if black_box(coarse_seconds() < guard.until) {
                black_box(&guard);
            }
        },
    );
    report.row(
        BOTH_CLOCKS,
        || (),
        |()| {
            let guard = swap.load();
            let now = (coarse_seconds(), wall_seconds());
            if black_box(now.0 < guard.until && now.1 < guard.until_wall) {
                black_box(&guard);
            }
        },
    );
    report.row(
        "reference: ArcSwap guard + `Instant::now`",
        || (),
        |()| {
            let guard = swap.load();
            if black_box(Instant::now() < guard.until_instant) {
                black_box(&guard);
            }
        },
    );
    let locked = Mutex::new(Arc::clone(&held));
    report.row(
        "reference: Mutex around an Arc",
        || (),
        |()| {
            let own = Arc::clone(&locked.lock().unwrap_or_else(PoisonError::into_inner));
            if black_box(coarse_seconds() < own.until) {
                black_box(own);
            }
        },
    );
    report.row(
        "reference: ArcSwap `load_full`",
        || (),
        |()| {
            let own = swap.load_full();
            if black_box(coarse_seconds() < own.until) {
                black_box(own);
            }
        },
    );
    report.row(
        "reference: ArcSwap guard + `HeaderValue` clone",
        || (),
        |()| {
            let guard = swap.load();
            if black_box(coarse_seconds() < guard.until) {
                black_box(guard.header.clone());
            }
        },
    );
    report.row("reference: `HeaderMap` insert + clear, no clock", HeaderMap::new, |headers| {
        insert(headers);
        black_box(&*headers);
        headers.clear();
    });
    report.row(INSERT_BESIDE, six_headers, |headers| {
        insert(headers);
        black_box(&*headers);
        headers.remove(AUTHORIZATION);
    });
    Ok(())
}

/// The headers that a request has as a rule before it is authorised.
pub(crate) fn six_headers() -> HeaderMap {
    ["accept", "content-length", "content-type", "traceparent", "user-agent", "x-request-id"]
        .into_iter()
        .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("value")))
        .collect()
}

fn insert(headers: &mut HeaderMap) {
    if !headers.contains_key(AUTHORIZATION) {
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
    }
}

fn bytes_of_a_header() -> bytes::Bytes {
    format!("Bearer {}", "x".repeat(TOKEN_LENGTH)).into()
}

#[inline]
fn coarse_seconds() -> i64 {
    clock_gettime(ClockId::MonotonicCoarse).tv_sec
}

#[inline]
fn wall_seconds() -> i64 {
    clock_gettime(ClockId::RealtimeCoarse).tv_sec
}
