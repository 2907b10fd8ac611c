//! Logins in a browser, for every protocol that redirects it back with a code (RFC 8252; RFC 5849, 2.2).
//!
//! - [`redirect`]: the redirect address; [`listener`]: waits there for the browser
//! - [`browser`]: starts a browser
//! - [`console`]: the text that the user pastes if the browser can't come back
//! - [`answer`]: the server's answer, which the protocol checks

mod answer;
mod browser;
mod console;
mod listener;
mod redirect;

use std::{sync::Arc, time::Duration};

use authn::{
    Context, Error, Login, Result, Url,
    prompt::{Link, Progress},
};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use zeroize::Zeroizing;

pub(crate) use browser::{Browser, Browsers};
use listener::Listener;

pub(crate) use answer::{Answer, Checks, Parameters, code_of};
pub(crate) use redirect::{Redirect, RedirectOptions};

/// An event while the user logs in.
enum Event {
    /// The browser has come back.
    Answer(Result<Zeroizing<String>>),
    /// A browser has come back from another login, and shows that.
    Foreign,
    /// A browser was started, or could not be.
    Browser(Browser),
}

/// How a login waits for its user.
#[derive(Clone, Copy)]
pub(crate) struct BrowserLogin<'a> {
    pub(crate) login: &'a Login,
    pub(crate) context: &'a Context,
    /// The configured command that starts a browser.
    pub(crate) browser: Option<&'a [String]>,
    pub(crate) timeout: Duration,
    /// What is said if the timeout ends.
    pub(crate) late: &'static str,
}

impl BrowserLogin<'_> {
    /// Waits for a browser on this machine, which comes back to loopback (RFC 8252, 7.3). Returns its code.
    pub(crate) async fn by_browser(
        self,
        url: Url,
        redirect: Redirect,
        expected: impl Checks,
    ) -> Result<Zeroizing<String>> {
        let Self { login, context, browser, timeout, .. } = self;
        let (sender, mut events) = mpsc::unbounded_channel();
        let help = format!(
            "{}; if the server showed an error in place of coming back, register `{}` there as it is, \
             or set `redirect_uri` to an address that is registered",
            context.login_help(),
            redirect.uri
        );
        let listener = Listener::start(redirect, Arc::new(expected), sender.clone(), context);
        login.at_end(|is_logged_in| listener.finish(is_logged_in));
        let opens = match browser {
            Some(_) => login.may_open_browser(),
            None => login.opens_browser(),
        };
        self.in_time(help, async {
            let link = Link::new(url.clone());
            login.show_link(&if opens { link.with_browser() } else { link });
            if opens {
                let browsers = Browsers::of(browser, login);
                browsers.open(&url, context.clock().clone(), move |browser| {
                    drop(sender.send(Event::Browser(browser)));
                });
            }
            login.progress(&Progress::Waiting { left: timeout });
            answer(&mut events, login).await
        })
        .await
    }

    /// Waits until the user has pasted the address that a browser anywhere ends at. Returns its code.
    pub(crate) async fn by_console(
        self,
        url: Url,
        expected: impl Checks,
    ) -> Result<Zeroizing<String>> {
        self.in_time(self.context.login_help(), async {
            self.login.show_link(&Link::new(url));
            self.login.progress(&Progress::Waiting { left: self.timeout });
            console::ask(self.login, &expected).await
        })
        .await
    }

    /// Waits for the code until the timeout, unless the user cancels. `help` is what helps after the timeout.
    async fn in_time(
        self,
        help: String,
        waiting: impl Future<Output = Result<Zeroizing<String>>>,
    ) -> Result<Zeroizing<String>> {
        let limited = self.context.clock().within(self.timeout, waiting);
        let code = self.login.unless_cancelled(limited).await?;
        code.unwrap_or_else(|| Err(Error::login_required(self.late).with_help(help)))
    }
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
