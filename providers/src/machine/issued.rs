//! `issued`: the token that a platform has issued, and when it ends.

use std::{borrow::Cow, time::Duration};

use authn::{Context, Result, Token};

use crate::expiry;

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
