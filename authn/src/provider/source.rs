//! `TokenSource`: one exchange, from the configuration and the last grant to a new grant.

use std::{fmt::Debug, future::Future};

use super::{Bound, Probe, nothing_to_revoke};
use crate::{
    Claims, Context, Environment, Grant, Login, LoginPlan, Request, Result, Token,
    store::SessionPolicy,
};

/// Exchanges the configuration and the last grant for a new grant; [`Cached`](crate::Cached) does the rest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `TokenSource`",
    label = "implement `authn::TokenSource` for it, or remove `cached` and implement `authn::TokenProvider`"
)]
pub trait TokenSource: Debug + Send + Sync + 'static {
    /// Checks the options beyond their types, without any network.
    fn validate(&self, context: &Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Makes one exchange. It runs on the framework's own background runtime, at most once at a time, and
    /// goes on even if every caller has gone. `last` is what the last exchange gave.
    fn request_token(
        &self,
        context: &Context,
        last: Option<&Grant>,
    ) -> impl Future<Output = Result<Grant>> + Send;

    /// Adds the credential to a request, the token in hand. It does not wait: it runs on the warm path.
    fn authorize(&self, request: &mut Request<'_>, token: &Token, context: &Context) -> Result<()> {
        let _ = context;
        request.bearer(token)
    }

    /// Returns the name of whom the credential stands for, where that is known without asking a server.
    fn identity(&self, context: &Context) -> Option<String> {
        let _ = context;
        None
    }

    /// Says what of a grant is worth keeping when the program ends. It decides where tokens are kept
    /// unless the option `store` does.
    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::None
    }

    /// Logs a user in and returns the grant; `None` where the configuration is all that is needed.
    ///
    /// What a person does is waited for within [`Login::unless_cancelled`], and what a server gives only
    /// once outside of it, so that it is kept though the caller has gone. The framework sees to it that
    /// one process at a time logs in, checks whose grant it is, and keeps it in place of the last session.
    ///
    /// It is polled on a thread of its own, within the framework's background runtime: it may block, but the
    /// caller's going is not noticed meanwhile. What it spawns runs on the background thread, which nothing
    /// may block.
    fn login(
        &self,
        context: &Context,
        login: &Login,
    ) -> impl Future<Output = Result<Option<Grant>>> + Send {
        let _ = (context, login);
        async { Ok(None) }
    }

    /// Returns whether a user has to log in before there is a token, so that what lacks one can say so. It is
    /// told from the options alone.
    fn needs_login(&self) -> bool {
        false
    }

    /// Returns how a login would go in these surroundings, without asking the server; `None` where no user has to
    /// log in, or the source does not tell. A source tells it by what it chooses the way by.
    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        let _ = environment;
        None
    }

    /// Names the options that only say how a user logs in, as a browser's command. A session that is
    /// kept outlives their change, as that of any other option it does not.
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Verifies what the server vouches for about the user of a grant, as its ID token; `None` if it says
    /// nothing. The framework asks where a username is expected and the grant has no
    /// [claims](Grant::with_claims) yet.
    fn identify(
        &self,
        context: &Context,
        grant: &Grant,
    ) -> impl Future<Output = Result<Option<Claims>>> + Send {
        let _ = (context, grant);
        async { Ok(None) }
    }

    /// Asks whether the server that tokens come from can be reached, without any secret; `None` where there
    /// is no server.
    fn probe(&self, context: &Context) -> impl Future<Output = Result<Option<Probe>>> + Send {
        let _ = context;
        async { Ok(None) }
    }

    /// Returns the provider whose tokens it passes on as they are, as [`Credentials::bound`](crate::Credentials::bound)
    /// gives it, so that what happens to a token happens to that one's, and a login or logout here is one there.
    ///
    /// A login that another program makes straight at those is not heard of: what has been passed on to a
    /// cache then serves until it expires.
    #[doc(hidden)]
    fn inner(&self) -> Option<&Bound> {
        None
    }

    /// Revokes a grant at the server (RFC 7009). The framework then forgets it.
    fn revoke(&self, context: &Context, grant: &Grant) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, grant);
        async { Err(nothing_to_revoke()) }
    }
}
