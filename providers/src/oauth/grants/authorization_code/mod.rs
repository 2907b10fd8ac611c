//! A code that a browser brings back from the server (RFC 6749, 4.1), for native programs (RFC 8252), with PKCE
//! (RFC 7636).
//!
//! - [`options`]: what its request asks for
//! - [`attempt`]: one login in progress; [`pkce`]: its secret
//! - [`request_object`]: the signed request; [`pushed`]: the request that goes to the server directly
//! - [`web`]: a login of two requests in a web application
//! - [`answer`]: the server's answer, and its checks
//!
//! [`browser_login`](crate::browser_login) waits for the browser.

mod answer;
mod attempt;
mod options;
mod pkce;
mod pushed;
mod request_object;
mod web;

use std::time::Duration;

use authn::{Login, Result, prompt::Progress};

use crate::{
    browser_login::{BrowserLogin, Redirect},
    oauth::{Call, login::LoggedIn},
};
use attempt::{Attempt, Prepared};

pub(in crate::oauth) use options::AuthorizationOptions;
pub(in crate::oauth) use web::{begin, complete};

/// Logs the user in with a browser on this machine, which comes back to loopback (RFC 8252, 7.3).
pub(in crate::oauth) async fn by_browser(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    let redirect = Redirect::listen(call.options.login.redirect()).await?;
    let attempt = Attempt::start(call, &redirect.uri)?;
    let Prepared { url, expected, expires_in } =
        login.unless_cancelled(attempt.prepare(call, call.options.login.timeout())).await??;
    let valid = shorter(call, expires_in);
    if !login.may_open_browser() {
        note_end(login, valid);
    }
    let code = waiting(call, login, valid).by_browser(url, redirect, expected).await?;
    finish(attempt, call, login, &code).await
}

/// Logs the user in with a browser anywhere. The user pastes the address that it ends at.
pub(in crate::oauth) async fn by_console(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    call.options.authorization.check_can_be_pasted()?;
    let attempt = Attempt::start(call, &call.options.login.redirect().of_console()?)?;
    let Prepared { url, expected, expires_in } =
        login.unless_cancelled(attempt.prepare(call, call.options.login.timeout())).await??;
    let valid = shorter(call, expires_in);
    note_end(login, valid);
    let code = waiting(call, login, valid).by_console(url, expected).await?;
    finish(attempt, call, login, &code).await
}

/// Returns how long the link is valid if that is less than the login waits.
fn shorter(call: Call<'_>, expires_in: Option<Duration>) -> Option<Duration> {
    expires_in.filter(|valid| *valid < call.options.login.timeout())
}

/// Tells a user who opens the link by hand until when that is possible.
fn note_end(login: &Login, valid: Option<Duration>) {
    let Some(valid) = valid else { return };
    login.progress(&Progress::Notice(format!(
        "the server accepts the link for only {} seconds, so open it in time",
        valid.as_secs()
    )));
}

/// Returns how the login waits. `valid` is how long the link is valid if that is less.
fn waiting<'a>(call: Call<'a>, login: &'a Login, valid: Option<Duration>) -> BrowserLogin<'a> {
    let options = &call.options.login;
    BrowserLogin {
        login,
        context: call.context,
        browser: options.browser.as_deref(),
        timeout: options.timeout(),
        late: match valid {
            Some(_) => {
                "no user logged in within `login_timeout`, and the server accepted the link for a shorter time"
            }
            None => "no user logged in within `login_timeout`",
        },
    }
}

/// Exchanges the code. The exchange is not cancelled, because the server issues the tokens only once.
async fn finish(attempt: Attempt, call: Call<'_>, login: &Login, code: &str) -> Result<LoggedIn> {
    login.progress(&Progress::Exchanging);
    let grant = attempt.exchange(call, code).await?;
    Ok(LoggedIn { grant, nonce: attempt.nonce, max_age: attempt.max_age })
}
