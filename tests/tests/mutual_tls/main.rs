//! Clients that authenticate with a certificate, and tokens that are bound to one (RFC 8705), against a real
//! authorization server and a real resource server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod api;
mod canary;
mod clients;
mod command_line;
mod rotation;
mod scene;
