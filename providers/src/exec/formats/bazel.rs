//! Format `bazel`: the answer of a credential helper with `get` (the specification of credential helpers).

use std::collections::BTreeMap;

use authn::Url;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object};
use crate::exec::{answer::HEADERS, time::rfc_3339};

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    headers: BTreeMap<String, Vec<Zeroizing<String>>>,
    expires: Option<String>,
}

/// Headers that the client sets, and that would change where a request goes or ends.
const NEVER: [&str; 6] =
    ["connection", "content-length", "host", "te", "transfer-encoding", "upgrade"];

pub(super) fn question(server: &Url) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::json!({ "uri": server.as_str() }).to_string().into_bytes())
}

/// All headers are kept. The token is the last word of `Authorization`, or else of the first header.
pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    let response: Response = parsed_object(output)?;
    let mut headers = BTreeMap::new();
    for (name, values) in response.headers.into_iter().filter(|(_, values)| !values.is_empty()) {
        let name = name.to_ascii_lowercase();
        if http::HeaderName::try_from(&name).is_err() {
            return Err(Unusable::Invalid("a name of its `headers` is none"));
        }
        if NEVER.contains(&name.as_str()) {
            return Err(Unusable::Invalid("its `headers` has one that is not for credentials"));
        }
        // Several values are the same as one with commas (RFC 9110, 5.3).
        let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
        if headers.insert(name, Zeroizing::new(values.join(", "))).is_some() {
            return Err(Unusable::Invalid("a header is twice in its `headers`"));
        }
    }
    let first = headers.get("authorization").or_else(|| headers.values().next());
    let first = first.ok_or(Unusable::NotFound)?;
    let token = first.split_ascii_whitespace().last();
    let token = token.ok_or(Unusable::Invalid("a value of its `headers` is empty"))?;
    let answer = Answer::new(Zeroizing::new(token.to_owned()));
    let text = serde_json::to_string(&headers);
    let text = text.map_err(|_| Unusable::Invalid("its `headers` are none"))?;
    let expiry = match response.expires.as_deref() {
        None => None,
        Some(text) => {
            Some(rfc_3339(text).ok_or(Unusable::Invalid("its `expires` is not RFC 3339"))?)
        }
    };
    Ok(answer.with_expiry(expiry).with(HEADERS, Zeroizing::new(text)))
}
