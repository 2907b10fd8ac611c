//! What `authn` says if a server can't be reached or its certificate is refused: each cause is told apart, with what helps.
//!
//! - [`peers`]: the servers, proxies and certificates
//! - [`causes`]: a table with a row for each cause

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod causes;
mod peers;
