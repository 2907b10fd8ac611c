//! The token of the request that is being served, for the `app_service` provider.
//!
//! A server lends each incoming request's headers to the code that serves it; what that code sends on
//! carries the same user's token. It is kept in a task-local, so it is never cached, and never another
//! request's: code that is spawned off gets none, unless it is given [`scope`] again.

use std::{future::Future, time::SystemTime};

use http::HeaderMap;

tokio::task_local! {
    static INCOMING: Incoming;
}

/// The request that is being served.
#[derive(Clone)]
pub struct Incoming {
    headers: HeaderMap,
    arrived: SystemTime,
}

impl Incoming {
    /// Returns the request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the time at which the request arrived.
    pub fn arrived(&self) -> SystemTime {
        self.arrived
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// Runs a future that serves a request with these headers.
pub async fn scope<F: Future>(headers: HeaderMap, serving: F) -> F::Output {
    INCOMING.scope(Incoming { headers, arrived: SystemTime::now() }, serving).await
}

/// Looks at the request that is being served; `None` outside of one.
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
        time::SystemTime,
    };

    use tokio::task::futures::TaskLocalFuture;
    use tower_layer::Layer;
    use tower_service::Service;

    use crate::integrations::app_service::{INCOMING, Incoming};

    /// Lends each incoming request's headers to the service that serves it.
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
        /// Makes the layer.
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

    /// The service that [`AppServiceLayer`] makes.
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
            let incoming =
                Incoming { headers: request.headers().clone(), arrived: SystemTime::now() };
            // A service may already look while it makes its future.
            let future = INCOMING.sync_scope(incoming.clone(), || self.inner.call(request));
            Serving(Box::pin(INCOMING.scope(incoming, future)))
        }
    }

    /// The future of [`AppService`].
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
