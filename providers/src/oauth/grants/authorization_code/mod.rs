//! A code that a browser brings back from the server (RFC 6749, 4.1), for native programs (RFC 8252), with PKCE
//! (RFC 7636).
//!
//! - [`attempt`]: one login in progress; [`pkce`]: its secret
//! - [`web`]: a login of two requests in a web application
//! - [`answer`]: the server's answer, and its checks
//!
//! [`browser_login`](crate::browser_login) waits for the browser.

mod answer;
mod attempt;
mod pkce;
mod web;

use authn::{Login, Result, prompt::Progress};

use crate::{
    browser_login::{BrowserLogin, Redirect},
    oauth::{Call, login::LoggedIn},
};
use attempt::Attempt;

pub(in crate::oauth) use web::{begin, complete};

/// Logs the user in with a browser on this machine, which comes back to loopback (RFC 8252, 7.3).
pub(in crate::oauth) async fn by_browser(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    let redirect = Redirect::listen(call.options.login.redirect()).await?;
    let attempt = Attempt::start(call, &redirect.uri)?;
    let (url, expected) = login.unless_cancelled(attempt.prepare(call)).await??;
    let code = waiting(call, login).by_browser(url, redirect, expected).await?;
    finish(attempt, call, login, &code).await
}

/// Logs the user in with a browser anywhere. The user pastes the address that it ends at.
pub(in crate::oauth) async fn by_console(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    let attempt = Attempt::start(call, &call.options.login.redirect().of_console()?)?;
    let (url, expected) = login.unless_cancelled(attempt.prepare(call)).await??;
    let code = waiting(call, login).by_console(url, expected).await?;
    finish(attempt, call, login, &code).await
}

fn waiting<'a>(call: Call<'a>, login: &'a Login) -> BrowserLogin<'a> {
    let options = &call.options.login;
    BrowserLogin {
        login,
        context: call.context,
        browser: options.browser.as_deref(),
        timeout: options.timeout(),
        late: "no user logged in within `login_timeout`",
    }
}

/// Exchanges the code. The exchange is not cancelled, because the server issues the tokens only once.
async fn finish(attempt: Attempt, call: Call<'_>, login: &Login, code: &str) -> Result<LoggedIn> {
    login.progress(&Progress::Exchanging);
    let grant = attempt.exchange(call, code).await?;
    Ok(LoggedIn { grant, nonce: attempt.nonce })
}
