//! `TokenSource`: one exchange, from the configuration and the last tokens to new ones.

use std::{fmt::Debug, future::Future};

use super::{Applies, Bound, Probe, Touched};
#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{
    Context, Issued, Placement, Reaction, Request, ResponseHead, Result, SecretString, TokenSet,
    Used,
};

/// Exchanges the configuration and the last tokens for new ones; [`Cached`](crate::Cached) does the rest.
///
/// One method is required. A source whose session a user starts is an
/// [`InteractiveSource`](crate::InteractiveSource) as well.
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

    /// Makes one exchange. `last` is the result of the last one. Its access token may have expired long ago, and is a
    /// stand-in if a store had room for the refresh token alone.
    ///
    /// If it fails after the server has issued a new refresh token, return [`TokenSet::failed`], so that it is stored.
    ///
    /// It runs on the framework's background runtime, at most once at a time, and goes on even if every caller
    /// has stopped waiting. It must not block, because all exchanges of the program share one thread there: use
    /// `tokio::task::spawn_blocking`.
    fn request_token(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
    ) -> impl Future<Output = Result<TokenSet>> + Send;

    /// Adds the credential to a request: unless it is overridden, the token, where the configuration wants it. A source that
    /// passes on another provider's token lets that provider add it.
    ///
    /// It must not wait, because it runs for every request. A signature reads its key from [`Issued::kept`].
    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        match self.inner() {
            Some(inner) => inner.authorize(request, issued, context),
            None => request.bearer(issued.token()),
        }
    }

    /// Returns whether the caller has set its own credential on a request, which is then left as it is.
    ///
    /// A source that signs requests overrides it, if it recognises its own signature of an earlier call.
    #[doc(hidden)]
    fn is_authorized(&self, request: &Request<'_>) -> bool {
        request.is_authorized()
    }

    /// Returns the name of the principal that the credential is for, if it is known without asking a server.
    fn principal(&self, context: &Context) -> Option<String> {
        let _ = context;
        let inner = self.inner()?;
        inner.provider.principal(&inner.context)
    }

    /// Returns whether its tokens are good by themselves, and not only within the signature of a request.
    #[doc(hidden)]
    fn gives_tokens(&self) -> bool {
        self.inner().is_none_or(|inner| inner.provider.gives_tokens())
    }

    /// Reacts to the answer to a request that was authorised, as [`TokenProvider::response`] does.
    ///
    /// [`TokenProvider::response`]: crate::TokenProvider::response
    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        let _ = context;
        match self.inner() {
            Some(inner) => inner.response(head, used),
            None => Reaction::Pass,
        }
    }

    /// Returns the certificate that the client of an API shows with a token, as [`TokenProvider::client_identity`] does. A
    /// source that passes on another provider's token has that provider's.
    ///
    /// [`TokenProvider::client_identity`]: crate::TokenProvider::client_identity
    #[cfg(feature = "reqwest")]
    fn client_identity(&self, used: &Used, context: &Context) -> Option<ClientIdentity> {
        let _ = context;
        self.inner()?.client_identity(used)
    }

    /// Returns a token that it has before the first exchange, which returns this token. It does not wait.
    #[doc(hidden)]
    fn initial(&self, context: &Context) -> Option<TokenSet> {
        let _ = context;
        None
    }

    /// Returns the places in which [`authorize`](Self::authorize) sets credentials itself, as [`TokenProvider::placements`]
    /// does.
    ///
    /// [`TokenProvider::placements`]: crate::TokenProvider::placements
    #[doc(hidden)]
    fn placements(&self, context: &Context) -> Vec<Placement> {
        let _ = context;
        Vec::new()
    }

    /// Returns the provider whose tokens it passes on unchanged, from
    /// [`Credentials::bound`](crate::Credentials::bound), so that an invalidation, a login or a logout here is one
    /// there, and so that provider places its token on requests.
    ///
    /// A login by another program straight at that provider is not noticed: a token that has been passed on to a
    /// cache is used until it expires.
    #[doc(hidden)]
    fn inner(&self) -> Option<&Bound> {
        None
    }

    /// Takes over what an older source of the same session remembers of its tokens, such as the certificate that each
    /// was issued for. It is called after a reload, before the first use.
    #[doc(hidden)]
    fn continue_from(&self, older: &Self) {
        let _ = older;
    }

    /// Returns whether its tokens are access tokens that an authorization server issues, so that none of them is itself an ID
    /// token.
    #[doc(hidden)]
    fn is_oauth_client(&self) -> bool {
        false
    }

    /// Returns whether a token is as good for another program with the same options, which is so unless an exchange
    /// reads anything else: a variable, a file, the machine that it runs on.
    ///
    /// A [short-lived](crate::Loader::short_lived) program stores such tokens in `file` unless the option `store` says
    /// otherwise, so that the next one needs no exchange.
    ///
    /// ```
    /// # use authn::{Context, Result, Token, TokenSet, TokenSource};
    /// # #[derive(Debug)]
    /// # struct OfHost;
    /// impl TokenSource for OfHost {
    ///     async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
    ///         Ok(Token::new(std::fs::read_to_string("/etc/hostname").unwrap_or_default())?.into())
    ///     }
    ///
    ///     /// A home folder can be shared by several hosts.
    ///     fn is_shareable(&self) -> bool {
    ///         false
    ///     }
    /// }
    /// ```
    fn is_shareable(&self) -> bool {
        true
    }

    /// Returns whether a cached token is still the source's, besides its expiry. One that is not is used only if the exchange
    /// for another fails.
    ///
    /// It is called for each use of a cached token, so it must be fast and must not wait.
    #[doc(hidden)]
    #[inline]
    fn is_current(&self, issued: &Issued) -> bool {
        match self.inner() {
            Some(inner) => inner.is_current(issued),
            None => true,
        }
    }

    /// Returns whether a stored token was issued for the server that is configured now. One that was not is never used.
    ///
    /// It is for a source whose session is not told from another one by the [options that name the
    /// server](crate::InteractiveSource::server_options).
    #[doc(hidden)]
    fn is_own(&self, issued: &Issued) -> bool {
        let _ = issued;
        true
    }

    /// Returns whether it has [something to say](Error::not_applicable), as far as that is known without an exchange.
    #[doc(hidden)]
    fn applies(&self, context: &Context) -> Applies {
        let _ = context;
        Applies::Yes
    }

    /// Returns what an exchange reads or contacts that no option names, such as a service of the machine.
    #[doc(hidden)]
    fn touches(&self, context: &Context) -> Vec<Touched> {
        let _ = context;
        Vec::new()
    }

    /// Asks whether the service that issues the tokens is here, without sending a secret; `None` if there is no such
    /// service. Of the token of this machine's identity, what the server says can be the answer. A source with a login
    /// has [`InteractiveSource::probe`](crate::InteractiveSource::probe) for that.
    #[doc(hidden)]
    fn locate(&self, context: &Context) -> impl Future<Output = Result<Option<Probe>>> + Send {
        let _ = context;
        async { Ok(None) }
    }

    /// Returns whether a server names the origins that its tokens are for, by [`TokenSet::with_origins`]. They count unless the
    /// configuration names origins.
    #[doc(hidden)]
    #[inline]
    fn discovers_origins(&self) -> bool {
        self.inner().is_some_and(|inner| inner.managed().discovers_origins())
    }

    /// Returns a secret that it finds outside of its options. It is resolved again before each exchange.
    #[doc(hidden)]
    fn found_secret(&self) -> Option<&SecretString> {
        None
    }

    /// Returns the nested providers whose tokens its exchanges send, from
    /// [`Credentials::bound`](crate::Credentials::bound), such as the subject of a token exchange (RFC 8693). An
    /// exchange gets each of these tokens by [`Credentials::token_for`](crate::Credentials::token_for).
    ///
    /// Only here a provider is allowed whose token belongs to the request being served. Each of its tokens then has a
    /// cache of its own, in memory alone, so that no user gets another user's token.
    ///
    /// A login, a logout, an invalidation of all tokens and the end of the credentials reach these providers.
    #[doc(hidden)]
    fn subjects(&self) -> Vec<&Bound> {
        Vec::new()
    }
}
