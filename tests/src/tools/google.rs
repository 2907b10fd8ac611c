//! Google's Security Token Service: the exchange of a workload's token (RFC 8693), and what its tools ask about the
//! result.

use http::{Request, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::server::{Answer, Site, json, status};

/// The access token that is given for the right subject token.
pub const ACCESS_TOKEN: &str = "the-token-of-google";

/// A service that exchanges one token.
#[derive(Debug)]
pub struct Exchange {
    subject_token: String,
    audience: String,
}

impl Exchange {
    /// Exchanges this subject token for this audience, and no other.
    pub fn new(subject_token: &str, audience: &str) -> Self {
        Self { subject_token: subject_token.to_owned(), audience: audience.to_owned() }
    }
}

impl Site for Exchange {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let form: Vec<_> = form_urlencoded::parse(request.body()).collect();
        let has = |name: &str, value: &str| {
            form.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value).eq([value])
        };
        match request.uri().path() {
            "/v1/token" => {
                let is_right = has("subject_token", &self.subject_token)
                    && has("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
                    && has("audience", &self.audience)
                    && has("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
                if !is_right {
                    let mut answer = json(&json!({ "error": "invalid_grant" }));
                    *answer.status_mut() = StatusCode::BAD_REQUEST;
                    return answer;
                }
                json(&json!({
                    "access_token": ACCESS_TOKEN,
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "token_type": "Bearer",
                    "expires_in": 3600,
                }))
            }
            "/v1/introspect" => json(
                &json!({ "active": has("token", ACCESS_TOKEN), "username": "principal://things" }),
            ),
            _ => status(StatusCode::NOT_FOUND),
        }
    }
}
