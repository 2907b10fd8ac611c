//! Provider `oauth1` against a real server side: oauthlib in Python (`tests/rig/oauth1`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod canary;
mod command_line;
mod login;
mod matrix;
#[path = "../login/person.rs"]
#[expect(dead_code, reason = "the logins of `oauth` need more of it")]
mod person;
mod random;
mod refusals;
mod server;
