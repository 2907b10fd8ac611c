//! A chain of `reqwest-middleware`, which ends with the client of authn.

use authn::{Credentials, reqwest::Client};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

/// Returns a client whose requests are authorised. Other middleware, such as one that retries, is added before the last one:
/// then each attempt has a valid token.
pub fn client(credentials: Credentials) -> authn::reqwest::Result<ClientWithMiddleware> {
    let last = Client::new(credentials)?;
    // This one builds requests, and sends none.
    let builds = reqwest::Client::new();
    Ok(ClientBuilder::new(builds).with(last).build())
}
