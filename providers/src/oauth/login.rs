//! By which way a user logs in, and who they are.

use std::{sync::LazyLock, time::Duration};

use authn::{
    Environment, Error, Login, LoginPlan, Options as _, Result, TokenSet, Way,
    options::{Command, Field},
    prompt::Progress,
};
use zeroize::Zeroizing;

use super::{
    Call, OAuth,
    grants::{GrantType, authorization_code, device_code},
    id_token::{self, Failure},
    revocation,
    typed_client::Missing,
};
use crate::token_endpoint::{Address, AnyAddress, Endpoint};

/// How a user logs in.
#[derive(authn::Options)]
pub(super) struct LoginOptions {
    /// Page where a client is registered. A login shows it to whoever is asked for the client's identifier or
    /// secret, which are typed in where the grant is `client_credentials` by name and they are not configured;
    /// elsewhere it is not used.
    pub(super) registration_page_url: Option<Address>,
    /// Port on which a login waits for the browser to come back; 0 is any free one.
    #[default(0)]
    pub(super) redirect_port: u16,
    /// Path at which a login waits for the browser to come back.
    #[default(DEFAULT_PATH.to_owned())]
    pub(super) redirect_path: String,
    /// Where the browser comes back to, for a server that compares it to the letter; in place of `redirect_port`
    /// and `redirect_path`. On this machine it is `http` to `127.0.0.1`, `[::1]` or `localhost`, with a port, of
    /// which 0 is any free one. What is elsewhere serves only where the address is pasted.
    pub(super) redirect_uri: Option<AnyAddress>,
    /// What the server is to ask of whoever logs in, as `login`, `consent` or `select_account` (OpenID Connect
    /// Core, 3.1.2.1).
    pub(super) prompt: Option<String>,
    /// Who is about to log in, so that the server needs not ask (OpenID Connect Core, 3.1.2.1).
    pub(super) login_hint: Option<String>,
    /// Command that starts a browser, program and arguments. The address takes the place of `%s` or comes last.
    /// Unless set, `BROWSER`, else the desktop's own browser.
    pub(super) browser: Option<Command>,
    /// How long a login waits for whoever logs in. A code that is typed in elsewhere may expire earlier.
    #[default(DEFAULT_TIMEOUT)]
    pub(super) login_timeout: Duration,
}

const DEFAULT_PATH: &str = "/callback";
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);

impl LoginOptions {
    /// Checks the options, of which those that the grant does not use have their defaults.
    pub(super) fn validate(&self) -> Result<()> {
        if let Some(page) = &self.registration_page_url {
            authn::http::check(page.url(), false)?;
        }
        let has_own_redirect = self.redirect_port != 0 || self.redirect_path != DEFAULT_PATH;
        let (problem, help) = if self.login_timeout.is_zero() {
            ("`login_timeout` is 0", "set it to a duration like `5m`")
        } else if self.browser.as_ref().is_some_and(|browser| browser.is_empty()) {
            ("`browser` is empty", "set it to a command, or leave it out")
        } else if !self.redirect_path.starts_with('/') || self.redirect_path.contains(['?', '#']) {
            ("`redirect_path` is not a path", "set it to a path that starts with `/`")
        } else if self.redirect_uri.as_ref().is_some_and(|uri| uri.url().fragment().is_some()) {
            ("`redirect_uri` has a fragment (RFC 6749, 3.1.2)", "remove `#` and what follows it")
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

    /// Returns the options that only a login at the server uses, and whether each is set.
    pub(super) fn used_by_login(&self) -> [(&'static str, bool); 7] {
        [
            ("redirect_port", self.redirect_port != 0),
            ("redirect_path", self.redirect_path != DEFAULT_PATH),
            ("redirect_uri", self.redirect_uri.is_some()),
            ("prompt", self.prompt.is_some()),
            ("login_hint", self.login_hint.is_some()),
            ("browser", self.browser.is_some()),
            ("login_timeout", self.login_timeout != DEFAULT_TIMEOUT),
        ]
    }
}

/// Returns the keys of the options that only say how a user logs in.
pub(super) fn options() -> &'static [&'static str] {
    static KEYS: LazyLock<Vec<&str>> =
        LazyLock::new(|| LoginOptions::FIELDS.iter().map(Field::key).collect());
    &KEYS
}

/// How long a login that has failed waits for the server to end what it has just given.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(5);

/// What a login gave.
pub(super) struct LoggedIn {
    pub(super) grant: TokenSet,
    /// What the ID token must repeat, if that was asked for.
    pub(super) nonce: Option<Zeroizing<String>>,
}

/// Logs the user in, if the grant is one that needs it.
pub(super) async fn login(call: Call<'_>, login: &Login) -> Result<Option<TokenSet>> {
    let Call { options, context, .. } = call;
    if let Some(missing) = Missing::of(options) {
        return missing.log_in(call, login).await.map(Some);
    }
    if !GrantType::of(options).is_login() {
        return Ok(None);
    }
    // It may ask the server, and nothing is lost if that is given up.
    let (way, or_by_console) = login.unless_cancelled(way(call, login)).await?;
    let by_code = match way {
        Way::Device => device_code::login(options, context, login, or_by_console).await?,
        _ => None,
    };
    let logged_in = match (by_code, way) {
        (Some(grant), _) => LoggedIn { grant, nonce: None },
        (None, Way::Device | Way::Console) => authorization_code::by_console(call, login).await?,
        (None, _) => authorization_code::by_browser(call, login).await?,
    };
    let grant = verify_identity(call, login, logged_in).await?;
    warn_if_not_renewable(&grant, login);
    Ok(Some(grant))
}

/// What the configuration and the surroundings say of the way, before the server is asked.
struct Plan {
    way: Way,
    /// A code is tried first, if the server lets the client do that.
    tries_code: bool,
    /// The browser can come back to this machine.
    is_local: bool,
}

impl Plan {
    /// Chooses by what is configured; `sees_browser` is what the surroundings say.
    fn of(options: &OAuth, sees_browser: bool) -> Self {
        let login = &options.login;
        let is_local = authorization_code::is_local(login);
        let has_browser = login.browser.is_some() || sees_browser;
        let is_free = options.grant_type.is_none() && login.redirect_uri.is_none();
        // Without one there is an endpoint for codes: that is checked when the options are loaded.
        let has_page = options.server.has_login_page();
        let way = if options.grant_type == Some(GrantType::DeviceCode) || (is_free && !has_page) {
            Way::Device
        } else if has_browser && is_local {
            Way::Browser
        } else {
            Way::Console
        };
        Self { way, tries_code: is_free && has_page && !has_browser, is_local }
    }
}

/// Returns how a login would go, from what [`way`] chooses the way by.
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
        Way::Device => (Some(way), "a login shows a code, which is typed in on any device", None),
        Way::Console if !is_local => {
            (Some(way), PASTE, Some("`redirect_uri` is not on this machine".to_owned()))
        }
        Way::Browser if options.login.browser.is_some() => {
            (Some(way), "a login opens the browser that the option `browser` names", None)
        }
        Way::Browser => {
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

/// Returns the way that was chosen, or the one that goes with the configuration and the surroundings; and whether
/// the login goes on by the console where that way is by a code and the server does not let the client do that.
async fn way(Call { options, context, .. }: Call<'_>, login: &Login) -> (Way, bool) {
    if let Some(way) = login.way() {
        return (way, false);
    }
    let Plan { way, tries_code, .. } = Plan::of(options, login.has_browser());
    if tries_code && options.server.endpoint(Endpoint::DeviceAuthorization, context).await.is_ok() {
        return (Way::Device, true);
    }
    (way, false)
}

/// Tells the user if the login does not last.
fn warn_if_not_renewable(grant: &TokenSet, login: &Login) {
    if grant.refresh_token().is_some() {
        return;
    }
    let what = match grant.token().expires_at() {
        Some(_) => "until its token expires",
        None => "for the time in `expires_in_fallback`, because the server does not say how long",
    };
    login.progress(&Progress::Notice(format!(
        "the server gave no refresh token, so the login lasts {what}; \
         ask for the scope `offline_access`, if the server has it, to stay logged in"
    )));
}

/// Adds who has logged in. What can't be verified counts for nothing; what was verified and is wrong ends the
/// login.
async fn verify_identity(call: Call<'_>, login: &Login, logged_in: LoggedIn) -> Result<TokenSet> {
    let Call { options, context, .. } = call;
    let LoggedIn { grant, nonce } = logged_in;
    let Some(id_token) = grant.token().id_token() else { return Ok(grant) };
    let nonce = nonce.as_ref().map(|nonce| nonce.as_str());
    match id_token::verify(options, context, &id_token.expose(), nonce).await {
        Ok(claims) => Ok(grant.with_claims(claims.into())),
        Err(Failure::Mismatch(error)) => {
            // What was given is not used, so it is revoked. Whether that fails makes no difference to the error.
            let revoked = revocation::revoke(call, &grant);
            drop(context.clock().within(REVOCATION_TIMEOUT, revoked).await);
            Err(error)
        }
        Err(Failure::Unable(error)) => {
            login.progress(&Progress::Notice(format!("whose login it is can't be told: {error}")));
            Ok(grant)
        }
    }
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
        let loader = Loader::new().environment(Environment::empty()).inline("x.toml", &text);
        let surroundings = variable
            .map_or_else(Environment::empty, |name| Environment::empty().variable(name, "1"));
        loader.load().unwrap().login_plan(&surroundings)
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_plan_is_what_a_login_would_do() {
        for (server, option, variable, way, text) in [
            (DISCOVERED, "", None, None, format!("{OTHER}, because there is no display")),
            (DISCOVERED, "", Some("SSH_TTY"), None, format!("{OTHER}, because SSH_TTY is set")),
            (
                DISCOVERED,
                "",
                Some("DISPLAY"),
                Some(Way::Browser),
                "a login opens a browser on this machine, because DISPLAY is set".to_owned(),
            ),
            (
                DISCOVERED,
                "browser = ['firefox']",
                None,
                Some(Way::Browser),
                "a login opens the browser that the option `browser` names".to_owned(),
            ),
            (
                DISCOVERED,
                "redirect_uri = 'https://c.test/x'",
                Some("DISPLAY"),
                Some(Way::Console),
                format!("{PASTE}, because `redirect_uri` is not on this machine"),
            ),
            (
                DISCOVERED,
                "grant_type = 'authorization_code'",
                Some("SSH_TTY"),
                Some(Way::Console),
                format!("{PASTE}, because SSH_TTY is set"),
            ),
            (
                CODES_ALONE,
                "",
                Some("DISPLAY"),
                Some(Way::Device),
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
            assert_eq!((plan.way, plan.to_string()), (way, text), "{option} {variable:?}");
        }
        assert_eq!(plan(&format!("{DISCOVERED}\nclient_secret = 's'"), None), None);
    }
}
