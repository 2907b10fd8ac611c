//! `Auth`: the service of an [`AuthLayer`].

use std::{
    mem,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{AuthLayer, BoxError, CloneBody, Replay, ResponseFuture, send::send};

/// The service of an [`AuthLayer`].
///
/// ```
/// # fn example<S>(client: S, credentials: authn::Credentials) {
/// use authn::tower::{Auth, AuthLayer};
/// use tower_layer::Layer;
///
/// let client: Auth<S> = AuthLayer::new(credentials).layer(client);
/// # let _ = client;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Auth<S, R = CloneBody> {
    pub(super) inner: S,
    pub(super) options: AuthLayer<R>,
}

impl<S, R, B, A> Service<http::Request<B>> for Auth<S, R>
where
    S: Service<http::Request<R::Sent>, Response = http::Response<A>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: Replay<B>,
    B: Send + 'static,
    A: Send + 'static,
{
    type Response = http::Response<A>;
    type Error = BoxError;
    type Future = ResponseFuture<A>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture<A> {
        // The clone may not be ready. The one that is takes the request, also if that has to wait for a token.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let sent = send(ready, self.options.clone(), request);
        ResponseFuture::new(async move { Ok(sent.await?.0) })
    }
}
