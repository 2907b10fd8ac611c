//! `Managed`: what the framework's cache has beyond other providers: a session, a login, a store.

use std::{any::Any, sync::Arc};

use super::{
    Applies, Bound, Probe, Revocation, Status, Touched, no_logout_page, no_web_login,
    nothing_to_ask, nothing_to_revoke,
};
use crate::{
    Context, Environment, Error, Introspection, Issued, Login, LoginOutcome, LoginPlan, Origins,
    PendingLogin, Placement, Request, Result, Token, TokenSet, Url, UserInfo, runtime::Boxed,
};

/// A provider whose session the framework keeps. The defaults are those of a provider without one.
#[doc(hidden)]
pub trait Managed: Send + Sync {
    /// Stops using a token that a server has refused, if it has not been replaced meanwhile.
    fn invalidate(&self, _token: &Token, _context: &Context) {}

    /// Drops the access tokens of all scopes.
    fn invalidate_all(&self, _context: &Context) {}

    /// Returns a new token, whose exchange is not older than this call.
    fn refresh<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Issued>> {
        self.issued(context)
    }

    /// Starts a session with tokens that the program has.
    fn adopt<'a>(&'a self, _tokens: TokenSet, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async { Err(keeps_nothing()) })
    }

    /// Returns the state of its session in memory, for another provider of the same session.
    fn state(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    /// Begins a session in memory for the configured scopes of a context. It is called before the first use.
    fn begin_session(&self, _context: &Context) {}

    /// Does the same with the session that another provider of the same session has.
    fn continue_session(&self, _state: Arc<dyn Any + Send + Sync>, _context: &Context) {}

    /// Returns the provider whose tokens it passes on.
    fn inner(&self) -> Option<&Bound> {
        None
    }

    /// Returns the providers of a chain, in their order.
    fn links(&self) -> Vec<&Bound> {
        Vec::new()
    }

    /// Sets the place of the token of each link, which `placed_by` sets for all of them.
    fn place_links(&self, _placement: &Placement, _placed_by: &str) -> Result<()> {
        Ok(())
    }

    /// Returns the nested providers whose tokens its exchanges send.
    fn subjects(&self) -> Vec<&Bound> {
        Vec::new()
    }

    /// Returns whether its tokens are access tokens that an authorization server issues.
    fn is_oauth_client(&self) -> bool {
        false
    }

    /// Returns whether a cached token is still the provider's, besides its expiry.
    fn is_current(&self, _issued: &Issued) -> bool {
        true
    }

    /// Returns whether it has something to say, as far as that is known without an exchange.
    fn applies(&self, _context: &Context) -> Applies {
        Applies::Yes
    }

    /// Returns what an exchange reads or contacts that no option names.
    fn touches(&self, _context: &Context) -> Vec<Touched> {
        Vec::new()
    }

    /// Returns whether its tokens are as good for another program with the same options.
    fn is_shareable(&self) -> bool {
        false
    }

    /// Returns whether a server names the origins that its tokens are for.
    fn discovers_origins(&self) -> bool {
        false
    }

    /// Returns the origins that the server has named for the cached token or the stored one, without waiting.
    fn discovered_origins(&self, _context: &Context) -> Option<Arc<Origins>> {
        None
    }

    /// Returns whether [`issued`](Self::issued) and [`authorize`](Self::authorize) are its own.
    fn issues(&self) -> bool {
        false
    }

    /// Returns a valid token, with the secrets that sign requests with it.
    fn issued<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Issued>> {
        Box::pin(async { Err(Error::no_token()) })
    }

    /// Adds a token of it, which a cache has kept, to a request.
    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        _context: &Context,
    ) -> Result<()> {
        request.bearer(issued.token())
    }

    /// Starts no more exchanges, also not in nested providers.
    fn stop(&self) {}

    /// Waits for the exchanges under way and starts no more.
    fn close<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    /// Waits until no exchange is under way.
    #[cfg(feature = "testing")]
    fn settled<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    /// Returns the state of the session, without any network.
    fn status<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(async { Ok(Status::default()) })
    }

    /// Logs a user in; [`NotNeeded`](LoginOutcome::NotNeeded) if the configuration is all that is needed.
    fn login<'a>(
        &'a self,
        _context: &'a Context,
        _login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(async { Ok(LoginOutcome::NotNeeded) })
    }

    /// Starts a login in a web application.
    fn begin_login<'a>(
        &'a self,
        _context: &'a Context,
        _redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(async { Err(no_web_login()) })
    }

    /// Ends a login in a web application. The session does not change.
    fn complete_login<'a>(
        &'a self,
        _context: &'a Context,
        _pending: PendingLogin,
        _returned: &'a str,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(async { Err(no_web_login()) })
    }

    /// Returns whether a user has to log in before there is a token.
    fn needs_login(&self) -> bool {
        false
    }

    /// Returns whether there is a session to end, of it or of a nested provider.
    fn has_session(&self) -> bool {
        false
    }

    /// Returns whether tokens are stored only so that the next program has them: without a store, this one gets its own.
    fn needs_no_store(&self, _context: &Context) -> bool {
        false
    }

    /// Returns how a login would proceed in this environment; `None` if it is not known.
    fn login_plan(&self, _environment: &Environment) -> Option<LoginPlan> {
        None
    }

    /// Asks whether the server that issues the tokens can be reached, without sending a secret; `None` if there is
    /// no server.
    fn probe<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(async { Ok(None) })
    }

    /// Deletes the session and its tokens.
    fn logout<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Revokes the session at the server (RFC 7009) and deletes the local copy. `passed_on` are access tokens of this
    /// provider that another cache has.
    fn revoke<'a>(
        &'a self,
        _context: &'a Context,
        _passed_on: Vec<Token>,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(async { Err(nothing_to_revoke()) })
    }

    /// Revokes tokens that the program has, and drops them here.
    fn revoke_tokens<'a>(
        &'a self,
        _context: &'a Context,
        _tokens: TokenSet,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(async { Err(nothing_to_revoke()) })
    }

    /// Asks the server about a token (RFC 7662).
    fn introspect<'a>(
        &'a self,
        _context: &'a Context,
        _token: &'a Token,
    ) -> Boxed<'a, Result<Introspection>> {
        Box::pin(async { Err(nothing_to_ask()) })
    }

    /// Asks the server about the user of its token (OpenID Connect Core, section 5.3).
    fn user_info<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<UserInfo>> {
        Box::pin(async { Err(nothing_to_ask()) })
    }

    /// Returns the address at which a browser ends the user's session at the server.
    fn logout_url<'a>(
        &'a self,
        _context: &'a Context,
        _post_logout_redirect_uri: Option<&'a str>,
    ) -> Boxed<'a, Result<Url>> {
        Box::pin(async { Err(no_logout_page()) })
    }

    /// Shows that address to the user, and starts a browser if there is one.
    fn open_logout<'a>(
        &'a self,
        _context: &'a Context,
        _url: &'a Url,
        _login: &'a Login,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(async { Err(no_logout_page()) })
    }

    /// Returns the name of the store of its session; `None` if it has no session.
    fn store(&self, _context: &Context) -> Option<String> {
        None
    }

    /// Returns the options that a session does not depend on.
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the options that do not tell stored sessions apart, because each says itself whose it is.
    fn server_options(&self) -> &'static [&'static str] {
        &[]
    }
}

fn keeps_nothing() -> Error {
    Error::configuration("the provider has no cache, so it can't start with a token that the program has")
        .with_help("use a provider that fetches tokens, such as `oauth` or `hook`, or configure the token as `bearer`")
}

/// A provider that answers each call itself.
pub(super) struct Unmanaged;

impl Managed for Unmanaged {
    fn logout<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async { context.kept().clear().await })
    }
}
