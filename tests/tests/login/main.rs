//! Logins of a user at a real authorization server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod at_server;
mod browser;
mod callback;
mod canary;
mod console;
mod device;
mod identity;
mod person;
mod request;
mod screen;
mod session;
mod settings;
mod typed_client;

use authn_providers as _;
