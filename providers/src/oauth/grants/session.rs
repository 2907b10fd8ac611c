//! The session of a login: the refresh token that the server issued. Without one, the user must log in again.

use authn::TokenSet;

use super::refresh_token::renew;
use crate::{
    oauth::Call,
    token_endpoint::{Failure, GrantAdvice},
};

pub(super) async fn exchange(call: Call<'_>, last: Option<&TokenSet>) -> Result<TokenSet, Failure> {
    let context = call.context;
    let Some(refresh_token) = last.and_then(TokenSet::refresh_token) else {
        return Err(Failure::from(context.login_required(match last {
            Some(_) => "the token has expired, and there is no refresh token to renew it with",
            None => "no user is logged in",
        })));
    };
    let help = context.login_help();
    let advice = GrantAdvice {
        meaning: "the session has ended",
        help: &help,
        login_helps: true,
        guess: Some("the session has probably ended"),
    };
    // Without the caller's scopes none are sent: the server then uses those that the user consented to, which can be
    // fewer than the configured ones.
    renew(call, refresh_token, context.scopes(), advice).await
}
