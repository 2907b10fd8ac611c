//! The identities of machines across crates: what is logged, what the command line says of them, and networks without their
//! services.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod canary;
mod command_line;
mod namespaces;
mod service;
mod workload;
