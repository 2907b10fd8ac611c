//! The traits that a provider implements. [`guide::writing_a_provider`](crate::guide::writing_a_provider) says how to
//! write one.
//!
//! | the provider … | its traits | its mark |
//! |---|---|---|
//! | exchanges something for a token, which is cached | [`TokenSource`] | `#[token_provider("name", cached)]` |
//! | does so after a user has logged in | [`TokenSource`] and [`InteractiveSource`] | `#[token_provider("name", cached, login)]` |
//! | answers each call itself, such as with an API key | [`TokenProvider`] | `#[token_provider("name")]` |

mod absent;
mod applies;
mod bound;
mod declared;
mod erased;
mod erased_source;
mod from_fn;
pub mod hooks;
mod interactive;
mod managed;
mod source;
mod status;

use std::{any::TypeId, fmt::Debug, future::Future};

use absent::Absent;
pub use applies::{Applies, Touched};
pub use bound::Bound;
pub(crate) use bound::{PER_REQUEST, PER_REQUEST_HELP};
pub use declared::Declared;
pub(crate) use erased::Erased;
pub(crate) use erased_source::{ErasedSource, Interactive, Plain};
pub use from_fn::{FromFn, from_fn};
pub use interactive::InteractiveSource;
pub use managed::Managed;
pub use source::TokenSource;
pub use status::{LastFailure, Probe, Remark, Revocation, Status, Verdict};

#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{Context, Error, Placement, Reaction, Request, ResponseHead, Result, Token, Used};

/// Answers each call itself, such as with a static token, an API key, or the token of the request being served.
///
/// One method is required: [`token`](Self::token).
///
/// ```
/// use authn::{Context, Credentials, Result, Token, TokenProvider};
///
/// #[derive(Debug)]
/// struct Fixed;
///
/// impl TokenProvider for Fixed {
///     async fn token(&self, _context: &Context) -> Result<Token> {
///         Token::new("abc")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// let credentials = Credentials::builder().provider(Fixed).domain("api.example.com").build()?;
/// assert_eq!(credentials.token().await?.secret(), "abc");
/// # Ok(()) }
/// ```
///
/// The other methods make it faster, or tell more about it:
///
/// ```
/// use authn::{Context, Request, Result, Token, TokenProvider};
///
/// #[derive(Debug)]
/// struct Fixed(Token);
///
/// impl TokenProvider for Fixed {
///     async fn token(&self, _context: &Context) -> Result<Token> {
///         Ok(self.0.clone())
///     }
///
///     fn ready(&self, _context: &Context) -> Option<Token> {
///         Some(self.0.clone())
///     }
///
///     fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
///         Some(request.bearer(&self.0))
///     }
///
///     fn scoped(&self, _context: &Context) -> Option<Self> {
///         None // scopes make no difference
///     }
///
///     fn principal(&self, _context: &Context) -> Option<String> {
///         Some("alice".to_owned())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `TokenProvider`",
    label = "implement `authn::TokenProvider` for it, or mark it `cached` and implement `authn::TokenSource`"
)]
pub trait TokenProvider: Debug + Send + Sync + 'static {
    /// Checks the options beyond their types, without any network. It is called when the configuration is
    /// loaded, and by `authn config check`.
    fn validate(&self, context: &Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// Returns a valid token.
    ///
    /// A provider that authorises requests without a token fails with [`Error::no_token`], and one that has nothing
    /// to say here with [`Error::not_applicable`].
    fn token(&self, context: &Context) -> impl Future<Output = Result<Token>> + Send
    where
        Self: Sized;

    /// Adds the credential to a request: unless it is overridden, the token, where the configuration wants it.
    ///
    /// A provider that overrides it can't be the inner provider of a cache, which has only its token.
    fn authorize(
        &self,
        request: &mut Request<'_>,
        context: &Context,
    ) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        erased::mark_default();
        async {
            if request.is_authorized() {
                return Ok(());
            }
            request.bearer(&self.token(context).await?)
        }
    }

    /// Returns the token if that needs no waiting.
    fn ready(&self, context: &Context) -> Option<Token> {
        let _ = context;
        None
    }

    /// Does what [`authorize`](Self::authorize) does if that needs no waiting.
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        let _ = (request, context);
        None
    }

    /// Returns this provider for the scopes of the context; `None` if scopes make no difference to what it keeps.
    fn scoped(&self, context: &Context) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = context;
        None
    }

    /// Returns the name of the principal that the credential is for, if it is known without asking a server.
    fn principal(&self, context: &Context) -> Option<String> {
        let _ = context;
        None
    }

    /// Returns whether the token belongs to the request being served, so that it must never be cached, stored or
    /// shared between requests.
    fn is_per_request(&self) -> bool {
        false
    }

    /// Returns whether a request is being served here, also one without a token. It is for a provider whose token belongs to
    /// that request.
    #[doc(hidden)]
    fn is_serving(&self, context: &Context) -> bool {
        self.ready(context).is_some()
    }

    /// Returns whether [`token`](Self::token) returns a token that is good by itself. A provider that signs requests, or
    /// authorises them without a token, has none, so it can't be where the token itself is needed.
    #[doc(hidden)]
    fn gives_tokens(&self) -> bool {
        true
    }

    /// Reacts to the answer to a request that was authorised, such as by taking the nonce of the next signature.
    ///
    /// Clients call it for every answer, whatever its status, so it must be fast and must not wait. A client sends a
    /// request once more at most, and only if its body can be sent again.
    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        let _ = (head, used, context);
        Reaction::Pass
    }

    /// Returns the certificate that the client of an API shows with a token (RFC 8705, section 3); `None` if the token is
    /// good without one.
    ///
    /// Clients call it for each request that was authorised with `used`, so it must be fast and must not wait.
    ///
    /// ```
    /// # use authn::{Context, Result, Token, TokenProvider, Used, http::ClientIdentity};
    /// #[derive(Debug)]
    /// struct Bound(Token, ClientIdentity);
    ///
    /// impl TokenProvider for Bound {
    ///     async fn token(&self, _context: &Context) -> Result<Token> {
    ///         Ok(self.0.clone())
    ///     }
    ///
    ///     fn client_identity(&self, _used: &Used, _context: &Context) -> Option<ClientIdentity> {
    ///         Some(self.1.clone())
    ///     }
    /// }
    /// ```
    #[cfg(feature = "reqwest")]
    fn client_identity(&self, used: &Used, context: &Context) -> Option<ClientIdentity> {
        let _ = (used, context);
        None
    }

    /// Returns the places in which [`authorize`](Self::authorize) sets credentials itself, besides the configured one.
    ///
    /// A client removes what is there, the caller's own credential too, from a request that is redirected to another
    /// origin. What was set on that request is known without this. It is needed for a place that was not used, such as in
    /// a request whose token is withheld, so it depends on the configuration alone.
    #[doc(hidden)]
    fn placements(&self, context: &Context) -> Vec<Placement> {
        let _ = context;
        Vec::new()
    }

    /// Returns what the macro says of its requests.
    #[doc(hidden)]
    fn declared(&self) -> Option<&'static Declared> {
        Declared::find(TypeId::of::<Self>())
    }

    /// Returns what only the framework's cache has.
    #[doc(hidden)]
    fn managed(&self) -> Option<&dyn Managed> {
        None
    }
}

fn no_web_login() -> Error {
    Error::configuration("this provider has no login in a web application")
        .with_help("use a provider that has one, such as `oauth`")
}

fn nothing_to_ask() -> Error {
    Error::configuration("this provider has no server to ask about its tokens")
        .with_help("use a provider that has one, such as `oauth`")
}

fn no_logout_page() -> Error {
    Error::configuration("this provider has no server to log out at")
        .with_help("log out instead, which deletes the tokens")
}

fn nothing_to_revoke() -> Error {
    Error::configuration("this provider has no server to revoke a session at")
        .with_help("log out instead, which deletes the tokens")
}
