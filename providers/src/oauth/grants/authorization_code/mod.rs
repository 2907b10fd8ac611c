//! A code that a browser brings back from the server (RFC 6749, 4.1), for native programs (RFC 8252), with PKCE
//! (RFC 7636).
//!
//! - [`attempt`]: one login in progress; [`pkce`]: its secret
//! - [`redirect`]: the redirect address; [`listener`]: waits there for the browser
//! - [`console`]: the text that the user pastes if the browser can't come back
//! - [`web`]: a login of two requests in a web application
//! - [`answer`]: the server's answer, and its checks

mod answer;
mod attempt;
mod console;
mod listener;
mod pkce;
mod redirect;
mod web;

use authn::{
    Error, Login, Result,
    prompt::{Link, Progress},
};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use zeroize::Zeroizing;

use crate::oauth::{
    Call,
    browser::{Browser, Browsers},
    login::LoggedIn,
};
use attempt::Attempt;
use listener::Listener;
use redirect::Redirect;

pub(in crate::oauth) use redirect::{is_local, registered_redirect_uri};
pub(in crate::oauth) use web::{begin, complete};

/// An event while the user logs in.
enum Event {
    /// The browser has come back.
    Answer(Result<Zeroizing<String>>),
    /// A browser has come back from another login, and shows that.
    Foreign,
    /// A browser was started, or could not be.
    Browser(Browser),
}

/// Logs the user in with a browser on this machine, which comes back to loopback (RFC 8252, 7.3).
pub(in crate::oauth) async fn by_browser(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    let Call { options, context, .. } = call;
    let redirect = Redirect::listen(&options.login).await?;
    let attempt = Attempt::start(call, &redirect.uri)?;
    let (url, expected) = login.unless_cancelled(attempt.prepare(call)).await??;
    let (sender, mut events) = mpsc::unbounded_channel();
    let listener = Listener::start(redirect, expected, sender.clone(), context);
    login.at_end(|is_logged_in| listener.finish(is_logged_in));
    let opens = match options.login.browser {
        Some(_) => login.may_open_browser(),
        None => login.opens_browser(),
    };
    let waiting = async {
        let link = Link::new(url.clone());
        login.show_link(&if opens { link.with_browser() } else { link });
        if opens {
            let browsers = Browsers::of(options.login.browser.as_deref(), login);
            browsers.open(&url, context.clock().clone(), move |browser| {
                drop(sender.send(Event::Browser(browser)));
            });
        }
        login.progress(&Progress::Waiting { left: options.login.timeout() });
        answer(&mut events, login).await
    };
    finish(attempt, call, login, waiting).await
}

/// Logs the user in with a browser anywhere. The user pastes the address that it ends at.
pub(in crate::oauth) async fn by_console(call: Call<'_>, login: &Login) -> Result<LoggedIn> {
    let attempt = Attempt::start(call, &redirect::console_redirect_uri(&call.options.login)?)?;
    let (url, expected) = login.unless_cancelled(attempt.prepare(call)).await??;
    let waiting = async {
        login.show_link(&Link::new(url));
        login.progress(&Progress::Waiting { left: call.options.login.timeout() });
        console::ask(login, &expected).await
    };
    finish(attempt, call, login, waiting).await
}

/// Waits for the code until the timeout, unless the user cancels, and exchanges it. The exchange is not cancelled,
/// because the server issues the tokens only once.
async fn finish(
    attempt: Attempt,
    call: Call<'_>,
    login: &Login,
    waiting: impl Future<Output = Result<Zeroizing<String>>>,
) -> Result<LoggedIn> {
    let Call { options, context, .. } = call;
    let limited = context.clock().within(options.login.timeout(), waiting);
    let late = "no user logged in within `login_timeout`";
    let code = login.unless_cancelled(limited).await?;
    let code = code.unwrap_or_else(|| Err(context.login_required(late)))?;
    login.progress(&Progress::Exchanging);
    let grant = attempt.exchange(call, &code).await?;
    Ok(LoggedIn { grant, nonce: attempt.nonce })
}

/// Waits until the browser has come back, and reports other events to the user.
async fn answer(events: &mut UnboundedReceiver<Event>, login: &Login) -> Result<Zeroizing<String>> {
    while let Some(event) = events.recv().await {
        match event {
            Event::Answer(code) => return code,
            Event::Foreign => login.progress(&Progress::Notice(
                "a browser came back from another login, which was ignored; \
                 open the link that is shown here"
                    .to_owned(),
            )),
            Event::Browser(Browser::Opened) => login.progress(&Progress::BrowserOpened),
            Event::Browser(Browser::Failed(why)) => login.progress(&Progress::BrowserFailed(why)),
        }
    }
    // The listener exists as long as the login.
    Err(Error::cancelled("the login ended before the browser came back").with_help("log in again"))
}
