//! A login of two requests in a web application, whose server the browser comes back to (RFC 6749, 4.1).

use authn::{Error, PendingLogin, Result, TokenSet, Url};

use super::attempt::Attempt;
use crate::{
    browser_login::code_of,
    oauth::{
        Call,
        grants::GrantType,
        login::{LoggedIn, give_back, verify_identity},
    },
};

/// Starts a login. Returns the address of the login page, and what is kept until the browser comes back.
pub(in crate::oauth) async fn begin(
    call: Call<'_>,
    redirect_uri: &str,
) -> Result<(Url, PendingLogin)> {
    check(call, redirect_uri)?;
    let attempt = Attempt::start(call, redirect_uri)?;
    let timeout = call.options.login.web_timeout();
    let url = attempt.prepare(call, timeout).await?.url;
    let end = call.context.clock().now().plus(timeout);
    Ok((url, attempt.suspend(call, end.wall())?))
}

/// Checks the address that the browser came back to, and exchanges its code.
pub(in crate::oauth) async fn complete(
    call: Call<'_>,
    pending: &PendingLogin,
    returned: &Url,
) -> Result<TokenSet> {
    check(call, pending.redirect_uri())?;
    let attempt = Attempt::resume(call, pending)?;
    let expected = attempt.expected(call).await?;
    let code = code_of(returned, &expected)?;
    let grant = attempt.exchange(call, &code).await?;
    let must_name_user = attempt.nonce.is_some();
    // A set without a token has an error of its own.
    if must_name_user && grant.token().id_token().is_none() && grant.failure().is_none() {
        let error =
            Error::protocol("the server issued no ID token, although `openid` was requested")
                .with_help("allow the scope `openid` for this client at the server, or remove it");
        return Err(give_back(call, &grant, error).await);
    }
    let unable = |error| if must_name_user { Err(error) } else { Ok(()) };
    verify_identity(
        call,
        LoggedIn { grant, nonce: attempt.nonce, max_age: attempt.max_age },
        unable,
    )
    .await
}

/// Checks that the options allow a login that comes back to this address.
fn check(call: Call<'_>, redirect_uri: &str) -> Result<()> {
    let options = call.options;
    if GrantType::of(options) != GrantType::AuthorizationCode {
        return Err(Error::configuration("the grant has no login in a web application")
            .with_help("set `grant_type = \"authorization_code\"`"));
    }
    let configured = options.login.redirect_uri.as_ref();
    if configured.is_some_and(|configured| configured.as_str() != redirect_uri) {
        return Err(Error::configuration(
            "the redirect address is another one than `redirect_uri`",
        )
        .with_help("use that one, or remove the option"));
    }
    Ok(())
}
