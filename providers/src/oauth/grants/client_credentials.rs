//! The client's own credentials (RFC 6749, 4.4). There is no user, and a session only if the user types the credentials
//! in. A refresh token, which a server should not issue here, is not used, because the credentials are available.

use authn::{Error, Result, TokenSet};

use crate::{
    oauth::{Call, OAuth, typed_client::Missing},
    token_endpoint::{Failure, Form, GrantAdvice},
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "",
    help: "check the client's permissions at the server, and the server's log",
    login_helps: false,
    guess: None,
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    let is_typed_or_registered =
        Missing::of(options).is_some() || options.registration.is_dynamic();
    let authenticates = options.client.authenticates() || options.client.is_public();
    if !is_typed_or_registered && !authenticates {
        return Err(Error::configuration(
            "the grant client_credentials needs a client that authenticates",
        )
        .with_help(
            "set `client_secret`, `private_key` or `certificate`, or `token_endpoint_auth_method = \"none\"` if the \
             server knows the client otherwise",
        ));
    }
    Ok(())
}

pub(super) async fn exchange(call: Call<'_>, last: Option<&TokenSet>) -> Result<TokenSet, Failure> {
    let Some(missing) = Missing::of(call.options) else {
        return redeem(call).await;
    };
    let client = &missing.find(call, last)?;
    match redeem(Call { client, ..call }).await {
        Err(failure) if failure.is_of_client => {
            Err(missing.no_longer_accepted(call.context).into())
        }
        result => result,
    }
}

/// Exchanges a client's credentials.
pub(in crate::oauth) async fn redeem(call: Call<'_>) -> Result<TokenSet, Failure> {
    call.exchange(Form::of_grant("client_credentials"), call.scopes(), ADVICE).await
}
