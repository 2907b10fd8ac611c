//! `Core` as a session: status, login, logout, revocation, closing.

use super::{core::Core, exchange, single_flight::wait};
use crate::{
    Bound, Context, Environment, Issued, Login, LoginOutcome, LoginPlan, Managed, PendingLogin,
    Probe, Request, Result, Revocation, SessionPolicy, Status, Token, TokenSet, Url,
    runtime::{self, Boxed},
    time::before,
};

impl Managed for Core {
    fn inner(&self) -> Option<&Bound> {
        self.shared.source.inner()
    }

    fn issues(&self) -> bool {
        true
    }

    fn issued<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Issued>> {
        Box::pin(Core::issued(self, context))
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        self.shared.source.authorize(request, issued, context)
    }

    fn invalidate(&self, token: &Token, context: &Context) {
        if let Some(inner) = self.exchange(context).inner() {
            inner.managed().invalidate(token, &inner.context);
        }
        self.scope.refuse(token, context.clock().now(), &self.shared.options);
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

    fn begin_login<'a>(
        &'a self,
        context: &'a Context,
        redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(self.exchange(context).begin_login(redirect_uri))
    }

    fn complete_login<'a>(
        &'a self,
        context: &'a Context,
        pending: PendingLogin,
        returned: &'a str,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(self.exchange(context).complete_login(pending, returned))
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
            None => self.shared.source.probe(context),
        }
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(self.exchange(context).logout())
    }

    fn revoke<'a>(
        &'a self,
        context: &'a Context,
        passed_on: Vec<Token>,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(self.exchange(context).revoke(passed_on))
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
            let waiters = self.shared.slots.close();
            if let Some(inner) = self.shared.source.inner() {
                inner.managed().close(&inner.context).await;
            }
            let login = self.shared.login_lock();
            if waiters.is_empty() && login.try_lock().is_ok() {
                return;
            }
            let ended = async {
                drop(login.lock().await);
                for waiter in waiters {
                    // Its callers get its error.
                    let _ = wait(waiter).await;
                }
            };
            // An exchange has started the background runtime, whose timers need no runtime of the caller's.
            if let Ok(runtime) = runtime::handle() {
                let end = {
                    let _timers = runtime.enter();
                    context.clock().sleep(exchange::CLOSE)
                };
                // An exchange that has not ended by then goes on without being waited for.
                let _ = before(ended, end).await;
            }
        })
    }
}
