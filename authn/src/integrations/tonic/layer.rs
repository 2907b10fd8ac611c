//! `AuthLayer`: the options of authorised calls.

use http::Uri;
use tower_layer::Layer;

use super::Auth;
use crate::{
    Credentials,
    tower::{self, BufferBody},
};

/// How many bytes of a call are kept to send it once more.
const KEPT: usize = 64 * 1024;

/// Authorises the calls of a channel, and waits for a token where none is cached.
///
/// A call that the server refuses as `UNAUTHENTICATED` in headers alone (Trailers-Only of gRPC over HTTP/2) is sent once more
/// with a new token. If the server has sent its headers before, and refuses in trailers, the token is replaced for the next
/// call, also if there was no message.
///
/// If the second sending fails, such as because the connection is lost, its error says how the first one was answered.
///
/// A deadline of the call (`grpc-timeout`, or `Endpoint::timeout`) is each sending's own: it covers neither the wait
/// for a token nor both sendings together. Use a timeout around the call for that.
///
/// Extensions of a call say which credentials it has: [`WithholdToken`](crate::WithholdToken) and
/// [`UseCredentials`](crate::UseCredentials), by `tonic::Request::extensions_mut`.
///
/// A call that could not be authorised fails with `UNAVAILABLE` if that may be over soon, with `FAILED_PRECONDITION` if the
/// configuration or the call has to change, and with `UNAUTHENTICATED` otherwise, such as where a user has to log in. The
/// [`authn::Error`](crate::Error) is the source of the status.
///
/// ```
/// # fn example(credentials: authn::Credentials) {
/// let origin = http::Uri::from_static("https://api.example.com");
/// let layer = authn::tonic::AuthLayer::new(credentials, origin).buffer(1024 * 1024).step_up(true);
/// # let _ = layer;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthLayer(tower::AuthLayer<BufferBody>);

impl AuthLayer {
    /// Creates a layer for calls of the server at `origin`, such as `https://api.example.com`: the URI of the endpoint that
    /// the channel is connected to. It counts, whatever a client's own origin is. Without a scheme, each call fails with
    /// [`Origin`](crate::ErrorKind::Origin). The layer keeps 64 KiB of each call.
    pub fn new(credentials: Credentials, origin: Uri) -> Self {
        let layer = tower::AuthLayer::new(credentials).origin(origin).of_channel();
        Self(layer.buffer_body(KEPT))
    }

    /// Sets how many bytes of a call's messages are kept to send it once more. A call with more is sent once. Messages are
    /// sent as they come, in either case.
    #[must_use]
    pub fn buffer(self, limit: usize) -> Self {
        Self(self.0.buffer_body(limit))
    }

    /// Sets whether a call that is refused as `PERMISSION_DENIED` is sent once more with a token of more scopes, if the server
    /// names them in `www-authenticate`. The default is `false`.
    #[must_use]
    pub fn step_up(self, enabled: bool) -> Self {
        Self(self.0.step_up(enabled))
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, channel: S) -> Auth<S> {
        Auth { channel, options: self.0.clone() }
    }
}
