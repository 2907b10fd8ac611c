//! `Erased`: a provider behind a pointer, as the registry makes it and credentials hold it.

use std::{fmt::Debug, sync::Arc};

use super::{Managed, TokenProvider};
use crate::{Context, Request, Result, Token, runtime::Boxed};

/// A [`TokenProvider`] behind a pointer. One blanket implementation makes it of each.
pub(crate) trait Erased: Debug + Send + Sync {
    fn validate(&self, context: &Context) -> Result<()>;
    fn token<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>>;
    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>>;
    fn ready(&self, context: &Context) -> Option<Token>;
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>>;
    fn scoped(self: Arc<Self>, context: &Context) -> Arc<dyn Erased>;
    fn identity(&self, context: &Context) -> Option<String>;
    fn is_per_request(&self) -> bool;
    fn managed(&self) -> Option<&dyn Managed>;
}

impl<P: TokenProvider> Erased for P {
    fn validate(&self, context: &Context) -> Result<()> {
        TokenProvider::validate(self, context)
    }

    fn token<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Token>> {
        Box::pin(TokenProvider::token(self, context))
    }

    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<'_>,
        context: &'a Context,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::authorize(self, request, context))
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        TokenProvider::ready(self, context)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        TokenProvider::try_authorize(self, request, context)
    }

    fn scoped(self: Arc<Self>, context: &Context) -> Arc<dyn Erased> {
        match TokenProvider::scoped(&*self, context) {
            Some(provider) => Arc::new(provider),
            None => self,
        }
    }

    fn identity(&self, context: &Context) -> Option<String> {
        TokenProvider::identity(self, context)
    }

    fn is_per_request(&self) -> bool {
        TokenProvider::is_per_request(self)
    }

    fn managed(&self) -> Option<&dyn Managed> {
        TokenProvider::managed(self)
    }
}
