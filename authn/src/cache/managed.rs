//! `Core` as a session: status, login, logout, revocation, closing.

use std::{any::Any, sync::Arc};

use super::{
    core::Core,
    exchange, per_request,
    single_flight::{Waiter, Wish, wait},
    state::SessionState,
};
use crate::{
    Bound, Context, Environment, Introspection, Issued, Login, LoginOutcome, LoginPlan, Managed,
    Origins, PendingLogin, Probe, Request, Result, Revocation, SessionPolicy, Status, Token,
    TokenSet, Url, UserInfo,
    provider::{Applies, ErasedSource, Touched},
    runtime::{self, Boxed},
    store::released,
    time::before,
};

/// What another cache of the same session continues.
struct Continued {
    state: Arc<SessionState>,
    source: Arc<dyn ErasedSource>,
}

impl Managed for Core {
    fn inner(&self) -> Option<&Bound> {
        self.shared.source.inner()
    }

    fn subjects(&self) -> Vec<&Bound> {
        self.shared.source.subjects()
    }

    fn is_oauth_client(&self) -> bool {
        match self.shared.source.inner() {
            Some(inner) => inner.is_oauth_client(),
            None => self.shared.source.is_oauth_client(),
        }
    }

    fn is_shareable(&self) -> bool {
        self.shared.source.is_shareable() && self.shared.nested().all(Bound::is_shareable)
    }

    fn is_current(&self, issued: &Issued) -> bool {
        self.shared.source.is_current(issued)
    }

    fn applies(&self, context: &Context) -> Applies {
        // Without its subject, an exchange has nothing to send.
        let subjects = self.shared.source.subjects().into_iter();
        let mut applies = subjects.map(|subject| subject.managed().applies(&subject.context));
        if let Some(absence) = applies.find(|applies| matches!(applies, Applies::No(_))) {
            return absence;
        }
        match self.shared.source.inner() {
            Some(inner) => inner.managed().applies(&inner.context),
            None => self.shared.source.applies(context),
        }
    }

    fn discovers_origins(&self) -> bool {
        self.shared.source.discovers_origins()
    }

    fn discovered_origins(&self, context: &Context) -> Option<Arc<Origins>> {
        Core::discovered_origins(self, context)
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let nested = self.shared.nested().flat_map(|of| of.managed().touches(&of.context));
        self.shared.source.touches(context).into_iter().chain(nested).collect()
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
        let now = context.clock().now();
        if let Some(requests) = &self.shared.requests {
            return requests.refuse(token, now, &self.shared.options);
        }
        if let Some(inner) = self.exchange(context, Wish::Token).inner() {
            inner.managed().invalidate(token, &inner.context);
        }
        self.scope.refuse(token, now, &self.shared.options);
    }

    fn invalidate_all(&self, context: &Context) {
        if let Some(inner) = self.shared.source.inner() {
            inner.managed().invalidate_all(&inner.context);
        }
        for subject in self.shared.source.subjects() {
            subject.managed().invalidate_all(&subject.context);
        }
        for state in self.shared.states() {
            state.slots.invalidate_all(context.clock().now());
        }
    }

    fn refresh<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Issued>> {
        Box::pin(self.refreshed(context))
    }

    fn adopt<'a>(&'a self, tokens: TokenSet, context: &'a Context) -> Boxed<'a, Result<()>> {
        if self.shared.requests.is_some() {
            return Box::pin(async { Err(per_request::adopted()) });
        }
        Box::pin(self.exchange(context, Wish::Token).start_with(tokens))
    }

    fn state(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let (state, source) = (self.shared.state(), Arc::clone(&self.shared.source));
        Some(Arc::new(Continued { state, source }))
    }

    fn begin_session(&self, context: &Context) {
        self.join(Arc::default(), context);
    }

    fn continue_session(&self, state: Arc<dyn Any + Send + Sync>, context: &Context) {
        if let Some(older) = state.downcast_ref::<Continued>() {
            self.shared.source.continue_from(&*older.source);
            self.join(Arc::clone(&older.state), context);
        }
    }

    fn status<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Status>> {
        let Some(requests) = &self.shared.requests else {
            return Box::pin(self.exchange(context, Wish::Token).status());
        };
        match self.of_request_now(requests, context) {
            Some((cache, context)) => Box::pin(cache.exchange(&context, Wish::Token).status()),
            // No request is being served here.
            None => Box::pin(async { Ok(Status::default()) }),
        }
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(self.exchange(context, Wish::Token).login(login))
    }

    fn begin_login<'a>(
        &'a self,
        context: &'a Context,
        redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(self.exchange(context, Wish::Token).begin_login(redirect_uri))
    }

    fn complete_login<'a>(
        &'a self,
        context: &'a Context,
        pending: PendingLogin,
        returned: &'a str,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(self.exchange(context, Wish::Token).complete_login(pending, returned))
    }

    fn needs_login(&self) -> bool {
        match self.shared.below() {
            Some(below) => below.managed().needs_login(),
            None => self.shared.source.needs_login(),
        }
    }

    fn has_session(&self) -> bool {
        let source = &self.shared.source;
        source.needs_login()
            || !matches!(source.session(), SessionPolicy::None)
            || self.shared.sessions_below().next().is_some()
    }

    fn needs_no_store(&self, context: &Context) -> bool {
        self.shared.stores_for_the_next(context)
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        match self.shared.below() {
            Some(below) => below.managed().login_plan(environment),
            None => self.shared.source.login_plan(environment),
        }
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        match self.shared.source.inner() {
            Some(inner) => inner.managed().probe(&inner.context),
            None => Box::pin(async {
                // Without its subject, an exchange has nothing to send.
                for subject in self.shared.source.subjects() {
                    if !subject.managed().needs_login() {
                        drop(subject.managed().probe(&subject.context).await?);
                    }
                }
                self.shared.source.probe(context).await
            }),
        }
    }

    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async {
            match self.of_user(context).await? {
                Some((cache, context)) => cache.exchange(&context, Wish::Token).logout().await,
                None => self.exchange(context, Wish::Token).logout().await,
            }
        })
    }

    fn revoke<'a>(
        &'a self,
        context: &'a Context,
        passed_on: Vec<Token>,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(async {
            match self.of_user(context).await? {
                Some((cache, context)) => {
                    cache.exchange(&context, Wish::Token).revoke(passed_on).await
                }
                None => self.exchange(context, Wish::Token).revoke(passed_on).await,
            }
        })
    }

    fn revoke_tokens<'a>(
        &'a self,
        context: &'a Context,
        tokens: TokenSet,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(self.exchange(context, Wish::Token).revoke_tokens(tokens))
    }

    fn introspect<'a>(
        &'a self,
        context: &'a Context,
        token: &'a Token,
    ) -> Boxed<'a, Result<Introspection>> {
        Box::pin(self.exchange(context, Wish::Token).introspect(token))
    }

    fn user_info<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<UserInfo>> {
        Box::pin(Core::user_info(self, context))
    }

    fn logout_url<'a>(
        &'a self,
        context: &'a Context,
        post_logout_redirect_uri: Option<&'a str>,
    ) -> Boxed<'a, Result<Url>> {
        Box::pin(self.exchange(context, Wish::Token).logout_url(post_logout_redirect_uri))
    }

    fn open_logout<'a>(
        &'a self,
        context: &'a Context,
        url: &'a Url,
        login: &'a Login,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(self.exchange(context, Wish::Token).open_logout(url, login))
    }

    fn store(&self, context: &Context) -> Option<String> {
        let by_default = match self.shared.source.session() {
            SessionPolicy::None if !self.shared.stores_for_the_next(context) => "memory",
            SessionPolicy::None
            | SessionPolicy::Begun
            | SessionPolicy::From(_)
            | SessionPolicy::Of(_) => "file",
        };
        Some(self.shared.options.store.clone().unwrap_or_else(|| by_default.to_owned()))
    }

    fn login_options(&self) -> &'static [&'static str] {
        self.shared.source.login_options()
    }

    fn server_options(&self) -> &'static [&'static str] {
        self.shared.source.server_options()
    }

    #[cfg(feature = "testing")]
    fn settled<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {
            for state in self.shared.states() {
                for waiter in state.slots.under_way() {
                    // Its callers get its error.
                    let _ = wait(waiter).await;
                }
            }
            for nested in self.shared.nested() {
                nested.managed().settled(&nested.context).await;
            }
        })
    }

    fn stop(&self) {
        self.stop_own();
        for nested in self.shared.nested() {
            nested.managed().stop();
        }
    }

    fn close<'a>(&'a self, context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {
            let waiters = self.stop_own();
            let login = self.shared.state().login_lock();
            if waiters.is_empty() && login.try_lock().is_ok() {
                self.close_nested().await;
                return released().await;
            }
            let ended = async {
                drop(login.lock().await);
                for waiter in waiters {
                    // Its callers get its error.
                    let _ = wait(waiter).await;
                }
                // Last, because an exchange can ask them for another token until its end.
                self.close_nested().await;
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
            self.stop();
            released().await;
        })
    }
}

impl Core {
    /// Starts no more exchanges here. Returns what to wait on for the end of the running ones.
    fn stop_own(&self) -> Vec<Waiter> {
        if let Some(requests) = &self.shared.requests {
            requests.close();
        }
        self.shared.states().iter().flat_map(|state| state.slots.close()).collect()
    }

    async fn close_nested(&self) {
        for nested in self.shared.nested() {
            nested.managed().close(&nested.context).await;
        }
    }
}
