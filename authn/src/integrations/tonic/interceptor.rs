//! `AuthInterceptor`: adds a token that is cached to each call.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use ::tonic::{GrpcMethod, Request, Status, service::Interceptor};
use http::Uri;

use super::status::status;
use crate::{
    Credentials, Error,
    integrations::{choice::chosen, origin},
    request::Call,
    runtime,
};

/// Adds a token that is cached to each call, without waiting and without an allocation.
///
/// A call that finds no valid token fails with `UNAVAILABLE`, and has one requested in the background, so that a later call
/// finds it. This happens at the first call, and after a token has expired without any call shortly before that would have
/// renewed it. If the request in the background fails, the next call has its error, unless it finds a token. To avoid all this,
/// wait for [`Credentials::token`] before, or use [`AuthLayer`](super::AuthLayer).
///
/// Extensions of a call say which credentials it has: [`WithholdToken`](crate::WithholdToken) and
/// [`UseCredentials`](crate::UseCredentials), by `tonic::Request::extensions_mut`. The errors that other credentials
/// have in the background reach no call: use them where their token is cached, or the layer.
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
    failure: Arc<Failure>,
}

impl AuthInterceptor {
    /// Creates an interceptor for calls of the server at `origin`, such as `https://api.example.com`: the URI of the endpoint
    /// that the channel is connected to. Without a scheme, each call fails with [`Origin`](crate::ErrorKind::Origin).
    pub fn new(credentials: Credentials, origin: Uri) -> Self {
        Self { credentials, origin, failure: Arc::default() }
    }
}

impl Interceptor for AuthInterceptor {
    #[inline]
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let (mut metadata, mut extensions, ()) = request.into_parts();
        let name = extensions.get::<GrpcMethod<'static>>().cloned();
        // Most calls have no other extension, so that none is looked up.
        let chosen = if extensions.len() == usize::from(name.is_some()) {
            Some(Cow::Borrowed(&self.credentials))
        } else {
            chosen(&mut extensions, &self.credentials)
        };
        let Some(credentials) = chosen else {
            return Ok(Request::from_parts(metadata, extensions, ()));
        };
        origin::check(&self.origin).map_err(status)?;
        let name = name.as_ref().map(|name| (name.service(), name.method()));
        let call = Call::new(&self.origin, name);
        let mut target = crate::Request::of_call(&call, metadata.as_mut());
        match credentials.try_authorize(&mut target) {
            Some(Ok(())) => {
                if let Cow::Borrowed(_) = credentials {
                    self.failure.clear();
                }
                Ok(Request::from_parts(metadata, extensions, ()))
            }
            Some(Err(error)) => Err(status(error)),
            None => Err(self.requested(credentials)),
        }
    }
}

impl AuthInterceptor {
    /// Has a token requested for later calls, and returns the status of this one.
    #[cold]
    #[inline(never)]
    fn requested(&self, credentials: Cow<'_, Credentials>) -> Status {
        let handle = match runtime::handle() {
            Ok(handle) => handle,
            Err(error) => return status(error),
        };
        let failure = match &credentials {
            Cow::Borrowed(_) => Arc::clone(&self.failure),
            Cow::Owned(_) => Arc::default(),
        };
        let last = failure.take();
        let credentials = credentials.into_owned();
        handle.spawn(async move {
            failure.set(credentials.token().await.err());
        });
        status(last.unwrap_or_else(none_at_hand))
    }
}

/// Why the last request of a token in the background has failed, until a call has it, or finds a token.
#[derive(Default)]
struct Failure {
    /// So that a call that finds a token does not lock.
    is_set: AtomicBool,
    error: Mutex<Option<Error>>,
}

impl Failure {
    fn set(&self, error: Option<Error>) {
        let mut last = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_set.store(error.is_some(), Ordering::Relaxed);
        *last = error;
    }

    fn take(&self) -> Option<Error> {
        let mut last = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_set.store(false, Ordering::Relaxed);
        last.take()
    }

    #[inline]
    fn clear(&self) {
        if self.is_set.load(Ordering::Relaxed) {
            drop(self.take());
        }
    }
}

fn none_at_hand() -> Error {
    Error::network("no valid token is available").with_help(
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
