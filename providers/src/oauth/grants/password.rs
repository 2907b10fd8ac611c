//! A user's name and password (RFC 6749, 4.3).
//!
//! If the server has issued a refresh token, it is used first, so that the user does not authenticate again each time.
//! If the server refuses it for any reason, the password is used in the same exchange, because no login is needed for
//! that. The two are different grants, and each is sent once, so this is not a way to guess a password.

use authn::{Error, ErrorKind, Result, TokenSet};

use super::refresh_token::refresh;
use crate::{
    oauth::{Call, OAuth},
    token_endpoint::{Failure, Form, GrantAdvice},
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "",
    help: "check `username` and `password`",
    login_helps: true,
    guess: None,
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    let missing = |option: &str| {
        Error::configuration(format!("`{option}` is not set, but the grant password needs it"))
            .with_help("set it")
    };
    if options.exchanged.username.as_deref().is_none_or(str::is_empty) {
        return Err(missing("username"));
    }
    if options.exchanged._password.is_none() {
        return Err(missing("password"));
    }
    Ok(())
}

pub(super) async fn exchange(call: Call<'_>, last: Option<&TokenSet>) -> Result<TokenSet, Failure> {
    let mut refused = None;
    if let Some(refresh_token) = last.and_then(TokenSet::refresh_token) {
        match refresh(call, refresh_token, call.scopes(), ADVICE).await {
            Err(failure) if failure.is_refusal => refused = Some(failure.error),
            result => return result,
        }
    }
    log_in(call).await.map_err(|failure| Failure {
        // If the server refused only something else, such as a scope, the session has not ended.
        error: refused.filter(is_not_the_end).unwrap_or(failure.error).without_login(),
        ..failure
    })
}

/// Starts a session. The last session has ended, even if the new one has no refresh token.
async fn log_in(call: Call<'_>) -> Result<TokenSet, Failure> {
    let exchanged = &call.options.exchanged;
    validate(call.options)?;
    let mut form = Form::of_grant("password");
    form.add("username", exchanged.username.as_deref().unwrap_or_default());
    if let Some(password) = &exchanged._password {
        form.add("password", &password.expose());
    }
    call.exchange(form, call.scopes(), ADVICE).await.map(TokenSet::with_new_session)
}

fn is_not_the_end(error: &Error) -> bool {
    error.kind() != ErrorKind::LoginRequired
}
