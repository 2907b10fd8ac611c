//! The client's own credentials (RFC 6749, 4.4): no user, and no session unless the user types the credentials
//! in. A refresh token, which a server should not give here, is not used: the credentials are at hand.

use authn::{Context, Error, Grant, Login, Result};

use super::validate_timeout;
use crate::{
    client_auth::Method,
    oauth::{OAuth, Refused, typed_client::Missing},
    token_endpoint::Members,
};

const GRANT_TYPE: &str = "client_credentials";

const REFUSED: Refused<'static> = Refused {
    advice: "check what the client is allowed, and the server's log",
    login_helps: false,
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    validate_timeout(options)?;
    if Missing::of(options).is_none() && options.client().method() == Method::None {
        return Err(Error::configuration(
            "the grant client_credentials is for clients that authenticate; \
             set `client_secret` or `private_key`",
        ));
    }
    Ok(())
}

pub(super) async fn exchange(
    options: &OAuth,
    context: &Context,
    last: Option<&Grant>,
) -> Result<Grant> {
    let Some(missing) = Missing::of(options) else {
        let (client, scopes) = (options.client(), options.scopes(context));
        let members = Members::of_grant(GRANT_TYPE);
        return Ok(options.exchange(&client, members, scopes, REFUSED, context).await?);
    };
    let client = missing.find(options, context, last)?;
    let granted = client.exchange(options, context, REFUSED).await?;
    granted.ok_or_else(|| missing.counts_no_longer(context))
}

/// Lets the user type in what of the client is not configured; `None` if all of it is.
pub(in crate::oauth) async fn login(
    options: &OAuth,
    context: &Context,
    login: &Login,
) -> Result<Option<Grant>> {
    match Missing::of(options) {
        Some(missing) => missing.log_in(options, context, login, REFUSED).await.map(Some),
        None => Ok(None),
    }
}
