//! A code that a browser brings back from the server (RFC 6749, 4.1).

use authn::{Context, Error, Grant, Login, Result};

use crate::oauth::{DEFAULT_PATH, OAuth};

/// Checks the options of a login.
pub(super) fn validate(options: &OAuth) -> Result<()> {
    let problem = if options.login_timeout.is_zero() {
        "`login_timeout` is 0, which leaves no time to log in; set it to some minutes"
    } else if options.browser.as_ref().is_some_and(Vec::is_empty) {
        "`browser` is empty; set it to a command, or leave it out"
    } else if !options.redirect_path.starts_with('/') || options.redirect_path.contains(['?', '#'])
    {
        "`redirect_path` is no path; set it to one that begins with `/`"
    } else if options.redirect_uri.as_ref().is_some_and(|uri| uri.url().fragment().is_some()) {
        "`redirect_uri` has a fragment, which no server takes; remove it from `#` on"
    } else if options.redirect_uri.is_some()
        && (options.redirect_port != 0 || options.redirect_path != DEFAULT_PATH)
    {
        "`redirect_uri` has a port and a path of its own; remove `redirect_port` and `redirect_path`"
    } else {
        return Ok(());
    };
    Err(Error::configuration(problem))
}

/// Waits on loopback for the browser to come back (RFC 8252, 7.3).
#[expect(clippy::unused_async, reason = "it waits for somebody")]
pub(in crate::oauth) async fn by_browser(
    _options: &OAuth,
    _context: &Context,
    _login: &Login,
) -> Result<Grant> {
    Err(Error::configuration("the grant authorization_code is not there yet"))
}

/// Lets somebody paste the address that a browser anywhere came back to.
#[expect(clippy::unused_async, reason = "it waits for somebody")]
pub(in crate::oauth) async fn by_console(
    _options: &OAuth,
    _context: &Context,
    _login: &Login,
) -> Result<Grant> {
    Err(Error::configuration("the grant authorization_code is not there yet"))
}
