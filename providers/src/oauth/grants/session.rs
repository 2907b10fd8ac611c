//! The session of a login: the refresh token that the server issued. Without one, the user must log in again.

use authn::TokenSet;

use super::refresh_token::renew;
use crate::{
    oauth::Call,
    token_endpoint::{Failure, GrantAdvice},
};

pub(super) async fn exchange(call: Call<'_>, last: Option<&TokenSet>) -> Result<TokenSet, Failure> {
    let context = call.context;
    let Some(last) = last else {
        let error = context.login_required("no user is logged in");
        // The grant is also that of a login if a secret was forgotten.
        let can_be_program =
            call.options.is_grant_implied() && !call.options.registration.is_dynamic();
        let both =
            || format!("{}, or set `client_secret` if no user is to log in", context.login_help());
        return Err(Failure::from(if can_be_program { error.with_help(both()) } else { error }));
    };
    let Some(refresh_token) = last.refresh_token() else {
        let what = "the token has expired, and there is no refresh token to renew it with";
        return Err(Failure::from(context.login_required(what)));
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
