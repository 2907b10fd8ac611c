//! `ResponseFuture`: waits for the response to an authorised request.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::BoxError;
use crate::runtime::Boxed;

/// The future of [`Auth`](super::Auth). Dropping it ends the request.
///
/// ```
/// # fn example<S>(mut client: authn::tower::Auth<S>, request: http::Request<String>)
/// # where
/// #     S: tower_service::Service<http::Request<String>, Response = http::Response<String>, Error = std::io::Error>
/// #         + Clone + Send + 'static,
/// #     S::Future: Send,
/// # {
/// let future: authn::tower::ResponseFuture<String> = tower_service::Service::call(&mut client, request);
/// # let _ = future;
/// # }
/// ```
pub struct ResponseFuture<A>(Boxed<'static, Result<http::Response<A>, BoxError>>);

impl<A> ResponseFuture<A> {
    pub(super) fn new(
        sent: impl Future<Output = Result<http::Response<A>, BoxError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(sent))
    }
}

impl<A> Future for ResponseFuture<A> {
    type Output = Result<http::Response<A>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<A> fmt::Debug for ResponseFuture<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
