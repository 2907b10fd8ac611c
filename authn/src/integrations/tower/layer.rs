//! `AuthLayer`: the options of authorised requests.

use std::fmt;

use http::Uri;
use tower_layer::Layer;

use super::{Auth, BufferBody, CloneBody, SendOnce};
use crate::Credentials;

/// Authorises the requests of a client.
///
/// `R` says how a request is sent once more. Extensions of a request say which credentials it has:
/// [`WithholdToken`](crate::WithholdToken) and [`UseCredentials`](crate::UseCredentials).
///
/// ```
/// use authn::tower::AuthLayer;
/// # fn example<S: Clone>(client: S, credentials: authn::Credentials) {
/// use tower_layer::Layer;
///
/// let layer = AuthLayer::new(credentials);
/// let of_bodies_that_are_clone = layer.clone().layer(client.clone());
/// let of_streams = layer.clone().buffer_body(64 * 1024).layer(client.clone());
/// let of_anything = layer.send_once().step_up(true).layer(client);
/// # let _ = (of_bodies_that_are_clone, of_streams, of_anything);
/// # }
/// ```
#[derive(Clone)]
pub struct AuthLayer<R = CloneBody> {
    pub(super) credentials: Credentials,
    pub(super) origin: Option<Uri>,
    /// Whether requests are gRPC calls of one channel: whatever their URI says, they go to `origin`, and have no query that
    /// could have a credential.
    pub(super) is_channel: bool,
    pub(super) steps_up: bool,
    pub(super) replay: R,
}

impl AuthLayer {
    /// Creates a layer for requests whose bodies are [`Clone`], such as `Full` and `Empty` of `http_body_util`. For others, use
    /// [`buffer_body`](Self::buffer_body) or [`send_once`](Self::send_once): with a body that is not [`Clone`], the compiler
    /// says of [`Auth`] only that it "doesn't satisfy `Service`", where the program calls it.
    pub fn new(credentials: Credentials) -> Self {
        let (origin, replay) = (None, CloneBody(()));
        Self { credentials, origin, is_channel: false, steps_up: false, replay }
    }
}

impl<R> AuthLayer<R> {
    /// Keeps what has been sent of a body, up to `limit` bytes, so that it can be sent once more. A longer body is sent once.
    /// The body streams in either case: nothing waits for its end. Nothing is kept any longer once the head of an answer has
    /// come that does not have the request sent once more.
    ///
    /// What is kept are slices of the caller's buffers, so that a small slice of a large buffer keeps all of it.
    ///
    /// The client's requests have the body [`ReplayBody`](super::ReplayBody).
    #[must_use]
    pub fn buffer_body(self, limit: usize) -> AuthLayer<BufferBody> {
        self.replaying(BufferBody { limit })
    }

    /// Sends each request once. A token that is refused is still replaced for the next request.
    #[must_use]
    pub fn send_once(self) -> AuthLayer<SendOnce> {
        self.replaying(SendOnce(()))
    }

    /// Sets the scheme and the host of requests whose URI has none, such as those of a client that is connected to one server.
    /// The default is none: such a request then fails with [`Origin`](crate::ErrorKind::Origin). With an origin that has no
    /// scheme, such as `api.example.com`, each request fails so.
    #[must_use]
    pub fn origin(self, origin: Uri) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Sets whether a request is sent once more with a token of more scopes, if the server says that they are missing, as
    /// `step_up` of `authn::reqwest::Client` does. The default is `false`.
    #[must_use]
    pub fn step_up(self, enabled: bool) -> Self {
        Self { steps_up: enabled, ..self }
    }

    #[cfg(feature = "tonic")]
    pub(in crate::integrations) fn of_channel(self) -> Self {
        Self { is_channel: true, ..self }
    }

    fn replaying<T>(self, replay: T) -> AuthLayer<T> {
        let Self { credentials, origin, is_channel, steps_up, replay: _ } = self;
        AuthLayer { credentials, origin, is_channel, steps_up, replay }
    }
}

impl<S, R: Clone> Layer<S> for AuthLayer<R> {
    type Service = Auth<S, R>;

    fn layer(&self, inner: S) -> Auth<S, R> {
        Auth { inner, options: self.clone() }
    }
}

impl<R> fmt::Debug for AuthLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
