//! `TokenResponse`: an answer of the authorization server before it is parsed.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use authn::http::{ClientIdentity, HttpResponse, Sent, StatusCode, header};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// An answer of the authorization server before it is parsed. A [`Compliance`](crate::Compliance) can correct it.
pub struct TokenResponse {
    pub(super) place: String,
    pub(super) status: StatusCode,
    pub(super) content_type: Option<String>,
    pub(super) retry_after: Option<Duration>,
    date: Option<SystemTime>,
    identity: Option<ClientIdentity>,
    pub(super) sent: Sent,
    pub(super) hint: Option<String>,
    pub(super) tries: u32,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl TokenResponse {
    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Sets the status, such as for a server that answers an error with 200.
    pub fn set_status(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Returns the media type.
    ///
    /// ```
    /// use authn_providers::TokenResponse;
    ///
    /// /// Returns whether the server has answered with a form in place of JSON.
    /// fn is_form(response: &TokenResponse) -> bool {
    ///     response.content_type() == Some("application/x-www-form-urlencoded")
    /// }
    /// ```
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Returns the bytes of the body. They may contain secrets, so they must not be shown.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Returns the members of the body; `None` if it is no JSON object.
    pub fn json(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Replaces the body by a JSON object.
    pub fn set_json(&mut self, members: &Map<String, Value>) {
        self.content_type = Some("application/json".to_owned());
        self.body = Zeroizing::new(serde_json::to_vec(members).unwrap_or_default());
    }

    /// Sets the certificate that the server was shown.
    pub(crate) fn set_identity(&mut self, identity: Option<ClientIdentity>) {
        self.identity = identity;
    }

    /// Notes a secret that the server knows, although it was not sent, such as one that signs.
    pub(crate) fn note_secret(&mut self, secret: &str) {
        self.sent.add(secret);
    }

    /// Sets what else helps if the server does not accept the client.
    pub(crate) fn set_hint(&mut self, hint: Option<String>) {
        self.hint = hint;
    }

    /// Returns the certificate that the server was shown. The tokens of the answer can be bound to it.
    pub(crate) fn identity(&self) -> Option<ClientIdentity> {
        self.identity.clone()
    }

    /// Returns the server's time.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        self.date
    }
}

impl From<HttpResponse> for TokenResponse {
    fn from(response: HttpResponse) -> Self {
        Self {
            place: response.place().to_owned(),
            status: response.status(),
            content_type: response.header(&header::CONTENT_TYPE).map(str::to_owned),
            retry_after: response.retry_after(),
            date: response.date(),
            identity: None,
            sent: response.sent().clone(),
            hint: None,
            tries: response.tries(),
            body: Zeroizing::new(response.bytes().to_vec()),
        }
    }
}

/// Shows nothing of the body.
impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("from", &self.place)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
