//! `Erased`: a provider behind a pointer, as the registry makes it and credentials hold it.

use std::{fmt::Debug, sync::Arc};

use super::{Probe, Status, TokenProvider};
use crate::{Context, Login, LoginOutcome, Request, Result, Token, runtime::Boxed};

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
    fn invalidate(&self, token: &Token, context: &Context);
    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()>;
    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>>;
    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>>;
    fn needs_login(&self) -> bool;
    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>>;
    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>>;
    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>>;
    fn store(&self) -> Option<String>;
    fn login_options(&self) -> &'static [&'static str];
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

    fn invalidate(&self, token: &Token, context: &Context) {
        TokenProvider::invalidate(self, token, context);
    }

    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(TokenProvider::close(self, context))
    }

    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(TokenProvider::status(self, context))
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(TokenProvider::login(self, context, login))
    }

    fn needs_login(&self) -> bool {
        TokenProvider::needs_login(self)
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(TokenProvider::probe(self, context))
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::logout(self, context))
    }

    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(TokenProvider::revoke(self, context))
    }

    fn store(&self) -> Option<String> {
        TokenProvider::store(self)
    }

    fn login_options(&self) -> &'static [&'static str] {
        TokenProvider::login_options(self)
    }
}
