//! `AuthInterceptor`: adds a token that is at hand to each call.

use std::{fmt, sync::Arc};

use ::tonic::{GrpcMethod, Request, Status, service::Interceptor};
use arc_swap::ArcSwapOption;
use http::Uri;

use super::status::status;
use crate::{Credentials, Error, request::Call, runtime};

/// Adds a token that is at hand to each call, without waiting and without an allocation.
///
/// A call that finds no valid token fails with `UNAVAILABLE`, and has one requested in the background, so that a later call
/// finds it. This happens at the first call, and after a token has expired without any call shortly before that would have
/// renewed it. If the request in the background fails, the next call has its error. To avoid all this, wait for [`Credentials::token`] before, or use [`AuthLayer`](super::AuthLayer).
///
/// Credentials that have to wait for each request, such as those of a command that is a secret reference, need the layer.
///
/// ```
/// use authn::tonic::AuthInterceptor;
/// use tonic::service::Interceptor;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
/// # let credentials = authn::Credentials::builder().source(source).domain("api.example.com").build()?;
/// credentials.token().await?;
/// let origin = http::Uri::from_static("https://api.example.com"); // `endpoint.uri().clone()`
/// let mut interceptor = AuthInterceptor::new(credentials, origin);
/// // let things = ThingsClient::with_interceptor(channel, interceptor);
/// let call = interceptor.call(tonic::Request::new(()))?;
/// assert_eq!(call.metadata().get("authorization").unwrap(), "Bearer abc");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AuthInterceptor {
    credentials: Credentials,
    origin: Uri,
    /// Why the last request in the background has failed, until a call has it.
    failed: Arc<ArcSwapOption<Error>>,
}

impl AuthInterceptor {
    /// Creates an interceptor for calls of the server at `origin`, such as `https://api.example.com`: the URI of the endpoint
    /// that the channel is connected to.
    pub fn new(credentials: Credentials, origin: Uri) -> Self {
        Self { credentials, origin, failed: Arc::default() }
    }
}

impl Interceptor for AuthInterceptor {
    #[inline]
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let (mut metadata, extensions, ()) = request.into_parts();
        let name = extensions.get::<GrpcMethod<'static>>();
        let name = name.map(|name| (name.service(), name.method()));
        let call = Call::new(&self.origin, name);
        let mut target = crate::Request::of_call(&call, metadata.as_mut());
        match self.credentials.try_authorize(&mut target) {
            Some(Ok(())) => Ok(Request::from_parts(metadata, extensions, ())),
            Some(Err(error)) => Err(status(error)),
            None => Err(self.requested()),
        }
    }
}

impl AuthInterceptor {
    /// Has a token requested for later calls, and returns the status of this one.
    #[cold]
    #[inline(never)]
    fn requested(&self) -> Status {
        let (credentials, failed) = (self.credentials.clone(), Arc::clone(&self.failed));
        let handle = match runtime::handle() {
            Ok(handle) => handle,
            Err(error) => return status(error),
        };
        let last = self.failed.swap(None);
        handle.spawn(async move {
            failed.store(credentials.token().await.err().map(Arc::new));
        });
        status(last.map_or_else(none_at_hand, |error| (*error).clone()))
    }
}

fn none_at_hand() -> Error {
    Error::network("no valid token is at hand").with_help(
        "call again, wait for `Credentials::token` before, or use `authn::tonic::AuthLayer`",
    )
}

impl fmt::Debug for AuthInterceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthInterceptor")
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
