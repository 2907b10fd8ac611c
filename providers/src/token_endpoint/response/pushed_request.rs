//! `PushedRequest`: the reference to an authorization request that was pushed (RFC 9126, 2.2).

use std::time::Duration;

use authn::Url;

use super::{instead::Instead, lifetime::lifetime, member::Member, object::Object};

/// Longest reference, in bytes. It becomes a part of the link.
const LONGEST: usize = 2048;

/// The answer of an endpoint for pushed authorization requests.
pub(crate) struct PushedRequest {
    /// The reference: an absolute URI of visible characters, such as a URN.
    pub(crate) request_uri: String,
    /// How long it is valid. The specification requires it, but a login does not depend on it.
    pub(crate) expires_in: Option<Duration>,
}

impl PushedRequest {
    /// Makes the reference of an answer.
    pub(super) fn of(answer: &Object, place: &str) -> Result<Self, Instead> {
        answer.has_once(&["expires_in", "request_uri"])?;
        let request_uri = match answer.get("request_uri") {
            member if member.is_empty() => return Err("no `request_uri`".into()),
            Member::Text(text) if is_reference(text) => text.to_string(),
            _ => return Err("an invalid `request_uri`".into()),
        };
        Ok(Self { request_uri, expires_in: lifetime(answer, "expires_in", place) })
    }
}

fn is_reference(text: &str) -> bool {
    text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const URN: &str = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";

    fn read(body: &[u8]) -> Result<(String, Option<u64>), String> {
        let object = Object::parse(body, None).unwrap();
        let made = PushedRequest::of(&object, "https://a.test");
        made.map(|made| (made.request_uri, made.expires_in.map(|time| time.as_secs())))
            .map_err(|instead| instead.found.into_owned())
    }

    #[test]
    fn the_reference_and_its_lifetime_are_read() {
        for (request_uri, expires_in, seconds) in [
            (URN, json!(60), Some(60)),
            ("https://a.test/request/7?x=y#z", json!("90"), Some(90)),
            (URN, json!(null), None),
            (URN, json!(0), None),
            (URN, json!("soon"), None),
        ] {
            let body = json!({ "request_uri": request_uri, "expires_in": expires_in, "more": [1] });
            let read = read(body.to_string().as_bytes());
            assert_eq!(read, Ok((request_uri.to_owned(), seconds)));
        }
    }

    #[test]
    fn invalid_references_are_refused() {
        let long = format!("urn:{}", "a".repeat(LONGEST));
        for (request_uri, says) in [
            (Value::Null, "no `request_uri`"),
            (json!(""), "no `request_uri`"),
            (json!(7), "an invalid `request_uri`"),
            (json!([URN]), "an invalid `request_uri`"),
            (json!("no address"), "an invalid `request_uri`"),
            (json!("relative"), "an invalid `request_uri`"),
            (json!("urn:a\nb"), "an invalid `request_uri`"),
            (json!("urn:\u{202e}a"), "an invalid `request_uri`"),
            (json!(long), "an invalid `request_uri`"),
        ] {
            let body = json!({ "request_uri": request_uri, "expires_in": 60 });
            assert_eq!(read(body.to_string().as_bytes()), Err(says.to_owned()), "{request_uri}");
        }
        let twice = br#"{"request_uri":"urn:a:b","request_uri":"urn:a:c"}"#;
        assert_eq!(read(twice), Err("more than one `request_uri`".to_owned()));
    }
}
