//! `Sending`: one sending of a request, and whether its answer has it sent once more. All clients share it.
//!
//! A request is sent at most once more, and never after a success (2xx), because the server has done what it asks for.

use http::{HeaderMap, Method, StatusCode, Uri};

use crate::{Credentials, Reaction, Request, ResponseHead, Result, Token, Used};
#[cfg(feature = "reqwest")]
use crate::{http::ClientIdentity, request::Place};

/// A request on its way: what its answer is judged by.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    credentials: Credentials,
    method: Method,
    /// Without a credential in it.
    uri: Uri,
    used: Used,
    steps_up: bool,
}

impl Sending {
    pub(super) fn new(credentials: Credentials, method: Method, uri: Uri, steps_up: bool) -> Self {
        Self { credentials, method, uri, used: Used::default(), steps_up }
    }

    /// Adds the credential to the request, and records its token.
    pub(super) async fn authorize(&mut self, mut request: Request<'_>) -> Result<()> {
        // The same request, borrowed for this call alone, as `used` is.
        let request = request.with_placement(None).with_used(&mut self.used);
        self.credentials.authorize(request).await
    }

    #[cfg(feature = "tower")]
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the places in which the provider has set credentials itself.
    #[cfg(feature = "reqwest")]
    pub(super) fn places(&self) -> &[Place] {
        self.used.places()
    }

    /// Returns the certificate that is shown with the token.
    #[cfg(feature = "reqwest")]
    pub(super) fn identity(&self) -> Option<ClientIdentity> {
        self.credentials.client_identity(&self.used)
    }

    /// Passes the answer to the provider, such as for its next nonce, and sends nothing once more.
    pub(super) fn heard(&self, status: StatusCode, headers: &HeaderMap) -> Reaction {
        let head = ResponseHead::new(&self.method, &self.uri, status, headers);
        self.credentials.response(&head.with_step_up(self.steps_up), &self.used)
    }

    /// Passes the answer to the provider. Returns how the request is sent once more; `None` if it is not. A token that was
    /// refused is dropped either way.
    pub(super) fn answered(&self, status: StatusCode, headers: &HeaderMap) -> Option<Again> {
        let reaction = self.heard(status, headers);
        if status.is_success() {
            return None;
        }
        let mut refused = None;
        let credentials = match reaction {
            Reaction::Pass | Reaction::Keep => return None,
            Reaction::Retry => self.credentials.clone(),
            Reaction::RetryWithScopes(scopes) => self.credentials.with_scope(&scopes),
            Reaction::Invalidate => {
                let token = self.used.token()?;
                self.credentials.invalidate(token);
                refused = Some(token.clone());
                self.credentials.clone()
            }
        };
        let (method, uri) = (self.method.clone(), self.uri.clone());
        Some(Again { sending: Self::new(credentials, method, uri, self.steps_up), refused })
    }
}

/// How a request is sent once more.
pub(super) struct Again {
    sending: Sending,
    refused: Option<Token>,
}

impl Again {
    /// Adds another credential to the request. Returns `None` if there is no other: then the caller gets the server's own
    /// answer.
    pub(super) async fn authorize(mut self, request: Request<'_>) -> Option<Sending> {
        self.sending.authorize(request).await.ok()?;
        let renewed = self.sending.used.token().map(Token::secret);
        let is_same = self.refused.is_some_and(|refused| Some(refused.secret()) == renewed);
        (!is_same).then_some(self.sending)
    }
}
