//! The one credential that a server accepts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Request, StatusCode, header::WWW_AUTHENTICATE};
use hyper::body::Bytes;

use super::server::{Answer, Server, Site, authorization, content, status};

/// The one credential that a server accepts.
#[derive(Clone, Debug)]
pub struct Access {
    accepted: String,
    challenge: &'static str,
}

impl Access {
    /// Accepts a token with the scheme `Bearer` (RFC 6750).
    pub fn bearer(token: &str) -> Self {
        Self { accepted: format!("Bearer {token}"), challenge: "Bearer realm=\"test\"" }
    }

    /// Accepts a name and a password with the scheme `Basic` (RFC 7617).
    pub fn basic(user: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        Self { accepted: format!("Basic {pair}"), challenge: "Basic realm=\"test\"" }
    }

    /// The accepted value of `Authorization`.
    pub fn accepted(&self) -> &str {
        &self.accepted
    }

    /// Checks that a server got this credential and no other, but for the name of the user without a password, with which some
    /// tools try first.
    #[track_caller]
    pub fn assert_only_at(&self, server: &Server, user: Option<&str>) {
        let mut got = server.authorizations();
        if let Some(user) = user {
            got.remove(&Self::basic(user, "").accepted);
        }
        assert_eq!(got, [self.accepted.clone()].into());
    }

    /// Returns the refusal of a request that has another credential or none.
    pub fn refusal(&self, request: &Request<Bytes>) -> Option<Answer> {
        if authorization(request) == Some(&self.accepted) {
            return None;
        }
        let mut refusal = status(StatusCode::UNAUTHORIZED);
        refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        Some(refusal)
    }
}

/// A server that only says whether a client has access.
impl Site for Access {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        self.refusal(request).unwrap_or_else(|| content("text/plain", "welcome\n"))
    }
}
