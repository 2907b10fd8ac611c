//! Authorised calls for [tonic](::tonic): a layer that waits for a token, and an interceptor that never waits.
//!
//! | | [`AuthLayer`] | [`AuthInterceptor`] |
//! |---|---|---|
//! | where no token is cached | waits for it | fails with `UNAVAILABLE`, and a later call has it |
//! | a token that the server refuses | is replaced, and the call sent once more | is used until it expires |
//! | nonces and other answers | reach the provider | don't |
//! | cost of a call with a valid token | some allocations | that of [`Credentials::authorize`](crate::Credentials::authorize) |
//!
//! Use the layer unless its cost matters. Both need the server's address, because a call of tonic does not tell it: the
//! credential is added only if it is for that origin.
//!
//! ```
//! use authn::tonic::AuthLayer;
//! # use tonic::body::Body;
//! # fn example<S>(channel: S, credentials: authn::Credentials)
//! # where
//! #     S: tower_service::Service<http::Request<Body>, Response = http::Response<Body>, Error = tonic::Status>
//! #         + Clone + Send + 'static,
//! #     S::Future: Send,
//! # {
//! # struct ThingsClient;
//! # impl ThingsClient {
//! #     fn new<T: tonic::client::GrpcService<Body>>(_: T) where T::ResponseBody: Send + 'static {}
//! # }
//! use tower_layer::Layer;
//!
//! // let endpoint = tonic::transport::Endpoint::from_static("https://api.example.com");
//! // let (origin, channel) = (endpoint.uri().clone(), endpoint.connect_lazy());
//! # let origin = http::Uri::from_static("https://api.example.com");
//! let things = ThingsClient::new(AuthLayer::new(credentials, origin).layer(channel));
//! # }
//! ```
//!
//! The credential is sent as metadata, under the name of the configured header. gRPC has no query and no form, so another
//! place is an error of kind [`Configuration`](crate::ErrorKind::Configuration).

mod body;
mod interceptor;
mod layer;
mod service;
mod status;

pub use body::ResponseBody;
pub use interceptor::AuthInterceptor;
pub use layer::AuthLayer;
pub use service::{Auth, ResponseFuture};
