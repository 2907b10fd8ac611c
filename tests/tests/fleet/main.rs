//! Many processes, each with many clients, share one session in Redis. The authorization server takes each refresh token once,
//! and revokes the whole family if one comes twice. Redis, and the process that holds the lease, fail in the middle.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod command_line;
mod holders;
mod load;
mod outages;
mod scene;
