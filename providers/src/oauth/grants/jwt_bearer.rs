//! A JWT of a nested provider (RFC 7523, 2.1), such as of a workload that its platform identifies, or of the user who is
//! being served. A refresh token of the answer is not used, because the JWT can be exchanged again.

use authn::{Credentials, Error, Result, TokenSet};

use super::token_exchange::ask;
use crate::{
    nested::Sent,
    oauth::{Call, OAuth},
    token_endpoint::{ErrorCode, Failure, Form, GrantAdvice, JWT_BEARER},
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "the server does not accept the JWT of `assertion`",
    help: "check the nested provider, and the audience and the issuer that the server expects of the JWT",
    login_helps: false,
    guess: None,
};

pub(super) fn validate(options: &OAuth) -> Result<()> {
    assertion(options).map(drop)
}

/// Exchanges the JWT. If the server refuses it, the provider is asked for another one, once.
pub(super) async fn exchange(call: Call<'_>) -> Result<TokenSet, Failure> {
    let mut assertion = Sent::of(assertion(call.options)?, call.context).await?;
    match send(call, &assertion).await {
        Err(failure)
            if failure.code == Some(ErrorCode::InvalidGrant)
                && assertion.renew(call.context).await =>
        {
            send(call, &assertion).await
        }
        result => result,
    }
}

async fn send(call: Call<'_>, assertion: &Sent<'_>) -> Result<TokenSet, Failure> {
    let mut form = Form::of_grant(JWT_BEARER);
    form.add("assertion", assertion.token().secret());
    ask(call, form, ADVICE).await?.tokens(call, None)
}

fn assertion(options: &OAuth) -> Result<&Credentials> {
    options.assertions.assertion.as_ref().ok_or_else(|| {
        Error::configuration("`assertion` is not set, but the grant jwt_bearer needs it")
            .with_help("add the table of the provider of the JWT, such as `assertion.jwt`")
    })
}
