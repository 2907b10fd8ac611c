//! Logins: how a user logs in, and who the user is.

use std::{sync::LazyLock, time::Duration};

use authn::{
    Environment, Error, Login, LoginMethod, LoginPlan, Options as _, Result, TokenSet,
    options::{Command, Field},
    prompt::Progress,
};
use zeroize::Zeroizing;

use super::{
    Call, OAuth,
    grants::{
        GrantType, authorization_code, authorization_code::AuthorizationOptions, device_code,
    },
    id_token::{self, Asked, Failure},
    revocation,
    typed_client::Missing,
};
use crate::{
    browser_login::RedirectOptions,
    token_endpoint::{Address, AnyAddress, Endpoint},
};

/// How a user logs in.
#[derive(Clone, authn::Options)]
pub(super) struct LoginOptions {
    /// Page where a client is registered. With `grant_type = "client_credentials"`, a login asks for a client
    /// identifier or secret that is not configured, and shows this page. Otherwise it is not used.
    pub(super) registration_page_url: Option<Address>,
    /// Port on which a login waits for the browser to come back. 0 is any free port.
    #[default(0)]
    pub(super) redirect_port: u16,
    /// Path on which a login waits for the browser to come back.
    #[default(DEFAULT_PATH.to_owned())]
    pub(super) redirect_path: String,
    /// Redirect address, for servers that compare it exactly. It replaces `redirect_port` and `redirect_path`. An
    /// address on this machine is `http` with the host `127.0.0.1`, `[::1]` or `localhost` and a port, where 0 is any
    /// free port. With any other address the user must paste the address that the browser ends at.
    pub(super) redirect_uri: Option<AnyAddress>,
    /// What the server asks the user, such as `login`, `consent` or `select_account` (OpenID Connect Core, 3.1.2.1).
    pub(super) prompt: Option<String>,
    /// User who is expected to log in, as a hint for the server (OpenID Connect Core, 3.1.2.1).
    pub(super) login_hint: Option<String>,
    /// Command that starts a browser: the program and its arguments. The address replaces `%s`, or is appended. Unset,
    /// it is the environment variable `BROWSER`, else the desktop's browser.
    pub(super) browser: Option<Command>,
    /// How long a login waits for the user. Unset, it is 5 minutes, and an hour in a web application. The code of a device
    /// login can expire earlier.
    login_timeout: Option<Duration>,
}

const DEFAULT_PATH: &str = "/callback";
/// A user at a terminal sees that the login waits.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);
/// A user of a web application may first reset a password or set up a second factor. Nothing waits meanwhile.
const DEFAULT_WEB_TIMEOUT: Duration = Duration::from_hours(1);

impl LoginOptions {
    /// Returns how long a login of a program waits for its user.
    pub(super) fn timeout(&self) -> Duration {
        self.login_timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Returns how long a login in a web application can be completed.
    pub(super) fn web_timeout(&self) -> Duration {
        self.login_timeout.unwrap_or(DEFAULT_WEB_TIMEOUT)
    }

    /// Returns the redirect address.
    pub(super) fn redirect(&self) -> RedirectOptions<'_> {
        RedirectOptions {
            uri: self.redirect_uri.as_ref().map(|uri| (uri.url(), uri.as_str())),
            uri_option: "redirect_uri",
            port: self.redirect_port,
            path: &self.redirect_path,
        }
    }

    /// Checks the options. Options that the grant does not use have their defaults.
    pub(super) fn validate(&self) -> Result<()> {
        if let Some(page) = &self.registration_page_url {
            authn::http::check(page.url(), false)?;
        }
        let has_own_redirect = self.redirect_port != 0 || self.redirect_path != DEFAULT_PATH;
        let (problem, help) = if self.login_timeout.is_some_and(|timeout| timeout.is_zero()) {
            ("`login_timeout` is 0", "set it to a duration like `5m`")
        } else if self.browser.as_ref().is_some_and(|browser| browser.is_empty()) {
            ("`browser` is empty", "set it to a command, or leave it out")
        } else if !self.redirect_path.starts_with('/') || self.redirect_path.contains(['?', '#']) {
            ("`redirect_path` is not a path", "set it to a path that starts with `/`")
        } else if self.redirect_uri.as_ref().is_some_and(|uri| uri.url().fragment().is_some()) {
            ("`redirect_uri` has a fragment (RFC 6749, 3.1.2)", "remove `#` and the text after it")
        } else if self.redirect_uri.is_some() && has_own_redirect {
            (
                "`redirect_uri` is set together with `redirect_port` or `redirect_path`",
                "remove `redirect_port` and `redirect_path`",
            )
        } else {
            return Ok(());
        };
        Err(Error::configuration(problem).with_help(help))
    }

    /// Returns the options that are used only by a login at the server, and whether each is set.
    pub(super) fn used_by_login(&self) -> [(&'static str, bool); 7] {
        [
            ("redirect_port", self.redirect_port != 0),
            ("redirect_path", self.redirect_path != DEFAULT_PATH),
            ("redirect_uri", self.redirect_uri.is_some()),
            ("prompt", self.prompt.is_some()),
            ("login_hint", self.login_hint.is_some()),
            ("browser", self.browser.is_some()),
            ("login_timeout", self.login_timeout.is_some()),
        ]
    }
}

/// Returns the keys of the options that change no session: those that are used only by logins, the one for a session's new
/// key, and those that an error names when the session exists already.
pub(super) fn options() -> &'static [&'static str] {
    static KEYS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let fields = LoginOptions::FIELDS.iter().chain(AuthorizationOptions::FIELDS);
        fields.map(Field::key).chain(["dpop_algorithm"]).chain(NAMED_LATER).collect()
    });
    &KEYS
}

/// The options that a token of an unknown type needs, and a logout at the server.
const NAMED_LATER: [&str; 2] = ["token_type", "end_session_endpoint_url"];

/// How long a failed login waits until the server has revoked the tokens that it issued.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The result of a login.
pub(super) struct LoggedIn {
    pub(super) grant: TokenSet,
    /// The nonce that the ID token must repeat, if one was sent.
    pub(super) nonce: Option<Zeroizing<String>>,
    /// How long ago the user may have logged in at the server, if that was limited.
    pub(super) max_age: Option<Duration>,
}

/// Logs the user in, by a grant that needs it.
pub(super) async fn login(call: Call<'_>, login: &Login) -> Result<TokenSet> {
    if let Some(missing) = Missing::of(call.options) {
        return missing.log_in(call, login).await;
    }
    // This can ask the server. Cancelling it loses nothing.
    let (way, or_by_console) = login.unless_cancelled(way(call, login)).await?;
    let by_code = match way {
        LoginMethod::Device => device_code::login(call, login, or_by_console).await?,
        _ => None,
    };
    let logged_in = match (by_code, way) {
        (Some(grant), _) => {
            let max_age = call.options.authorization.max_age(call.context)?;
            LoggedIn { grant, nonce: None, max_age }
        }
        (None, LoginMethod::Device | LoginMethod::Console) => {
            authorization_code::by_console(call, login).await?
        }
        (None, _) => authorization_code::by_browser(call, login).await?,
    };
    let notify = |error| {
        let text = format!("the user's identity can't be verified: {error}");
        login.progress(&Progress::Notice(text));
        Ok(())
    };
    let grant = verify_identity(call, logged_in, notify).await?;
    warn_if_not_renewable(&grant, login);
    Ok(grant)
}

/// The way of a login as far as it is known before the server is asked.
struct Plan {
    way: LoginMethod,
    /// Whether a device code is tried first, if the server allows it.
    tries_code: bool,
    /// Whether the browser can come back to this machine.
    is_local: bool,
}

impl Plan {
    /// Chooses the way. `sees_browser` says whether the environment has a browser.
    fn of(options: &OAuth, sees_browser: bool) -> Self {
        let login = &options.login;
        let is_local = login.redirect().is_local();
        let has_browser = login.browser.is_some() || sees_browser;
        let is_free = options.is_grant_implied() && login.redirect_uri.is_none();
        // Without a login page there is a device authorization endpoint: `validate` checks that.
        let has_page = options.server.has_login_page();
        let way = if options.grant_type == Some(GrantType::DeviceCode) || (is_free && !has_page) {
            LoginMethod::Device
        } else if has_browser && is_local {
            LoginMethod::Browser
        } else {
            LoginMethod::Console
        };
        Self { way, tries_code: is_free && has_page && !has_browser, is_local }
    }
}

/// Returns what a login would do. It follows the same rules as [`way`].
pub(super) fn plan(options: &OAuth, environment: &Environment) -> Option<LoginPlan> {
    const PASTE: &str = "a login shows a link, and asks for the address that a browser ends at";
    if Missing::of(options).is_some() {
        let what = "a login asks for what the configuration lacks of the client";
        return Some(LoginPlan::new(None, what));
    }
    if !GrantType::of(options).is_login() {
        return None;
    }
    let Plan { way, tries_code, is_local, .. } = Plan::of(options, environment.has_browser());
    let (way, what, why) = match way {
        LoginMethod::Device => {
            (Some(way), "a login shows a code, which is typed in on any device", None)
        }
        LoginMethod::Console if !is_local => {
            (Some(way), PASTE, Some("`redirect_uri` is not on this machine".to_owned()))
        }
        LoginMethod::Browser if options.login.browser.is_some() => {
            (Some(way), "a login opens the browser that the option `browser` names", None)
        }
        LoginMethod::Browser => {
            (Some(way), "a login opens a browser on this machine", environment.browser_reason())
        }
        _ if tries_code => (
            None,
            "a login shows a code or a link for another device, as far as the server has them",
            environment.browser_reason(),
        ),
        _ => (Some(way), PASTE, environment.browser_reason()),
    };
    Some(LoginPlan::new(way, what).because(why))
}

/// Returns the way that the caller chose, or else the one that follows from the configuration and the environment. The
/// flag says whether the login continues on the console if the server does not let the client log in by a code.
async fn way(Call { options, context, .. }: Call<'_>, login: &Login) -> (LoginMethod, bool) {
    if let Some(way) = login.method() {
        return (way, false);
    }
    let Plan { way, tries_code, .. } = Plan::of(options, login.has_browser());
    if tries_code && options.server.endpoint(Endpoint::DeviceAuthorization, context).await.is_ok() {
        return (LoginMethod::Device, true);
    }
    (way, false)
}

/// Notifies the user if the login can't be renewed.
fn warn_if_not_renewable(grant: &TokenSet, login: &Login) {
    if grant.refresh_token().is_some() {
        return;
    }
    let what = match grant.token().expires_at() {
        Some(_) => "until its token expires",
        None => "until the server ends it, because it names no lifetime",
    };
    login.progress(&Progress::Notice(format!(
        "the server issued no refresh token, so the login lasts {what}; \
         to stay logged in, add `offline_access` to `scope` if the server supports it"
    )));
}

/// Adds the claims of the ID token. A wrong one ends the login; `unable` decides on one that can't be checked, unless it must
/// prove something.
pub(super) async fn verify_identity(
    call: Call<'_>,
    logged_in: LoggedIn,
    unable: impl FnOnce(Error) -> Result<()> + Send,
) -> Result<TokenSet> {
    let Call { options, context, .. } = call;
    let LoggedIn { grant, nonce, max_age } = logged_in;
    let Some(id_token) = grant.token().id_token() else {
        // A set without a token has an error of its own.
        if max_age.is_none() || grant.failure().is_some() {
            return Ok(grant);
        }
        let error = Error::protocol("the server issued no ID token, which must prove `max_age`");
        let error = error.with_help("add `openid` to `scope`, and allow that at the server");
        return Err(give_back(call, &grant, error).await);
    };
    let nonce = nonce.as_ref().map(|nonce| nonce.as_str());
    let asked = Asked { nonce, max_age };
    let unverified = match id_token::verify(options, context, &id_token.expose(), asked).await {
        Ok(claims) => return Ok(grant.with_claims(claims.into())),
        Err(Failure::Mismatch(error)) => Err(error),
        Err(Failure::Unable(error)) if max_age.is_some() => Err(error),
        Err(Failure::Unable(error)) => unable(error),
    };
    match unverified {
        Ok(()) => Ok(grant),
        Err(error) => Err(give_back(call, &grant, error).await),
    }
}

/// Revokes tokens that are not used because of an error, which it returns. Whether that succeeds does not change it.
pub(super) async fn give_back(call: Call<'_>, grant: &TokenSet, error: Error) -> Error {
    let revoked = revocation::revoke(call, grant);
    drop(call.context.clock().within(REVOCATION_TIMEOUT, revoked).await);
    error
}

#[cfg(test)]
mod tests {
    use authn::Loader;

    use super::*;

    const OTHER: &str =
        "a login shows a code or a link for another device, as far as the server has them";
    const PASTE: &str = "a login shows a link, and asks for the address that a browser ends at";
    const DISCOVERED: &str = "issuer_url = 'https://idp.test'\nclient_id = 'cli'";
    const CODES_ALONE: &str = "token_endpoint_url = 'https://idp.test/t'\n\
        device_authorization_endpoint_url = 'https://idp.test/d'\nclient_id = 'cli'";

    fn plan(options: &str, variable: Option<&str>) -> Option<LoginPlan> {
        let text = format!(
            "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nstore = 'memory'\n{options}\n"
        );
        let loader = Loader::new().environment(Environment::empty()).defaults(&text);
        let surroundings = variable
            .map_or_else(Environment::empty, |name| Environment::empty().variable(name, "1"));
        loader.load().unwrap().login_plan(&surroundings)
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_plan_matches_the_login() {
        for (server, option, variable, way, text) in [
            (DISCOVERED, "", None, None, format!("{OTHER}, because there is no display")),
            (DISCOVERED, "", Some("SSH_TTY"), None, format!("{OTHER}, because SSH_TTY is set")),
            (
                DISCOVERED,
                "",
                Some("DISPLAY"),
                Some(LoginMethod::Browser),
                "a login opens a browser on this machine, because DISPLAY is set".to_owned(),
            ),
            (
                DISCOVERED,
                "browser = ['firefox']",
                None,
                Some(LoginMethod::Browser),
                "a login opens the browser that the option `browser` names".to_owned(),
            ),
            (
                DISCOVERED,
                "redirect_uri = 'https://c.test/x'",
                Some("DISPLAY"),
                Some(LoginMethod::Console),
                format!("{PASTE}, because `redirect_uri` is not on this machine"),
            ),
            (
                DISCOVERED,
                "grant_type = 'authorization_code'",
                Some("SSH_TTY"),
                Some(LoginMethod::Console),
                format!("{PASTE}, because SSH_TTY is set"),
            ),
            (
                CODES_ALONE,
                "",
                Some("DISPLAY"),
                Some(LoginMethod::Device),
                "a login shows a code, which is typed in on any device".to_owned(),
            ),
            (
                DISCOVERED,
                "grant_type = 'client_credentials'",
                None,
                None,
                "a login asks for what the configuration lacks of the client".to_owned(),
            ),
        ] {
            let plan = plan(&format!("{server}\n{option}"), variable).unwrap();
            assert_eq!((plan.method, plan.to_string()), (way, text), "{option} {variable:?}");
        }
        assert_eq!(plan(&format!("{DISCOVERED}\nclient_secret = 's'"), None), None);
    }
}
