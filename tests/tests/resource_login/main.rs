//! A login that starts with the address of a resource: its server is found, and a client is registered there.
//!
//! - [`terminal`]: `authn login URL` as a user sees it, from an empty home to an answer of the resource
//! - [`clients`]: registered clients: shared, kept, forgotten by the server, deleted
//! - [`library`]: the options in a program, with and without a pinned issuer
//! - [`step_up`]: scopes that a resource says are missing

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod clients;
mod library;
mod scene;
mod step_up;
mod terminal;
