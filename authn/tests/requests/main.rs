//! `authn::reqwest::Client` against a small server: what it sends, where to, and what it hands out.

#![cfg(feature = "reqwest")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;
mod declared;
mod loopback;
mod redirects;
mod refusals;
mod response;
mod server;
mod signing;
mod urls;
