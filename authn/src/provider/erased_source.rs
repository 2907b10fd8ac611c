//! `ErasedSource`: a source behind a pointer, as the cache holds it.

use std::{any::Any, sync::Arc};

use super::{
    Applies, Bound, InteractiveSource, Probe, TokenSource, Touched, no_logout_page, no_web_login,
    nothing_to_ask, nothing_to_revoke,
};
use crate::{
    Claims, Context, Environment, Error, Introspection, Issued, Login, LoginPlan, PendingLogin,
    Request, Result, SecretString, TokenSet, Url, UserInfo, runtime::Boxed, store::SessionPolicy,
};

/// A source behind a pointer, so that the cache is compiled once and not for each source. The defaults are those of
/// a source without a session.
pub(crate) trait ErasedSource: Any + Send + Sync {
    fn request_token<'a>(
        &'a self,
        context: &'a Context,
        last: Option<&'a TokenSet>,
    ) -> Boxed<'a, Result<TokenSet>>;

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()>;

    fn initial(&self, context: &Context) -> Option<TokenSet>;

    fn inner(&self) -> Option<&Bound>;

    fn subjects(&self) -> Vec<&Bound>;

    fn is_oauth_client(&self) -> bool;

    fn is_current(&self, issued: &Issued) -> bool;

    fn is_own(&self, issued: &Issued) -> bool;

    fn applies(&self, context: &Context) -> Applies;

    fn touches(&self, context: &Context) -> Vec<Touched>;

    fn is_shareable(&self) -> bool;

    fn discovers_origins(&self) -> bool;

    fn found_secret(&self) -> Option<&SecretString>;

    /// Takes over what an older source of the same session remembers, if it is of the same type.
    fn continue_from(&self, older: &(dyn ErasedSource + 'static));

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::None
    }

    fn login<'a>(
        &'a self,
        _context: &'a Context,
        _login: &'a Login,
    ) -> Boxed<'a, Result<Option<TokenSet>>> {
        Box::pin(async { Ok(None) })
    }

    fn begin_login<'a>(
        &'a self,
        _context: &'a Context,
        _redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(async { Err(no_web_login()) })
    }

    fn complete_login<'a>(
        &'a self,
        _context: &'a Context,
        _pending: &'a PendingLogin,
        _returned: &'a Url,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(async { Err(no_web_login()) })
    }

    fn needs_login(&self) -> bool {
        false
    }

    fn login_plan(&self, _environment: &Environment) -> Option<LoginPlan> {
        None
    }

    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }

    fn server_options(&self) -> &'static [&'static str] {
        &[]
    }

    fn identify<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Option<Claims>>> {
        Box::pin(async { Ok(None) })
    }

    fn probe<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(async { Ok(None) })
    }

    fn revoke<'a>(&'a self, _context: &'a Context, _tokens: &'a TokenSet) -> Boxed<'a, Result<()>> {
        Box::pin(async { Err::<(), Error>(nothing_to_revoke()) })
    }

    fn delete_client<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: Option<&'a TokenSet>,
    ) -> Boxed<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn revoke_access_token<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn introspect<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Introspection>> {
        Box::pin(async { Err(nothing_to_ask()) })
    }

    fn user_info<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Option<UserInfo>>> {
        Box::pin(async { Err(nothing_to_ask()) })
    }

    fn logout_url<'a>(
        &'a self,
        _context: &'a Context,
        _last: Option<&'a TokenSet>,
        _post_logout_redirect_uri: Option<&'a str>,
    ) -> Boxed<'a, Result<Url>> {
        Box::pin(async { Err(no_logout_page()) })
    }

    fn open_logout<'a>(
        &'a self,
        _context: &'a Context,
        _url: &'a Url,
        _login: &'a Login,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(async { Err(no_logout_page()) })
    }
}

/// A source without a session of its own.
pub(crate) struct Plain<S>(pub(crate) Arc<S>);

/// A source with a session.
pub(crate) struct Interactive<S>(pub(crate) Arc<S>);

/// What both kinds of sources pass on to [`TokenSource`], in the implementation of [`ErasedSource`] for each.
macro_rules! pass_on {
    () => {
        fn request_token<'a>(
            &'a self,
            context: &'a Context,
            last: Option<&'a TokenSet>,
        ) -> Boxed<'a, Result<TokenSet>> {
            Box::pin(self.0.request_token(context, last))
        }

        fn authorize(
            &self,
            request: &mut Request<'_>,
            issued: &Issued,
            context: &Context,
        ) -> Result<()> {
            self.0.authorize(request, issued, context)
        }

        fn initial(&self, context: &Context) -> Option<TokenSet> {
            self.0.initial(context)
        }

        fn inner(&self) -> Option<&Bound> {
            self.0.inner()
        }

        fn subjects(&self) -> Vec<&Bound> {
            self.0.subjects()
        }

        fn is_oauth_client(&self) -> bool {
            self.0.is_oauth_client()
        }

        fn is_current(&self, issued: &Issued) -> bool {
            self.0.is_current(issued)
        }

        fn is_own(&self, issued: &Issued) -> bool {
            self.0.is_own(issued)
        }

        fn applies(&self, context: &Context) -> Applies {
            self.0.applies(context)
        }

        fn touches(&self, context: &Context) -> Vec<Touched> {
            self.0.touches(context)
        }

        fn is_shareable(&self) -> bool {
            self.0.is_shareable()
        }

        fn discovers_origins(&self) -> bool {
            self.0.discovers_origins()
        }

        fn found_secret(&self) -> Option<&SecretString> {
            self.0.found_secret()
        }

        fn continue_from(&self, older: &(dyn ErasedSource + 'static)) {
            if let Some(older) = (older as &dyn Any).downcast_ref::<Self>() {
                self.0.continue_from(&older.0);
            }
        }
    };
}

impl<S: TokenSource> ErasedSource for Plain<S> {
    pass_on!();

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(self.0.locate(context))
    }
}

impl<S: InteractiveSource> ErasedSource for Interactive<S> {
    pass_on!();

    fn session(&self) -> SessionPolicy<'_> {
        self.0.session()
    }

    fn login<'a>(
        &'a self,
        context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<Option<TokenSet>>> {
        Box::pin(self.0.login(context, login))
    }

    fn begin_login<'a>(
        &'a self,
        context: &'a Context,
        redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(self.0.begin_login(context, redirect_uri))
    }

    fn complete_login<'a>(
        &'a self,
        context: &'a Context,
        pending: &'a PendingLogin,
        returned: &'a Url,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(self.0.complete_login(context, pending, returned))
    }

    fn needs_login(&self) -> bool {
        self.0.needs_login()
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        self.0.login_plan(environment)
    }

    fn login_options(&self) -> &'static [&'static str] {
        self.0.login_options()
    }

    fn server_options(&self) -> &'static [&'static str] {
        self.0.server_options()
    }

    fn identify<'a>(
        &'a self,
        context: &'a Context,
        tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Option<Claims>>> {
        Box::pin(self.0.identify(context, tokens))
    }

    fn probe<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(self.0.probe(context))
    }

    fn revoke<'a>(&'a self, context: &'a Context, tokens: &'a TokenSet) -> Boxed<'a, Result<()>> {
        Box::pin(self.0.revoke(context, tokens))
    }

    fn delete_client<'a>(
        &'a self,
        context: &'a Context,
        tokens: Option<&'a TokenSet>,
    ) -> Boxed<'a, Result<bool>> {
        Box::pin(self.0.delete_client(context, tokens))
    }

    fn revoke_access_token<'a>(
        &'a self,
        context: &'a Context,
        tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<bool>> {
        Box::pin(self.0.revoke_access_token(context, tokens))
    }

    fn introspect<'a>(
        &'a self,
        context: &'a Context,
        tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Introspection>> {
        Box::pin(self.0.introspect(context, tokens))
    }

    fn user_info<'a>(
        &'a self,
        context: &'a Context,
        tokens: &'a TokenSet,
    ) -> Boxed<'a, Result<Option<UserInfo>>> {
        Box::pin(self.0.user_info(context, tokens))
    }

    fn logout_url<'a>(
        &'a self,
        context: &'a Context,
        last: Option<&'a TokenSet>,
        post_logout_redirect_uri: Option<&'a str>,
    ) -> Boxed<'a, Result<Url>> {
        Box::pin(self.0.logout_url(context, last, post_logout_redirect_uri))
    }

    fn open_logout<'a>(
        &'a self,
        context: &'a Context,
        url: &'a Url,
        login: &'a Login,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(self.0.open_logout(context, url, login))
    }
}
