//! `Managed`: what the framework's cache has beside other providers: a session, a login, a store.

use super::{Probe, Status, nothing_to_revoke};
use crate::{Context, Environment, Login, LoginOutcome, LoginPlan, Result, Token, runtime::Boxed};

/// A provider whose session the framework keeps. The defaults are those of a provider that has none.
pub trait Managed: Send + Sync {
    /// Forgets a token that a server has refused, if it is still the one that would be given next.
    fn invalidate(&self, _token: &Token, _context: &Context) {}

    /// Ends in order: waits for what is under way and starts nothing more.
    fn close<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    /// Returns what is kept, without any network.
    fn status<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(async { Ok(Status::default()) })
    }

    /// Logs a user in; [`NotNeeded`](LoginOutcome::NotNeeded) where the configuration is all that is needed.
    fn login<'a>(
        &'a self,
        _context: &'a Context,
        _login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(async { Ok(LoginOutcome::NotNeeded) })
    }

    /// Returns whether a user has to log in before there is a token, as [`login`](Self::login) does it.
    fn needs_login(&self) -> bool {
        false
    }

    /// Returns how a login would go in these surroundings, as far as the provider tells.
    fn login_plan(&self, _environment: &Environment) -> Option<LoginPlan> {
        None
    }

    /// Asks whether the server that tokens come from can be reached, without any secret; `None` where there
    /// is no server.
    fn probe<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(async { Ok(None) })
    }

    /// Forgets every token and session that is kept.
    fn logout<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Revokes the session at the server (RFC 7009) and forgets it.
    fn revoke<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async { Err(nothing_to_revoke()) })
    }

    /// Returns the name of the store that its session belongs into; `None` for none.
    fn store(&self) -> Option<String> {
        None
    }

    /// Names the options that a session does not depend on.
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A provider that answers each call itself.
pub(super) struct Unmanaged;

impl Managed for Unmanaged {}
