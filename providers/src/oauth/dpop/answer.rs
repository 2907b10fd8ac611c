//! `Refusal`: why a server has refused a request with a proof (RFC 9449, 5, 7.1, 8 and 9).

use std::time::SystemTime;

use authn::{
    ResponseHead,
    http::{HttpResponse, StatusCode, header::HeaderName},
};
use http::header::{AGE, DATE, WWW_AUTHENTICATE};
use serde::Deserialize;

/// The header of a nonce (RFC 9449, 8).
pub(super) const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

const USE_NONCE: &str = "use_dpop_nonce";
const INVALID_PROOF: &str = "invalid_dpop_proof";

/// What a server has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The proof had no nonce, or an old one.
    Nonce,
    /// The proof is invalid.
    Proof,
    /// The token is invalid, or not for this request.
    Token,
    /// The server does not say it.
    Unknown,
}

impl Refusal {
    /// Reads the answer of a token endpoint; `None` if it refuses no proof.
    pub(super) fn of_token_endpoint(response: &HttpResponse) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            error: String,
        }

        if !matches!(response.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            return None;
        }
        match &*serde_json::from_slice::<Body>(response.bytes()).ok()?.error {
            USE_NONCE => Some(Self::Nonce),
            INVALID_PROOF => Some(Self::Proof),
            _ => None,
        }
    }

    /// Reads the answer of an API; `None` if it refuses neither a token nor a proof.
    pub(super) fn of_api(head: &ResponseHead<'_>) -> Option<Self> {
        let all = head.headers().get_all(WWW_AUTHENTICATE);
        let says = |what: &str| {
            all.iter().any(|value| value.to_str().is_ok_and(|value| value.contains(what)))
        };
        let is_refused = head.status() == StatusCode::UNAUTHORIZED;
        if head.status().is_success() {
            None
        } else if says(USE_NONCE) {
            Some(Self::Nonce)
        } else if !is_refused {
            None
        } else if says(INVALID_PROOF) {
            Some(Self::Proof)
        } else if says("invalid_token") || says("insufficient_scope") {
            Some(Self::Token)
        } else {
            Some(Self::Unknown)
        }
    }
}

/// Returns the time of an API's answer. That of an answer from a cache is long ago.
pub(super) fn date(head: &ResponseHead<'_>) -> Option<SystemTime> {
    let date = head.header(DATE.as_str()).filter(|_| !head.headers().contains_key(AGE))?;
    httpdate::parse_http_date(date).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Uri};

    use super::*;

    #[test]
    fn an_api_says_what_it_refuses() {
        for (status, challenges, expected) in [
            (
                401,
                &["DPoP error=\"use_dpop_nonce\", error_description=\"more\""][..],
                Some(Refusal::Nonce),
            ),
            (400, &["DPoP error=\"use_dpop_nonce\""], Some(Refusal::Nonce)),
            (401, &["Bearer realm=\"a\"", "DPoP error=use_dpop_nonce"], Some(Refusal::Nonce)),
            (401, &["DPoP error=\"invalid_dpop_proof\""], Some(Refusal::Proof)),
            (401, &["DPoP error=\"invalid_token\", algs=\"ES256\""], Some(Refusal::Token)),
            (401, &["DPoP algs=\"ES256\""], Some(Refusal::Unknown)),
            (401, &[], Some(Refusal::Unknown)),
            (403, &["DPoP error=\"insufficient_scope\""], None),
            (400, &[], None),
            (200, &["DPoP error=\"use_dpop_nonce\""], None),
            (500, &[], None),
        ] {
            let (mut headers, uri) = (HeaderMap::new(), Uri::from_static("https://a.test/"));
            for challenge in challenges {
                headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            let head = ResponseHead::new(&Method::GET, &uri, status, &headers);
            assert_eq!(Refusal::of_api(&head), expected, "{status} {challenges:?}");
        }
    }
}
