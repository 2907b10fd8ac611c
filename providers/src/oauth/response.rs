//! The one parser of token responses (RFC 6749, 5). It is total: whatever a server sends becomes a grant or
//! an error, and no byte of it reaches the error.

use std::{fmt, time::Duration};

use authn::{
    Error, ErrorKind, Grant, Result, SecretString, Token,
    http::{HttpResponse, StatusCode},
};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// Error codes that may be shown: those that specifications define (RFC 6749, 5.2; RFC 8707, 2; RFC 6750,
/// 3.1). Another one could be anything.
const CODES: [&str; 12] = [
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_token_type",
];

/// The members of a token response that count.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: Member,
    token_type: Member,
    expires_in: Member,
    refresh_token: Member,
    scope: Member,
    id_token: Member,
    error: Member,
}

/// A member of any type, of which texts are wiped on drop.
#[derive(Default)]
enum Member {
    #[default]
    Absent,
    Text(Zeroizing<String>),
    Number(f64),
    /// Whole numbers keep all their digits.
    Whole(u64),
    Other,
}

/// Makes a grant of a token endpoint's answer.
pub(super) fn parse(response: &HttpResponse) -> Result<Grant> {
    let result = grant(response);
    let retry = response.retry_after();
    result.map_err(|error| match retry {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    })
}

fn grant(response: &HttpResponse) -> Result<Grant> {
    let place = response.place();
    let status = response.status();
    if status != StatusCode::OK || !response.is_json() {
        return Err(refused(response));
    }
    let answer: Answer = response.json()?;
    if !matches!(answer.error, Member::Absent) {
        return Err(error(place, status, code(&answer.error)));
    }
    answer.grant().map_err(|what| {
        Error::protocol(format!(
            "{place} answered with {what}, which is no token response; check the address"
        ))
    })
}

impl Answer {
    fn grant(self) -> Result<Grant, &'static str> {
        let Member::Text(access_token) = &self.access_token else {
            return Err("no access token");
        };
        let token =
            Token::new(access_token.as_str()).map_err(|_| "an access token that can't be one")?;
        match &self.token_type {
            Member::Text(kind) if kind.eq_ignore_ascii_case("bearer") => {}
            Member::Absent => return Err("no token type"),
            _ => return Err("an unknown token type"),
        }
        let token = token.with_token_type("Bearer");
        let token = match lifetime(&self.expires_in)? {
            Some(lifetime) => token.with_expires_in(lifetime),
            None => token,
        };
        let token = match &self.scope {
            Member::Text(scope) if is_visible(scope, true) => token.with_scope(scope),
            _ => token,
        };
        let token = match secret(&self.id_token, "an ID token that can't be one")? {
            Some(id_token) => token.with_id_token(id_token),
            None => token,
        };
        let grant = Grant::new(token);
        Ok(match secret(&self.refresh_token, "a refresh token that can't be one")? {
            Some(refresh_token) => grant.with_refresh_token(refresh_token),
            None => grant,
        })
    }
}

/// Reads `expires_in`: a number of seconds, also as a text; a fraction is cut off, and what is huge is the
/// longest there is. 0 or nothing means that the server does not say.
fn lifetime(member: &Member) -> Result<Option<Duration>, &'static str> {
    let bad = "a lifetime that is no number of seconds";
    let seconds = match member {
        Member::Absent => return Ok(None),
        Member::Whole(seconds) => *seconds,
        Member::Number(seconds) => whole(*seconds).ok_or(bad)?,
        Member::Text(text) => match text.parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) if is_decimal(text) => text.parse().ok().and_then(whole).ok_or(bad)?,
            Err(_) => return Err(bad),
        },
        Member::Other => return Err(bad),
    };
    Ok(Some(Duration::from_secs(seconds)).filter(|lifetime| !lifetime.is_zero()))
}

/// Cuts off a fraction; `None` for negative numbers and for what is no number. The cast saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked and saturating"
)]
fn whole(seconds: f64) -> Option<u64> {
    (seconds >= 0.0).then_some(seconds as u64)
}

/// Digits with at most one point: Rust would also parse `inf`, `nan` and `1e9`.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((before, after)) => digits(before) && digits(after),
        None => digits(text),
    }
}

fn secret(member: &Member, bad: &'static str) -> Result<Option<SecretString>, &'static str> {
    match member {
        Member::Absent => Ok(None),
        Member::Text(text) if text.is_empty() => Ok(None),
        Member::Text(text) if is_visible(text, false) => Ok(Some(text.as_str().into())),
        _ => Err(bad),
    }
}

fn is_visible(text: &str, spaces: bool) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || (spaces && byte == b' '))
}

/// The error of an answer that is not a success: with its code, if it has a known one.
fn refused(response: &HttpResponse) -> Error {
    let place = response.place();
    let status = response.status();
    if status == StatusCode::OK {
        return Error::protocol(format!(
            "{place} answered with something that is not JSON; check that the address is a token endpoint"
        ));
    }
    let answer: Answer = response.json().unwrap_or_default();
    error(place, status, code(&answer.error))
}

fn code(member: &Member) -> Option<&'static str> {
    let Member::Text(text) = member else { return None };
    CODES.into_iter().find(|code| *code == text.as_str())
}

fn error(place: &str, status: StatusCode, code: Option<&'static str>) -> Error {
    let way_out = match code {
        Some("invalid_client" | "unauthorized_client") => {
            "check `client_id`, `client_secret` and `token_endpoint_auth_method`"
        }
        Some("invalid_scope") => "check `scope`",
        Some("invalid_target") => "check `resource` and `audience`",
        Some("unsupported_grant_type") => "check `grant_type`, and what the client is allowed",
        Some("invalid_grant") => "log in again, or renew what is exchanged",
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            "try again later"
        }
        _ => "check the options and the server's log",
    };
    let what = match code {
        Some(code) => format!("{code}, status {}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    };
    let kind = match code {
        Some("invalid_grant") => ErrorKind::LoginRequired,
        None if status.is_server_error() => ErrorKind::Network,
        _ => ErrorKind::Refused,
    };
    Error::new(kind, format!("{place} refused the token request ({what}); {way_out}"))
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> de::Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Absent)
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
        Ok(Member::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
        Ok(u64::try_from(number).map_or(Member::Other, Member::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Member, E> {
        Ok(Member::Number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Member, A::Error> {
        while seq.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Result<Grant, &'static str> {
        let answer: Answer = serde_json::from_str(json).unwrap();
        answer.grant()
    }

    fn expires_in(json: &str) -> Result<Option<Duration>, &'static str> {
        lifetime(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn lifetimes_are_total() {
        let seconds = |count| Ok(Some(Duration::from_secs(count)));
        for (json, expected) in [
            ("60", seconds(60)),
            ("60.0", seconds(60)),
            ("60.5", seconds(60)),
            ("\"60\"", seconds(60)),
            ("\"60.0\"", seconds(60)),
            ("18446744073709551616", seconds(u64::MAX)),
            ("1e300", seconds(u64::MAX)),
            ("\"99999999999999999999999\"", seconds(u64::MAX)),
            ("0", Ok(None)),
            ("\"0\"", Ok(None)),
            ("0.4", Ok(None)),
            ("null", Ok(None)),
        ] {
            assert_eq!(expires_in(json), expected, "{json}");
        }
        for bad in [
            "-1",
            "-0.5",
            "\"3600abc\"",
            "\"\"",
            "\"-1\"",
            "\"NaN\"",
            "\"inf\"",
            "\"1e3\"",
            "true",
            "[60]",
            "{}",
        ] {
            assert!(expires_in(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reads_what_counts() {
        let grant = answer(
            r#"{"access_token":"a","token_type":"bEaReR","expires_in":"60","refresh_token":"r",
                "scope":"x y","id_token":"i.j.k","team":{"id":[1]},"ok":true}"#,
        )
        .unwrap();
        assert_eq!(grant.token().secret(), "a");
        assert_eq!(grant.token().token_type(), Some("Bearer"));
        assert_eq!(grant.token().scope(), Some("x y"));
        assert!(grant.token().expires_at().is_some());
        assert_eq!(&*grant.token().id_token().unwrap().expose(), "i.j.k");
        assert_eq!(&*grant.refresh_token().unwrap().expose(), "r");
    }

    #[test]
    fn refuses_what_is_no_token() {
        for bad in [
            r"{}",
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a b","token_type":"Bearer"}"#,
            r#"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#,
            r#"{"access_token":1,"token_type":"Bearer"}"#,
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","token_type":null}"#,
            r#"{"access_token":"a","token_type":"mac"}"#,
            r#"{"access_token":"a","token_type":7}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":{}}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"a\nb"}"#,
        ] {
            assert!(answer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn codes_that_nobody_defined_are_not_repeated() {
        let known = code(&serde_json::from_str("\"invalid_client\"").unwrap());
        assert_eq!(known, Some("invalid_client"));
        assert_eq!(code(&serde_json::from_str("\"s3cr3t\"").unwrap()), None);
    }
}
