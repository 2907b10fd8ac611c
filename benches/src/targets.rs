//! The project's targets for all this, and whether the run has met them.

use crate::{
    cold::Crowd,
    measure::Cost,
    ours::{CALL, INTERCEPTOR},
    process::{NOTHING, Process, Processes},
    references::{BOTH_CLOCKS, INSERT, INSERT_BESIDE},
    refresh::Latencies,
    report::Report,
};

/// Two threads may take so many times what one takes.
const RATIO: f64 = 1.1;
/// A call may take so many times what its building blocks take.
const OVERHEAD: f64 = 1.7;
/// The program may have so many megabytes.
const SIZE: f64 = 10.0;
/// A process may take so many times what one takes that does nothing.
const PROCESS: f64 = 4.0;

/// Prints a line for each target of which everything was measured.
pub(crate) fn print(
    report: &Report,
    crowds: &[Crowd],
    latencies: Option<&Latencies>,
    processes: &Processes,
) {
    println!();
    let cached = report.cost(BOTH_CLOCKS).map(|cost| cost.one);
    let token = report.cost("authn: `token().await`");
    if let (Some(cost), Some(cached)) = (token, cached) {
        warm("`token()` warm", cost, cached * OVERHEAD);
    }
    for (name, insert) in [("on a cleared map", INSERT), ("beside six headers", INSERT_BESIDE)] {
        let cost = report.cost(&format!("authn: `authorize(&mut parts).await` {name}"));
        if let (Some(cost), Some(cached), Some(insert)) = (cost, cached, report.cost(insert)) {
            warm(
                &format!("`authorize(&mut parts)` {name}"),
                cost,
                (cached + insert.one) * OVERHEAD,
            );
        }
    }
    let names = [INTERCEPTOR, CALL, "authn: `authorize(&mut parts).await` on a cleared map"];
    if let [Some(call), Some(of_tonic), Some(authorize)] = names.map(|name| report.cost(name)) {
        let of_tonic = of_tonic.one;
        warm(
            &format!("`AuthInterceptor` on a cleared map, of which tonic's own is {of_tonic:.1}"),
            call,
            of_tonic + authorize.one * RATIO,
        );
    }
    if let (Some(failed), Some(token)) =
        (report.cost("authn: `token().await` after a refresh that failed"), token)
    {
        warm("`token()` after a refresh that failed", failed, token.one * RATIO);
    }
    for name in ["bearer", "basic", "api_key"] {
        let cost = report.cost(&format!("authn: provider `{name}`, `authorize(&mut parts).await`"));
        if let Some(cost) = cost {
            warm(&format!("provider `{name}`, `authorize(&mut parts)`"), cost, f64::INFINITY);
        }
    }
    if let (Some(token), Some(peer)) = (token, report.best("peer: ")) {
        let (one, two) = (peer.one / token.one, peer.two / token.two);
        line(
            one >= 3.0 && two >= 8.0,
            &format!(
                "the fastest peer takes {one:.1} times as long on one thread and {two:.1} times on two; \
                 wanted: 3 and 8"
            ),
        );
    }
    for crowd in crowds {
        line(
            crowd.exchanges == 1,
            &format!(
                "{} cold callers, {} of whom get a token: {} exchange(s), all callers notified within {:.1} ms; \
                 wanted: 1 exchange",
                crowd.callers,
                crowd.with_a_token,
                crowd.exchanges,
                crowd.told_within.as_secs_f64() * 1e3
            ),
        );
    }
    if let Some((nothing, ours)) = processes.all.split_first() {
        let kilobytes = u32::try_from(processes.size / 1_000).unwrap_or(u32::MAX);
        let size = f64::from(kilobytes) / 1e3;
        line(size <= SIZE, &format!("the program: {size:.2} MB; wanted: at most {SIZE}"));
        for one in ours {
            process(one, nothing.took.as_secs_f64() * 1e3);
        }
    }
    if let Some(Latencies { warm, refreshing }) = latencies {
        line(
            refreshing.median <= warm.median * 5 / 4 && refreshing.most <= warm.most * 2,
            &format!(
                "`token()` during a refresh: median {} ns, p99.9 {} ns; warm: {} ns, {} ns; \
                 wanted: as fast, p99.9 at most twice",
                refreshing.median, refreshing.most, warm.median, warm.most
            ),
        );
    }
}

/// The whole process of a command with a stored token.
fn process(process: &Process, nothing: f64) {
    let took = process.took.as_secs_f64() * 1e3;
    line(
        took <= nothing * PROCESS,
        &format!(
            "{}: {took:.2} ms, {:.2} times {NOTHING} ({nothing:.2} ms); wanted: at most {PROCESS}",
            process.name,
            took / nothing
        ),
    );
}

fn warm(what: &str, cost: Cost, most: f64) {
    let ratio = cost.two / cost.one;
    let limit = if most.is_finite() { format!("at most {most:.1} ns, ") } else { String::new() };
    line(
        cost.one <= most && cost.allocations == 0.0 && ratio <= RATIO,
        &format!(
            "{what}: {:.1} ns, {:.0} allocations, two threads {ratio:.2} times that; \
             wanted: {limit}0, {RATIO}",
            cost.one, cost.allocations
        ),
    );
}

fn line(met: bool, text: &str) {
    println!("- {}: {text}", if met { "met" } else { "MISSED" });
}
