//! Logins of a person at a real authorization server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod device;
mod screen;
mod typed_client;

use authn_providers as _;
