//! What the providers of a machine's identity share.
//!
//! - [`variables`]: what a platform says in variables
//! - [`service`]: a service that only some machines have
//! - [`answer`]: what such a service answers

#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
mod answer;
#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
mod service;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "azure_managed_identity", feature = "github_actions", feature = "gitlab"))]
mod variables;

use std::{borrow::Cow, time::Duration};

use authn::{Context, Error, Result, Token};

#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
pub(crate) use answer::token_of;
#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
pub(crate) use service::{Service, url_of_host};
#[cfg(any(
    feature = "azure_managed_identity",
    feature = "github_actions",
    feature = "gitlab"
))]
pub(crate) use variables::{both, unset};

use crate::expiry;

/// Fails if a call has scopes or parameters of its own: the platform issues the token for what the options say.
pub(crate) fn check_call(context: &Context) -> Result<()> {
    if context.scopes().is_empty() && context.parameters().is_empty() {
        return Ok(());
    }
    Err(Error::configuration(
        "a call has scopes or parameters of its own, but the identity of a machine can't be asked for them",
    )
    .with_help("make other credentials for it, or exchange the token, such as by the option `subject` of `oauth`"))
}

/// Reads a token that a platform has issued, and when it ends: by itself, and after `ttl` at the latest. `place` is where it
/// was, and `help` is what to do if it has expired.
pub(crate) fn issued(
    text: &str,
    place: &str,
    ttl: Option<Duration>,
    help: impl Into<Cow<'static, str>>,
    context: &Context,
) -> Result<Token> {
    let token = Token::new(text).map_err(|error| error.at(place))?;
    let token = expiry::with_jwt_expiry(token);
    let latest = ttl.map(|ttl| context.clock().now().plus(ttl).wall());
    let token = match token.expires_at().into_iter().chain(latest).min() {
        Some(time) => token.with_expires_at(time),
        None => token,
    };
    expiry::check(&token, context, help).map_err(|error| error.at(place))?;
    Ok(token)
}
