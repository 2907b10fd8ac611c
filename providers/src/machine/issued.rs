//! The token that a platform has issued: `issued` reads it, and when it ends; `is_jwt` says whether it can be an ID token.

use std::{borrow::Cow, time::Duration};

use authn::{Context, Result, Token};

#[cfg(feature = "gitlab")]
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::expiry;

/// Returns whether a text is a signed JWT (RFC 7519, 7.2): three parts, of which two are JSON objects.
#[cfg(feature = "gitlab")]
pub(crate) fn is_jwt(text: &str) -> bool {
    let is_object = |part: &str| {
        let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&json).is_ok()
    };
    let parts: Vec<&str> = text.split('.').collect();
    matches!(*parts, [header, claims, _] if is_object(header) && is_object(claims))
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
