//! The project's targets for all this, and whether the run has met them.

use crate::{cold::Crowd, measure::Cost, refresh::Latencies, report::Report};

/// Two threads may take so many times what one takes.
const RATIO: f64 = 1.2;

/// Prints a line for each target of which everything was measured.
pub(crate) fn print(report: &Report, crowds: &[Crowd], latencies: Option<&Latencies>) {
    println!();
    let token = report.cost("authn: `token().await`");
    if let Some(cost) = token {
        warm("`token()` warm", cost, 35.0);
    }
    for (name, most) in [("on a cleared map", 65.0), ("beside six headers", 90.0)] {
        if let Some(cost) = report.cost(&format!("authn: `authorize(&mut parts).await` {name}")) {
            warm(&format!("`authorize(&mut parts)` {name}"), cost, most);
        }
    }
    if let (Some(token), Some(peer)) = (token, report.best("peer: ")) {
        let (one, two) = (peer.one / token.one, peer.two / token.two);
        line(
            one >= 2.5 && two >= 10.0,
            &format!(
                "the fastest peer takes {one:.1} times as long on one thread and {two:.1} times on two; \
                 wanted: 2.5 and 10"
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

fn warm(what: &str, cost: Cost, most: f64) {
    let ratio = cost.two / cost.one;
    line(
        cost.one <= most && cost.allocations == 0.0 && ratio <= RATIO,
        &format!(
            "{what}: {:.1} ns, {:.0} allocations, two threads {ratio:.2} times that; \
             wanted: {most:.0} ns, 0, {RATIO}",
            cost.one, cost.allocations
        ),
    );
}

fn line(met: bool, text: &str) {
    println!("- {}: {text}", if met { "met" } else { "MISSED" });
}
