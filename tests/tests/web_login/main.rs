//! Logins of users of a web application at a real authorization server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod canary;
mod logins;
mod request;
mod settings;
#[cfg(unix)]
mod site;
#[cfg(unix)]
mod sites;

use authn_providers as _;
