//! `AuthLayer`: authorised requests for any client that is a [`Service`](tower_service::Service), such as those of hyper,
//! tonic and axum.
//!
//! Each request is authorised by the origin of its URI, so one client can call several servers. The provider sees each
//! answer. A request whose token is refused is sent once more with a new one, if its body can be sent again.
//!
//! ```
//! # use std::convert::Infallible;
//! # use http_body_util::Empty;
//! # use tower::{Layer, Service, ServiceExt, service_fn};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), authn::tower::BoxError> {
//! # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
//! # let credentials = authn::Credentials::builder().source(source).domain("api.example.com").build()?;
//! # let client = service_fn(|request: http::Request<Empty<&'static [u8]>>| async move {
//! #     let answer = http::Response::builder();
//! #     Ok::<_, Infallible>(answer.header("seen", &request.headers()["authorization"]).body(()).unwrap())
//! # });
//! // `client` is one of hyper-util, for example.
//! let mut client = authn::tower::AuthLayer::new(credentials).layer(client);
//! let request = http::Request::get("https://api.example.com/v1/things").body(Empty::new())?;
//! let response = client.ready().await?.call(request).await?;
//! # assert_eq!(response.headers()["seen"], "Bearer abc");
//! # Ok(()) }
//! ```
//!
//! # Redirects
//!
//! The layer follows none. A service that follows them, such as that of `tower-http`, belongs around the authorised one and
//! never inside of it: then each request to another address is authorised by its own origin. To follow redirects to other
//! origins without a credential, use [`Credentials::if_available`](crate::Credentials::if_available).
//!
//! `FollowRedirect` of `tower-http` does not take extensions along. So [`WithholdToken`](crate::WithholdToken) and
//! [`UseCredentials`](crate::UseCredentials) count for the first address alone, and a request that is redirected from there has
//! the layer's own credentials, as far as they are for its origin. Send a request that must have none to a client without the
//! layer.
//!
//! # Other layers
//!
//! - A layer that retries belongs around this one, so that each attempt has a valid token.
//! - The service is ready when the client is. While a request waits for a token, it keeps the place in the client that it has
//!   got, such as that of a limit on concurrency. So put such a limit around this layer: inside of it, requests that wait for a
//!   token keep others out that need none. The second sending waits until the client is ready again.
//! - A timeout around this layer covers everything. One inside of it, or one of the client, covers each sending by itself, and
//!   not the wait for a token.
//! - Dropping the future of a response ends the request. An exchange that it has waited for goes on for others.
//! - Client certificates belong to the client's connections: see
//!   [`Credentials::client_identity`](crate::Credentials::client_identity).

mod body;
mod future;
mod grpc;
mod layer;
mod second;
mod send;
mod service;

pub use body::{BufferBody, CloneBody, Replay, ReplayBody, SendOnce};
pub use future::ResponseFuture;
pub use layer::AuthLayer;
pub use service::Auth;

#[cfg(feature = "tonic")]
pub(super) use grpc::refusal;
#[cfg(feature = "tonic")]
pub(super) use send::send;

/// Why a request failed: an error of the client, or an [`authn::Error`](crate::Error) if it was not authorised.
///
/// If the second sending fails, the error says which status the first one was answered with, and its source is the client's
/// error. A refusal by gRPC counts as the status of HTTP that means the same.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
