//! `Erased`: a provider behind a pointer, as the registry creates it and credentials hold it.

use std::{cell::Cell, sync::Arc};

use http::{HeaderMap, Method, Uri};

use super::TokenProvider;
use crate::{Context, Request, Result, Token, runtime::Boxed};

/// A [`TokenProvider`] behind a pointer: the methods that a trait object lacks, boxed.
pub(crate) trait Erased: TokenProvider {
    fn token_boxed<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>>;
    fn authorize_boxed<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>>;
    fn scoped_shared(self: Arc<Self>, context: &Context) -> Arc<dyn Erased>;

    /// Returns whether `authorize` is the default, so that a token is all that a request needs.
    fn sends_token_alone(&self, context: &Context) -> bool;
}

thread_local! {
    static IS_DEFAULT: Cell<bool> = const { Cell::new(false) };
}

/// Notes that the default of [`TokenProvider::authorize`] was called.
#[inline]
pub(super) fn mark_default() {
    IS_DEFAULT.set(true);
}

impl<P: TokenProvider> Erased for P {
    fn token_boxed<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>> {
        Box::pin(self.token(context))
    }

    fn authorize_boxed<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(self.authorize(request, context))
    }

    fn scoped_shared(self: Arc<Self>, context: &Context) -> Arc<dyn Erased> {
        match self.scoped(context) {
            Some(provider) => Arc::new(provider),
            None => self,
        }
    }

    fn sends_token_alone(&self, context: &Context) -> bool {
        let (method, mut uri, mut headers) = (Method::GET, Uri::default(), HeaderMap::new());
        let mut request = Request::new(&method, &mut uri, &mut headers);
        IS_DEFAULT.set(false);
        // The future is not polled, so nothing is requested.
        drop(self.authorize(&mut request, context));
        IS_DEFAULT.take()
    }
}
