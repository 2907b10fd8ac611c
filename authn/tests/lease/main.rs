//! Stores whose leases end: what a lost lease ends, and what it does not.
//!
//! - [`unsent`]: what was not sent is not sent; [`answers`]: what was sent is saved, or the other process's token is used
//! - [`out_of_reach`]: stores that can't be reached, and tokens that are still valid

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod out_of_reach;
#[path = "../rotating/mod.rs"]
mod rotating;
mod shelf;
mod unsent;

use std::time::Duration;

use authn::{Credentials, Error, Result, Token};
use rotating::Bench;
use tokio::task::JoinHandle;

fn start(credentials: &Credentials) -> JoinHandle<Result<Token>> {
    let credentials = credentials.clone();
    tokio::spawn(async move { credentials.token().await })
}

/// Moves the clock past the wait after a failure.
fn wait_after_failure(bench: &Bench) {
    bench.clock.advance(Duration::from_mins(1));
}

/// Moves the clock past the refresh point of a token that is still valid.
fn pass_refresh_point(bench: &Bench) {
    bench.clock.advance(Duration::from_mins(9));
}

fn unreachable() -> Error {
    Error::store("the shelf does not answer").with_help("plug it in").as_unreachable()
}
