//! `describe`: what an answer looks like, for errors, without any byte of its body.

use serde::de::IgnoredAny;
use serde_json::error::Category;

/// Describes an answer that is not the expected one, for an error. It names the media type and what the body looks
/// like, and contains nothing of the body.
///
/// ```
/// use authn::http::describe;
///
/// assert_eq!(describe(Some("text/html; charset=utf-8"), b"<html>"), "HTML (text/html)");
/// assert_eq!(describe(None, b""), "an empty body");
/// assert_eq!(describe(Some("application/json"), b"[7]"), "a JSON list (application/json)");
/// ```
#[must_use]
pub fn describe(content_type: Option<&str>, body: &[u8]) -> String {
    let looks = looks(body.trim_ascii());
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    match media_type.filter(|name| is_showable(name)) {
        Some(name) => format!("{looks} ({name})"),
        None => looks.to_owned(),
    }
}

/// Returns whether a word of an answer may be in an error: it has 1 to 64 characters, each a letter, a digit or one of
/// `_./+-`. Any other text could contain anything.
///
/// ```
/// use authn::http::is_showable;
///
/// assert!(is_showable("invalid_grant"));
/// assert!(!is_showable("") && !is_showable("a b") && !is_showable(&"a".repeat(65)));
/// ```
#[must_use]
pub fn is_showable(word: &str) -> bool {
    let is_shown = |byte: u8| byte.is_ascii_alphanumeric() || b"_./+-".contains(&byte);
    (1..=64).contains(&word.len()) && word.bytes().all(is_shown)
}

fn looks(body: &[u8]) -> &'static str {
    let first = match body.first() {
        None => return "an empty body",
        Some(b'<') if body.starts_with(b"<?xml") => return "XML",
        Some(b'<') => return "HTML",
        Some(first) => first,
    };
    let is_started = matches!(first, b'{' | b'[');
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) if *first == b'{' => "a JSON object",
        Ok(_) if *first == b'[' => "a JSON list",
        Ok(_) => "JSON that is not an object",
        Err(error) if is_started && error.classify() == Category::Eof => "JSON that ends too early",
        Err(_) if is_started => "invalid JSON",
        Err(_) if std::str::from_utf8(body).is_ok() => "text",
        Err(_) => "bytes that are not text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_looks_like_something() {
        for (body, expected) in [
            (&b""[..], "an empty body"),
            (b" \r\n", "an empty body"),
            (b"<!doctype html>", "HTML"),
            (b"<?xml version=\"1.0\"?><a/>", "XML"),
            (b" {\"a\":1} ", "a JSON object"),
            (b"[]", "a JSON list"),
            (b"null", "JSON that is not an object"),
            (b"\"a\"", "JSON that is not an object"),
            (b"{\"a\":", "JSON that ends too early"),
            (b"{a:1}", "invalid JSON"),
            (b"access_token=a", "text"),
            (b"\x1f\x8b\x08\xff", "bytes that are not text"),
        ] {
            assert_eq!(describe(None, body), expected);
        }
    }

    #[test]
    fn only_a_plain_media_type_is_named() {
        for (content_type, expected) in [
            ("text/plain", "text (text/plain)"),
            (" application/vnd.api+json ; charset=utf-8", "text (application/vnd.api+json)"),
            ("", "text"),
            ("a secret", "text"),
            ("a\"b", "text"),
            (";", "text"),
        ] {
            assert_eq!(describe(Some(content_type), b"x"), expected, "{content_type}");
        }
        assert_eq!(describe(Some(&"x".repeat(65)), b"x"), "text");
    }
}
