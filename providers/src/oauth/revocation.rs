//! Revocation of tokens at the server (RFC 7009).

use authn::{Result, TokenSet};

use super::{Call, typed_client::Missing};
use crate::token_endpoint::{Endpoint, Form, GrantAdvice, Received, accepted};

/// Revokes the refresh token, and with it the tokens that were issued for it (RFC 7009, 2.1). Without a refresh token,
/// revokes the access token.
pub(super) async fn revoke(call: Call<'_>, grant: &TokenSet) -> Result<()> {
    // A server that does not rotate refresh tokens sends none, so the session still uses the configured one.
    let configured = call.options.exchanged.refresh_token();
    match grant.refresh_token().or(configured) {
        Some(refresh_token) => post(call, grant, &refresh_token.expose(), "refresh_token").await,
        None => revoke_access_token(call, grant).await,
    }
}

/// Revokes the access token.
pub(super) async fn revoke_access_token(call: Call<'_>, grant: &TokenSet) -> Result<()> {
    post(call, grant, grant.token().secret(), "access_token").await
}

/// Sends one revocation request. `hint` is the token's type (RFC 7009, 2.1).
async fn post(call: Call<'_>, grant: &TokenSet, token: &str, hint: &str) -> Result<()> {
    let mut form = Form::default();
    form.add("token", token);
    form.add("token_type_hint", hint);
    let typed = Missing::client_of(call, grant)?;
    let client = typed.as_ref().unwrap_or(call.client);
    let advice = GrantAdvice {
        meaning: "",
        help: "check `client_id`: only the client that the token was issued to can revoke it",
        login_helps: false,
        guess: None,
    };
    let call = Call { client, ..call };
    let (response, advice) = call.post(Endpoint::Revocation, form, advice).await?;
    accepted(&Received::from(&response), &advice)
}
