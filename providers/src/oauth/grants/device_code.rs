//! A code that somebody types in at the server (RFC 8628).

use authn::{Context, Error, Grant, Login, Result};

use crate::oauth::OAuth;

#[expect(clippy::unused_async, reason = "it waits for somebody")]
pub(in crate::oauth) async fn login(
    _options: &OAuth,
    _context: &Context,
    _login: &Login,
) -> Result<Grant> {
    Err(Error::configuration("the grant device_code is not there yet; log in by a browser"))
}
