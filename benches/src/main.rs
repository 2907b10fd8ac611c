//! What a warm call costs, and what callers meet when the cache is cold or its token is being renewed.
//!
//! `cargo run --release` measures everything; arguments choose rows by a part of their name.

mod allocations;
mod cold;
mod measure;
mod ours;
mod peers;
mod process;
mod references;
mod refresh;
mod report;
mod targets;
mod token_server;

use report::Report;

/// As long as an access token is that is a JWT with some claims.
const TOKEN_LENGTH: usize = 1_200;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut report = Report::new(std::env::args().skip(1).collect());
    references::run(&mut report)?;
    ours::run(&mut report, &runtime)?;
    let latencies = refresh::run(&mut report, &runtime)?;
    peers::run(&mut report, &runtime)?;
    let crowds = if report.wants("cold") {
        vec![cold::crowd(10_000, false)?, cold::crowd(10, true)?]
    } else {
        Vec::new()
    };
    let processes = process::run(&report)?;
    targets::print(&report, &crowds, latencies.as_ref(), &processes);
    Ok(())
}

fn token() -> String {
    "x".repeat(TOKEN_LENGTH)
}
