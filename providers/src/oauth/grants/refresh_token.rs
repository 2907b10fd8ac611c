//! A refresh token (RFC 6749, 6): the last one that the server issued, or at first the configured one.

use authn::{Error, Result, SecretString, TokenSet};

use crate::{
    oauth::{Call, OAuth},
    token_endpoint::{Failure, Form, GrantAdvice},
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "the refresh token has expired, was revoked, or was used elsewhere",
    help: "get a new refresh token and set `refresh_token` to it",
    login_helps: true,
    guess: Some("the refresh token may have expired or been revoked"),
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    configured(options).map(drop)
}

pub(super) async fn exchange(call: Call<'_>, last: Option<&TokenSet>) -> Result<TokenSet, Failure> {
    let refresh_token = match last.and_then(TokenSet::refresh_token) {
        Some(last) => last,
        None => configured(call.options)?,
    };
    let refreshed = refresh(call, refresh_token, call.scopes(), ADVICE).await;
    refreshed.map_err(Failure::without_login)
}

/// Exchanges the refresh token of a login for some of its scopes, or for all of them.
pub(super) async fn renew(
    call: Call<'_>,
    refresh_token: &SecretString,
    scopes: &[String],
    advice: GrantAdvice<'_>,
) -> Result<TokenSet, Failure> {
    let mut form = Form::of_refresh_token(refresh_token);
    call.options.request.ask_for_less(&mut form, scopes, call.context)?;
    call.redeem(form, advice).await
}

/// Exchanges a refresh token for what the options request.
///
/// It is sent only once. A server that sees it again can treat that as a theft and end the session (RFC 9700, 4.14.2).
pub(super) async fn refresh(
    call: Call<'_>,
    refresh_token: &SecretString,
    scopes: &[String],
    advice: GrantAdvice<'_>,
) -> Result<TokenSet, Failure> {
    call.exchange(Form::of_refresh_token(refresh_token), scopes, advice).await
}

fn configured(options: &OAuth) -> Result<&SecretString> {
    options.exchanged._refresh_token.as_ref().ok_or_else(|| {
        Error::configuration("`refresh_token` is not set, but the grant refresh_token needs it")
            .with_help(
                "set it, preferably to a reference like `{ file = \"/run/secrets/refresh\" }`",
            )
    })
}
