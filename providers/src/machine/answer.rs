//! What a service of a machine answers: an access token and its lifetime, with numbers that may be texts.

use std::time::{Duration, SystemTime};

use authn::{Error, Result, Token, http::HttpResponse, private::seconds};
use serde_json::Value;

/// The latest expiry that is used, in seconds since the Unix epoch: the year 2262.
const LATEST: u64 = 9_223_372_036;

/// Reads the access token of an answer, with the time at which it ends: `expires_in` from now on, or else `expires_on`, a Unix
/// time. A number that is none counts as missing.
pub(crate) fn token_of(answer: &HttpResponse) -> Result<Token> {
    let place = answer.place();
    let token = Token::new(answer.required::<String>("access_token")?);
    let token = token.map_err(|error| error.at(format_args!("the answer of {place}")))?;
    let token_type = answer.member::<String>("token_type")?;
    if token_type.is_some_and(|of| !of.eq_ignore_ascii_case("bearer")) {
        let message = format!("{place} answered with a `token_type` that is not `Bearer`");
        return Err(Error::protocol(message).with_help("check the address"));
    }
    let number = |name: &'static str| {
        let member = answer.member::<Value>(name)?;
        let number = member.as_ref().map(whole);
        if number == Some(None) {
            tracing::warn!(
                url.full = place,
                authn.member = name,
                "a member of the answer is ignored: it is not a number of seconds"
            );
        }
        Ok::<_, Error>(number.flatten().filter(|seconds| *seconds > 0))
    };
    if let Some(lifetime) = number("expires_in")? {
        return Ok(token.with_expires_in(Duration::from_secs(lifetime)));
    }
    Ok(match number("expires_on")? {
        Some(end) => {
            token.with_expires_at(SystemTime::UNIX_EPOCH + Duration::from_secs(end.min(LATEST)))
        }
        None => token,
    })
}

/// Returns a number of seconds, which can be a text. A fraction is cut off.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked and saturating"
)]
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64)
        }),
        Value::String(text) => seconds(text.trim()),
        _ => None,
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn a_number_can_be_a_text() {
        for (json, expected) in [
            ("3599", Some(3599)),
            ("\"3599\"", Some(3599)),
            ("\" 3599 \"", Some(3599)),
            ("3599.9", Some(3599)),
            ("\"3599.9\"", Some(3599)),
            ("1e3", Some(1000)),
            ("1e300", Some(u64::MAX)),
            ("0", Some(0)),
            ("-1", None),
            ("\"-1\"", None),
            ("\"9/14/2017 00:00:00 PM +00:00\"", None),
            ("true", None),
            ("[]", None),
        ] {
            assert_eq!(whole(&serde_json::from_str(json).unwrap()), expected, "{json}");
        }
    }
}
