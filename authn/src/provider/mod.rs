//! The two traits of which a provider implements one, and how to write your own.
//!
//! # Writing a provider
//!
//! Most tokens are *exchanged*: something configured (a key, a secret) is given to a server for a token
//! that lives a while. For these implement [`TokenSource`], one function from the configuration and the
//! last grant to a new grant, and mark the provider `cached`; everything else is the framework's.
//!
//! ```
//! use authn::{Context, Grant, Result, SecretString, Token, TokenSource};
//! use std::time::Duration;
//!
//! /// Mints tokens at the corporate STS.
//! #[authn::token_provider("corp_sts", cached)]
//! pub struct CorpSts {
//!     /// Machine key.
//!     _key: SecretString,
//!     /// How long a token shall live.
//!     #[default(Duration::from_secs(3600))]
//!     lifetime: Duration,
//! }
//!
//! impl TokenSource for CorpSts {
//!     async fn request_token(&self, context: &Context, last: Option<&Grant>) -> Result<Grant> {
//!         // a real one asks a server through `context.http()`
//!         let token = Token::new(format!("minted-with-{}", self._key.expose().len()))?;
//!         Ok(token.with_expires_in(self.lifetime).into())
//!     }
//! }
//! ```
//!
//! Where there is nothing to exchange, or each call has an answer of its own, implement [`TokenProvider`]
//! and leave `cached` out.

mod bound;
mod erased;
mod from_fn;
pub mod hooks;
mod managed;
mod source;
mod status;

use std::{fmt::Debug, future::Future};

pub use bound::Bound;
pub(crate) use erased::Erased;
pub use from_fn::{FromFn, from_fn};
pub use managed::Managed;
pub use source::TokenSource;
pub use status::{Probe, Status};

use crate::{Context, Error, Request, Result, Token};

/// Answers each call itself: a static token, an API key, the token of the request being served.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `TokenProvider`",
    label = "implement `authn::TokenProvider` for it, or mark it `cached` and implement `authn::TokenSource`"
)]
pub trait TokenProvider: Debug + Send + Sync + 'static {
    /// Checks the options beyond their types, without any network. It runs when the configuration is
    /// loaded and by `authn config check`.
    fn validate(&self, context: &Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Returns a valid token; [`Error::no_token`](crate::Error::no_token) where there is none to give.
    fn token(&self, context: &Context) -> impl Future<Output = Result<Token>> + Send
    where
        Self: Sized;

    /// Adds the credential to a request; as a rule the token, where the configuration wants it.
    fn authorize(
        &self,
        request: &mut Request<'_>,
        context: &Context,
    ) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        async {
            if request.is_authorized() {
                return Ok(());
            }
            request.bearer(&self.token(context).await?)
        }
    }

    /// Returns the token that is at hand, without waiting.
    fn ready(&self, context: &Context) -> Option<Token> {
        let _ = context;
        None
    }

    /// Does what [`authorize`](Self::authorize) does if it needs no waiting.
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        let _ = (request, context);
        None
    }

    /// Returns the same provider for the scopes in the context; `None` if scopes make no difference to what
    /// it keeps.
    fn scoped(&self, context: &Context) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = context;
        None
    }

    /// Returns the name of whom the credential stands for, where that is known without asking a server.
    fn identity(&self, context: &Context) -> Option<String> {
        let _ = context;
        None
    }

    /// Returns whether the token belongs to the request being served, so that it must never be cached,
    /// remembered or shared between requests.
    fn is_per_request(&self) -> bool {
        false
    }

    /// Returns what the framework's cache has beside this.
    #[doc(hidden)]
    fn managed(&self) -> Option<&dyn Managed> {
        None
    }
}

fn nothing_to_revoke() -> Error {
    Error::configuration("this provider knows no server to revoke at")
        .with_help("log out instead, which forgets the tokens")
}
