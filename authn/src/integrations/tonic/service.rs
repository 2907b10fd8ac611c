//! `Auth`: the service of an [`AuthLayer`](super::AuthLayer).

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use ::tonic::body::Body;
use http::{Request, Response};
use tower_service::Service;

use super::{ResponseBody, status::status};
use crate::integrations::tower::send;
use crate::{
    runtime::Boxed,
    tower::{AuthLayer, BoxError, BufferBody, ReplayBody},
};

/// The service of an [`AuthLayer`](super::AuthLayer), for a client that tonic has generated.
///
/// ```
/// # fn example<S>(channel: S, layer: &authn::tonic::AuthLayer) {
/// use authn::tonic::Auth;
/// use tower_layer::Layer;
///
/// let channel: Auth<S> = layer.layer(channel);
/// # let _ = channel;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Auth<S> {
    pub(super) channel: S,
    pub(super) options: AuthLayer<BufferBody>,
}

impl<S, A> Service<Request<Body>> for Auth<S>
where
    S: Service<Request<Body>, Response = Response<A>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    A: Send + 'static,
{
    type Response = Response<ResponseBody<A>>;
    type Error = BoxError;
    type Future = ResponseFuture<A>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture<A> {
        // The clone may not be ready. The one that is takes the call, also if that has to wait for a token.
        let clone = self.channel.clone();
        let ready = Channel(mem::replace(&mut self.channel, clone));
        let sent = send(ready, self.options.clone(), request);
        ResponseFuture(Box::pin(async move {
            match sent.await {
                Ok((response, sending)) => {
                    Ok(response.map(|body| ResponseBody::new(body, sending)))
                }
                Err(error) => Err(match error.downcast::<crate::Error>() {
                    Ok(error) => status(*error).into(),
                    Err(error) => error,
                }),
            }
        }))
    }
}

/// A channel whose calls have a body that can be sent once more.
struct Channel<S>(S);

impl<S: Service<Request<Body>>> Service<Request<ReplayBody<Body>>> for Channel<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReplayBody<Body>>) -> S::Future {
        self.0.call(request.map(Body::new))
    }
}

/// The future of [`Auth`]. Dropping it ends the call.
///
/// ```
/// # fn example<S>(mut channel: authn::tonic::Auth<S>, call: http::Request<tonic::body::Body>)
/// # where
/// #     S: tower_service::Service<http::Request<tonic::body::Body>, Response = http::Response<String>>
/// #         + Clone + Send + 'static,
/// #     S::Error: Into<authn::tower::BoxError>,
/// #     S::Future: Send,
/// # {
/// let future: authn::tonic::ResponseFuture<String> = tower_service::Service::call(&mut channel, call);
/// # let _ = future;
/// # }
/// ```
pub struct ResponseFuture<A>(Boxed<'static, Result<Response<ResponseBody<A>>, BoxError>>);

impl<A> Future for ResponseFuture<A> {
    type Output = Result<Response<ResponseBody<A>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<A> fmt::Debug for ResponseFuture<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
