//! `Cached` as a provider: what it answers from its slot, and what it hands to an exchange.

use std::sync::{Arc, atomic::Ordering};

use super::{Cached, exchange, single_flight::wait};
use crate::{
    Context, Environment, Error, Login, LoginOutcome, LoginPlan, Managed, Probe, Request, Result,
    SessionPolicy, Status, Token, TokenProvider, TokenSource,
    runtime::{self, Boxed},
    time::before,
};

impl<S: TokenSource> TokenProvider for Cached<S> {
    fn validate(&self, context: &Context) -> Result<()> {
        let options = &self.shared.options;
        if self.shared.source.inner().is_some()
            && let Some(option) = options.about_users()
        {
            return Err(Error::configuration(format!(
                "`{option}` has no effect here, where a token is passed on"
            ))
            .with_help("move it to the table of the provider within"));
        }
        self.shared.source.validate(context)
    }

    async fn token(&self, context: &Context) -> Result<Token> {
        if let Some(token) = self.stored(context) {
            return Ok(token);
        }
        // A stored token that is no longer fresh may still serve while it is renewed behind the back.
        if let Some(token) = self.with_ready(context, Clone::clone) {
            return Ok(token);
        }
        let result = match self.start(context, context.clock().now()) {
            Ok(waiter) => wait(waiter).await,
            Err(error) => Err(error),
        };
        // The exchange failed: what has not expired serves.
        let serves =
            || self.scope.before(|schedule| schedule.expiry, context.clock().now(), Clone::clone);
        result.or_else(|error| serves().ok_or(error))
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        if request.is_authorized() {
            return Ok(());
        }
        let token = self.token(context).await?;
        self.shared.source.authorize(request, &token, context)
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        self.with_ready(context, Clone::clone)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        self.with_ready(context, |token| self.shared.source.authorize(request, token, context))
    }

    fn scoped(&self, context: &Context) -> Option<Self> {
        let scope = self.shared.slots.of(context.scopes());
        Some(Self { shared: Arc::clone(&self.shared), scope })
    }

    fn identity(&self, context: &Context) -> Option<String> {
        self.shared.source.identity(context)
    }

    fn managed(&self) -> Option<&dyn Managed> {
        Some(self)
    }
}

impl<S: TokenSource> Managed for Cached<S> {
    fn invalidate(&self, token: &Token, context: &Context) {
        if let Some(inner) = self.exchange(context).inner() {
            inner.managed().invalidate(token, &inner.context);
        }
        self.scope.refuse(token);
    }

    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(self.exchange(context).status())
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(self.exchange(context).login(login))
    }

    fn needs_login(&self) -> bool {
        let inner = self.shared.source.inner();
        inner
            .map_or_else(|| self.shared.source.needs_login(), |inner| inner.managed().needs_login())
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        match self.shared.source.inner() {
            Some(inner) => inner.managed().login_plan(environment),
            None => self.shared.source.login_plan(environment),
        }
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        match self.shared.source.inner() {
            Some(inner) => inner.managed().probe(&inner.context),
            None => Box::pin(self.shared.source.probe(context)),
        }
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(self.exchange(context).logout())
    }

    fn revoke<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(self.exchange(context).revoke())
    }

    fn store(&self) -> Option<String> {
        let by_default = match self.shared.source.session() {
            SessionPolicy::None => "memory",
            SessionPolicy::Begun | SessionPolicy::From(_) => "file",
        };
        Some(self.shared.options.store.clone().unwrap_or_else(|| by_default.to_owned()))
    }

    fn login_options(&self) -> &'static [&'static str] {
        self.shared.source.login_options()
    }

    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {
            self.shared.closed.store(true, Ordering::Release);
            if let Some(inner) = self.shared.source.inner() {
                inner.managed().close(&inner.context).await;
            }
            let waiters = self.shared.slots.waiters();
            if waiters.is_empty() && self.shared.login.try_lock().is_ok() {
                return;
            }
            let ended = async {
                drop(self.shared.login.lock().await);
                for waiter in waiters {
                    // Its failure has been told to those who asked for the token.
                    let _ = wait(waiter).await;
                }
            };
            // An exchange needs the background runtime, so it is there; its timers need no runtime of the
            // caller's.
            if let Ok(runtime) = runtime::handle() {
                let end = {
                    let _timers = runtime.enter();
                    context.clock().sleep(exchange::CLOSE)
                };
                // What is not over by then goes on, and is not waited for.
                let _ = before(ended, end).await;
            }
        })
    }
}
