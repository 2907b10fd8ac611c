//! When a token expires, as far as the token itself says so.
//!
//! The `exp` of a JWT (RFC 7519, 4.1.4) is used as it is; only the server checks the signature. A token that is not a
//! JWT has no known expiry.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use authn::{Context, Error, Result, Token};
use serde::Deserialize;
use serde_json::Number;

use crate::unverified;

/// The latest expiry that is used, in seconds since the Unix epoch: the year 2262.
const LATEST: u64 = 9_223_372_036;

#[derive(Deserialize)]
struct Claims {
    exp: Number,
}

/// Adds the expiry to a token, if it is a JWT that has one.
pub(crate) fn with_jwt_expiry(token: Token) -> Token {
    match expiry(token.secret()) {
        Some(time) => token.with_expires_at(time),
        None => token,
    }
}

/// Fails with the given help if the token has expired.
pub(crate) fn check(
    token: &Token,
    context: &Context,
    help: impl Into<Cow<'static, str>>,
) -> Result<()> {
    let Some(time) = token.expires_at().filter(|time| is_past(*time, context)) else {
        return Ok(());
    };
    let time = httpdate::fmt_http_date(time);
    Err(Error::expired(format!("the token expired on {time}")).with_help(help))
}

/// Returns whether a time is past by the context's clock.
#[inline]
pub(crate) fn is_past(time: SystemTime, context: &Context) -> bool {
    time <= context.clock().now().wall()
}

fn expiry(token: &str) -> Option<SystemTime> {
    let Claims { exp } = unverified::claims(token)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(whole_seconds(&exp)?))
}

/// Returns a `NumericDate` (RFC 7519, 2) without its fraction. A time before 1970 becomes 1970, and a time after
/// [`LATEST`] becomes that.
fn whole_seconds(date: &Number) -> Option<u64> {
    if let Some(seconds) = date.as_u64() {
        return Some(seconds.min(LATEST));
    }
    if date.is_i64() {
        return Some(0);
    }
    let seconds = date.as_f64().filter(|seconds| !seconds.is_nan())?;
    match Duration::try_from_secs_f64(seconds.max(0.0)) {
        Ok(since) => Some(since.as_secs().min(LATEST)),
        Err(_) => Some(LATEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::jwt;

    fn seconds(payload: &str) -> Option<u64> {
        let time = expiry(&jwt(payload))?;
        Some(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn reads_every_number() {
        for (payload, expected) in [
            (r#"{"exp":1700000000}"#, Some(1_700_000_000)),
            (r#"{"sub":"a","exp":1700000000,"x":[{}]}"#, Some(1_700_000_000)),
            (r#"{"exp":1700000000.9}"#, Some(1_700_000_000)),
            (r#"{"exp":1.7e9}"#, Some(1_700_000_000)),
            (r#"{"exp":0}"#, Some(0)),
            (r#"{"exp":-1}"#, Some(0)),
            (r#"{"exp":-1e300}"#, Some(0)),
            (r#"{"exp":-0.5}"#, Some(0)),
            (r#"{"exp":18446744073709551615}"#, Some(LATEST)),
            (r#"{"exp":9223372036854775808}"#, Some(LATEST)),
            (r#"{"exp":99999999999999999999999}"#, Some(LATEST)),
            (r#"{"exp":1e300}"#, Some(LATEST)),
            (r#"{"exp":1e999}"#, None),
        ] {
            assert_eq!(seconds(payload), expected, "{payload}");
        }
    }

    #[test]
    fn an_invalid_date_is_no_expiry() {
        for payload in [
            "",
            "{}",
            "[]",
            "null",
            "7",
            "{",
            r#"{"exp":null}"#,
            r#"{"exp":true}"#,
            r#"{"exp":"1700000000"}"#,
            r#"{"exp":{"a":1}}"#,
            r#"{"exp":NaN}"#,
            r#"{"exp":1,"exp":2}"#,
            &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        ] {
            assert_eq!(seconds(payload), None, "{payload}");
        }
        assert_eq!(expiry("a.\u{fffd}.c"), None);
        for token in ["", ".", "..", "...", "a.b.c", "a.e30", "a.e30.c.d", "a.====.c", "opaque"] {
            assert_eq!(expiry(token), None, "{token}");
        }
    }

    #[test]
    fn padding_is_accepted() {
        assert!(expiry("e30.eyJleHAiOjF9.c").is_some());
        assert!(expiry("e30.eyJleHAiOjExfQ==.c").is_some());
    }
}
