//! The client's own credentials (RFC 6749, 4.4): no user, no session. A refresh token, which a server
//! should not give here, is not used: the credentials are at hand.

use authn::{Context, Error, Grant, Result};

use crate::oauth::{Members, OAuth, Refused, client_auth::Method};

const REFUSED: Refused<'static> = Refused {
    advice: "check what the client is allowed, and the server's log",
    login_helps: false,
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    if options.client().method() == Method::None {
        return Err(Error::configuration(
            "the grant client_credentials is for clients that authenticate; \
             set `client_secret` or `private_key`",
        ));
    }
    Ok(())
}

pub(super) async fn exchange(options: &OAuth, context: &Context) -> Result<Grant> {
    Ok(options.exchange(Members::of_grant("client_credentials"), REFUSED, context).await?)
}
