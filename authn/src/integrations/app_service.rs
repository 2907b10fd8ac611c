//! The token of the request that is being served, for the `app_service` provider.
//!
//! A server provides the headers of each incoming request to the code that serves it, so the requests that this code
//! sends carry the same user's token. The headers are in a task-local: they are never cached and never those of another
//! request. A spawned task has none, unless it runs in [`scope`] again.

use std::{future::Future, time::SystemTime};

use http::HeaderMap;

tokio::task_local! {
    static INCOMING: Incoming;
}

/// The request that is being served.
///
/// ```
/// use authn::app_service::{scope, with_incoming};
/// use http::{HeaderMap, HeaderValue};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut headers = HeaderMap::new();
/// headers.insert("x-user", HeaderValue::from_static("ann"));
/// scope(headers, async {
///     let user = with_incoming(|incoming| incoming.headers()["x-user"].clone());
///     assert_eq!(user.unwrap(), "ann");
/// })
/// .await;
/// assert!(with_incoming(|_| ()).is_none());
/// # }
/// ```
///
/// ```
/// use authn::app_service::{Incoming, scope, with_incoming};
/// use http::{HeaderMap, HeaderValue};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let headers = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("*/*"))]);
/// let seen = scope(headers, async {
///     with_incoming(|incoming: &Incoming| (incoming.headers().len(), incoming.arrived()))
/// });
/// assert_eq!(seen.await.map(|(count, _)| count), Some(1));
/// # }
/// ```
#[derive(Clone)]
pub struct Incoming {
    headers: HeaderMap,
    arrived: SystemTime,
}

impl Incoming {
    /// Notes the arrival by the system's clock. No context is known yet: the request arrives before the code that
    /// serves it chooses credentials, and may use several with different clocks.
    fn new(headers: HeaderMap) -> Self {
        Self { headers, arrived: SystemTime::now() }
    }

    /// Returns the request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the time at which the request arrived, by the system's clock.
    pub fn arrived(&self) -> SystemTime {
        self.arrived
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// Runs a future that serves a request with these headers. In a spawned task, this passes the request on to it.
pub async fn scope<F: Future>(headers: HeaderMap, serving: F) -> F::Output {
    INCOMING.scope(Incoming::new(headers), serving).await
}

/// Calls a closure with the request that is being served; `None` outside of one.
pub fn with_incoming<R>(look: impl FnOnce(&Incoming) -> R) -> Option<R> {
    INCOMING.try_with(look).ok()
}

#[cfg(feature = "tower")]
pub use layer::{AppService, AppServiceLayer, Serving};

#[cfg(feature = "tower")]
mod layer {
    use std::{
        future::Future,
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::task::futures::TaskLocalFuture;
    use tower_layer::Layer;
    use tower_service::Service;

    use crate::integrations::app_service::{INCOMING, Incoming};

    /// Provides the headers of each incoming request to the service that serves it.
    ///
    /// ```
    /// # use authn::app_service::AppServiceLayer;
    /// # fn example<S>(service: S) -> impl Sized {
    /// use tower_layer::Layer;
    ///
    /// AppServiceLayer::new().layer(service)
    /// # }
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct AppServiceLayer(());

    impl AppServiceLayer {
        /// Creates the layer.
        pub fn new() -> Self {
            Self(())
        }
    }

    impl<S> Layer<S> for AppServiceLayer {
        type Service = AppService<S>;

        fn layer(&self, inner: S) -> AppService<S> {
            AppService { inner }
        }
    }

    /// The service of an [`AppServiceLayer`].
    ///
    /// ```
    /// # fn example<S>(service: S) {
    /// use authn::app_service::{AppService, AppServiceLayer};
    /// use tower_layer::Layer;
    ///
    /// let service: AppService<S> = AppServiceLayer::new().layer(service);
    /// # let _ = service;
    /// # }
    /// ```
    #[derive(Clone, Copy, Debug)]
    pub struct AppService<S> {
        inner: S,
    }

    impl<S: Service<http::Request<B>>, B> Service<http::Request<B>> for AppService<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = Serving<S::Future>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.inner.poll_ready(context)
        }

        fn call(&mut self, request: http::Request<B>) -> Self::Future {
            let incoming = Incoming::new(request.headers().clone());
            // A service may read the headers as soon as it is called, before its future runs.
            let future = INCOMING.sync_scope(incoming.clone(), || self.inner.call(request));
            Serving(Box::pin(INCOMING.scope(incoming, future)))
        }
    }

    /// The future of [`AppService`].
    ///
    /// ```
    /// # fn example<S: tower_service::Service<http::Request<()>>>(mut service: authn::app_service::AppService<S>) {
    /// use authn::app_service::Serving;
    ///
    /// let future: Serving<S::Future> = tower_service::Service::call(&mut service, http::Request::new(()));
    /// # let _ = future;
    /// # }
    /// ```
    pub struct Serving<F>(Pin<Box<TaskLocalFuture<Incoming, F>>>);

    impl<F: Future> Future for Serving<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            self.0.as_mut().poll(context)
        }
    }

    impl<F> std::fmt::Debug for Serving<F> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Serving").finish_non_exhaustive()
        }
    }
}
