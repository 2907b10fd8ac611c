//! `Erased`: a provider behind a pointer, as the registry creates it and credentials hold it.

use std::sync::Arc;

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
}
