//! By which way a user logs in, and who they are.

use std::time::Duration;

use authn::{Context, Error, Grant, Login, Result, Way, prompt::Progress};
use zeroize::Zeroizing;

use super::{
    OAuth,
    grants::{GrantType, authorization_code, client_credentials, device_code},
    id_token::{self, Failure},
    revocation,
};
use crate::token_endpoint::Endpoint;

/// How long a login that has failed waits for the server to end what it has just given.
const REVOKING: Duration = Duration::from_secs(5);

/// What a login gave.
pub(super) struct LoggedIn {
    pub(super) grant: Grant,
    /// What the ID token must repeat, if that was asked for.
    pub(super) nonce: Option<Zeroizing<String>>,
}

/// Logs the user in, if the grant is one that needs it.
pub(super) async fn login(
    options: &OAuth,
    context: &Context,
    login: &Login,
) -> Result<Option<Grant>> {
    let grant_type = GrantType::of(options);
    if grant_type == GrantType::ClientCredentials {
        return client_credentials::login(options, context, login).await;
    }
    if !grant_type.is_login() {
        return Ok(None);
    }
    // It may ask the server, and nothing is lost if that is given up.
    let (way, or_by_console) = login.unless_cancelled(way(options, context, login)).await?;
    let by_code = match way {
        Way::Device => device_code::login(options, context, login, or_by_console).await?,
        _ => None,
    };
    let logged_in = match (by_code, way) {
        (Some(grant), _) => LoggedIn { grant, nonce: None },
        (None, Way::Device | Way::Console) => {
            authorization_code::by_console(options, context, login).await?
        }
        (None, _) => authorization_code::by_browser(options, context, login).await?,
    };
    let grant = identified(options, context, login, logged_in).await?;
    say_how_long(&grant, login);
    Ok(Some(grant))
}

/// Returns the way that was chosen, or the one that goes with the configuration and the surroundings; and whether
/// the login goes on by the console where that way is by a code and the server does not let the client do that.
async fn way(options: &OAuth, context: &Context, login: &Login) -> (Way, bool) {
    if let Some(way) = login.way() {
        return (way, false);
    }
    if options.grant_type == Some(GrantType::DeviceCode) {
        return (Way::Device, false);
    }
    let has_browser = options.browser.is_some() || login.has_browser();
    if options.grant_type.is_none() && options.redirect_uri.is_none() {
        let server = options.server();
        let has_page = server.is_discovered() || server.authorization_endpoint_url.is_some();
        let is_needed = !has_browser || !has_page;
        if is_needed && server.endpoint(Endpoint::DeviceAuthorization, context).await.is_ok() {
            return (Way::Device, has_page);
        }
    }
    let is_local = has_browser && authorization_code::is_local(options);
    (if is_local { Way::Browser } else { Way::Console }, false)
}

/// Tells the user if the login does not last.
fn say_how_long(grant: &Grant, login: &Login) {
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
async fn identified(
    options: &OAuth,
    context: &Context,
    login: &Login,
    LoggedIn { grant, nonce }: LoggedIn,
) -> Result<Grant> {
    let Some(id_token) = grant.token().id_token() else { return Ok(grant) };
    let nonce = nonce.as_ref().map(|nonce| nonce.as_str());
    match id_token::verify(options, context, &id_token.expose(), nonce).await {
        Ok(claims) => Ok(grant.with_claims(claims.into())),
        Err(Failure::Mismatch(error)) => {
            // What was given is not used, so it is revoked. Whether that fails makes no difference to the error.
            let revoked = revocation::revoke(options, context, &grant);
            drop(context.clock().within(REVOKING, revoked).await);
            Err(error)
        }
        Err(Failure::Unable(error)) => {
            login.progress(&Progress::Notice(format!("whose login it is can't be told: {error}")));
            Ok(grant)
        }
    }
}

/// Returns who the user of a grant is, which some login began.
pub(super) async fn identify(
    options: &OAuth,
    context: &Context,
    grant: &Grant,
) -> Result<Option<authn::Claims>> {
    let Some(id_token) = grant.token().id_token() else { return Ok(None) };
    let claims = id_token::verify(options, context, &id_token.expose(), None).await;
    claims.map(|claims| Some(claims.into())).map_err(Error::from)
}
