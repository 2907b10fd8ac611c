//! By which way somebody logs in.

use authn::{Context, Grant, Login, Result, Way};

use super::{
    OAuth,
    grants::{GrantType, authorization_code, client_credentials, device_code},
};

/// Logs somebody in, if the grant is one that needs it.
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
    let grant = match way(options, login) {
        Way::Device => device_code::login(options, context, login).await,
        Way::Console => authorization_code::by_console(options, context, login).await,
        _ => authorization_code::by_browser(options, context, login).await,
    };
    grant.map(Some)
}

/// Gives the way that was chosen, or the one that goes with the configuration and the surroundings.
fn way(options: &OAuth, login: &Login) -> Way {
    if let Some(way) = login.way() {
        return way;
    }
    match GrantType::of(options) {
        GrantType::DeviceCode => Way::Device,
        _ if login.has_browser() => Way::Browser,
        _ => Way::Console,
    }
}
