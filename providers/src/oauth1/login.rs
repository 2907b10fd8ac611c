//! How a user logs in (RFC 5849, 2): with a browser here, with one elsewhere, or in a web application.

use std::time::Duration;

use authn::{
    Context, Environment, Error, Login, LoginMethod, LoginPlan, PendingLogin, Result, TokenSet,
    Url, prompt::Progress,
};
use zeroize::Zeroizing;

use super::{
    OAuth1,
    answer::Expected,
    exchange::{Credential, initiate, redeem},
    signing::TOKEN,
};
use crate::{
    browser_login::{BrowserLogin, Redirect, RedirectOptions, code_of},
    token_endpoint::Address,
};

/// How long a login waits for its user. Servers keep temporary credentials for about as long.
const TIMEOUT: Duration = Duration::from_mins(5);
/// How long a login in a web application can be completed.
const WEB_TIMEOUT: Duration = Duration::from_hours(1);

/// What is sent as the callback if the browser can't come back (RFC 5849, 2.1).
pub(super) const OUT_OF_BAND: &str = "oob";
const PATH: &str = "/callback";

/// The names under which a suspended login is kept.
const KEPT_TOKEN: &str = "token";
const KEPT_SECRET: &str = "token_secret";
/// The server and the client, so that no other server gets the verifier.
const SERVER: &str = "server";
const CLIENT: &str = "client_id";

/// Logs the user in.
pub(super) async fn login(options: &OAuth1, context: &Context, login: &Login) -> Result<TokenSet> {
    let waiting = BrowserLogin {
        login,
        context,
        browser: None,
        timeout: TIMEOUT,
        late: "no user logged in within 5 minutes",
    };
    let callback = Callback::of(options)?;
    let redirect = match way(&callback, login.method(), login.has_browser())? {
        LoginMethod::Browser => Some(Redirect::listen(callback.redirect()?).await?),
        _ => None,
    };
    let sent = match &redirect {
        Some(redirect) => redirect.uri.clone(),
        None => callback.of_console()?,
    };
    // Cancelling this loses nothing: temporary credentials expire.
    let temporary = login.unless_cancelled(initiate(options, context, &sent)).await??;
    let url = link(options, &temporary)?;
    let expected = Expected { token: temporary.token.clone() };
    let (verifier, way) = match redirect {
        Some(redirect) => {
            (waiting.by_browser(url, redirect, expected).await?, LoginMethod::Browser)
        }
        None => (waiting.by_console(url, expected).await?, LoginMethod::Console),
    };
    login.progress(&Progress::Exchanging);
    // It is not cancelled, because the server issues the token only once.
    redeem(options, context, &temporary, &verifier, way).await
}

/// The option `callback`.
enum Callback<'a> {
    Unset,
    OutOfBand,
    Address(Url, &'a str),
}

impl<'a> Callback<'a> {
    fn of(options: &'a OAuth1) -> Result<Self> {
        match options.callback.as_deref() {
            None => Ok(Self::Unset),
            Some(OUT_OF_BAND) => Ok(Self::OutOfBand),
            Some(text) => Url::parse(text).map(|url| Self::Address(url, text)).map_err(|_| {
                Error::configuration("`callback` is not an address")
                    .with_help("set it to a URL or to `oob`")
            }),
        }
    }

    /// Returns the address that a browser on this machine comes back to.
    fn redirect(&self) -> Result<RedirectOptions<'_>> {
        let uri = match self {
            Self::Unset => None,
            Self::Address(url, text) => Some((url, *text)),
            Self::OutOfBand => {
                return Err(Error::configuration(
                    "with `callback = \"oob\"` no browser comes back",
                )
                .with_help("log in with `--console`, or remove `callback`"));
            }
        };
        Ok(RedirectOptions { uri, uri_option: "callback", port: 0, path: PATH })
    }

    fn is_local(&self) -> bool {
        self.redirect().is_ok_and(RedirectOptions::is_local)
    }

    fn of_console(&self) -> Result<String> {
        match self {
            Self::Unset | Self::OutOfBand => Ok(OUT_OF_BAND.to_owned()),
            Self::Address(..) => self.redirect()?.of_console(),
        }
    }
}

/// Returns the way of a login: the one that the caller chose, or else the one that the environment allows.
fn way(
    callback: &Callback<'_>,
    chosen: Option<LoginMethod>,
    has_browser: bool,
) -> Result<LoginMethod> {
    match chosen {
        Some(LoginMethod::Device) => {
            Err(Error::configuration("OAuth 1.0a has no login by a code on another device")
                .with_help("log in with `--browser` or `--console`"))
        }
        Some(way) => Ok(way),
        None if has_browser && callback.is_local() => Ok(LoginMethod::Browser),
        None => Ok(LoginMethod::Console),
    }
}

/// Returns what a login would do, by the same rules.
pub(super) fn plan(options: &OAuth1, environment: &Environment) -> LoginPlan {
    let callback = Callback::of(options).unwrap_or(Callback::OutOfBand);
    let is_local = callback.is_local();
    if environment.has_browser() && is_local {
        let what = "a login opens a browser on this machine";
        return LoginPlan::new(Some(LoginMethod::Browser), what)
            .because(environment.browser_reason());
    }
    let what = "a login shows a link, and asks for the code that the server shows";
    let why = if is_local {
        environment.browser_reason()
    } else {
        Some("`callback` is not on this machine".to_owned())
    };
    LoginPlan::new(Some(LoginMethod::Console), what).because(why)
}

/// Returns the address of the login page (RFC 5849, 2.2).
fn link(options: &OAuth1, temporary: &Credential) -> Result<Url> {
    let page = options.authorization_url.as_ref().ok_or_else(|| {
        Error::configuration("no user can log in").with_help("set `authorization_url`")
    })?;
    let mut url = page.url().clone();
    url.query_pairs_mut().append_pair(TOKEN, &temporary.token);
    Ok(url)
}

/// Starts a login in a web application.
pub(super) async fn begin(
    options: &OAuth1,
    context: &Context,
    redirect_uri: &str,
) -> Result<(Url, PendingLogin)> {
    check_web(options, redirect_uri)?;
    let temporary = initiate(options, context, redirect_uri).await?;
    let end = context.clock().now().plus(WEB_TIMEOUT);
    let pending = PendingLogin::new(redirect_uri, end.wall())
        .with_kept(KEPT_TOKEN, temporary.token.as_str())
        .with_kept(KEPT_SECRET, temporary.secret.as_str())
        .with_kept(SERVER, server(options))
        .with_kept(CLIENT, &options.client_id);
    Ok((link(options, &temporary)?, pending))
}

/// Checks the address that the browser came back to, and requests the token.
pub(super) async fn complete(
    options: &OAuth1,
    context: &Context,
    pending: &PendingLogin,
    returned: &Url,
) -> Result<TokenSet> {
    check_web(options, pending.redirect_uri())?;
    let kept = |name| pending.kept(name).map(|value| Zeroizing::new(value.to_owned()));
    let is_ours = pending.kept(SERVER) == Some(server(options))
        && pending.kept(CLIENT) == Some(&*options.client_id);
    let (Some(token), Some(secret), true) = (kept(KEPT_TOKEN), kept(KEPT_SECRET), is_ours) else {
        return Err(Error::login_required("the login was started with other credentials")
            .with_help("complete it with the credentials that started it, or start it again"));
    };
    let temporary = Credential { token, secret };
    let expected = Expected { token: temporary.token.clone() };
    let verifier = code_of(returned, &expected)?;
    redeem(options, context, &temporary, &verifier, LoginMethod::Browser).await
}

fn server(options: &OAuth1) -> &str {
    options.access_token_url.as_ref().map_or("", Address::as_str)
}

/// Checks that the options allow a login that comes back to this address.
fn check_web(options: &OAuth1, redirect_uri: &str) -> Result<()> {
    if !options.is_login() {
        return Err(Error::configuration("the provider has no login")
            .with_help("set `request_token_url`, `authorization_url` and `access_token_url`"));
    }
    if options.callback.as_deref().is_some_and(|configured| configured != redirect_uri) {
        return Err(Error::configuration("the redirect address is another one than `callback`")
            .with_help("use that one, or remove the option"));
    }
    Ok(())
}
