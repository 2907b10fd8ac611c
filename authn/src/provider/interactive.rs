//! `InteractiveSource`: a source with a session, which a user starts.

use std::future::Future;

use super::{Probe, TokenSource, no_logout_page, no_web_login, nothing_to_ask, nothing_to_revoke};
use crate::{
    Claims, Context, Environment, Introspection, Login, LoginPlan, PendingLogin, Result, TokenSet,
    Url, UserInfo, prompt::Link, store::SessionPolicy,
};

/// A [`TokenSource`] whose session a user starts by logging in. It is marked with the flag `login`.
///
/// ```
/// use authn::{
///     Context, InteractiveSource, Login, Result, Token, TokenSet, TokenSource,
///     prompt::Question,
/// };
///
/// /// Exchanges a code that the user types in.
/// #[authn::token_provider("corp_code", cached, login)]
/// pub struct CorpCode {}
///
/// impl TokenSource for CorpCode {
///     async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
///         let session = last.and_then(|last| last.kept("session"));
///         let session = session.ok_or_else(|| context.login_required("no user is logged in"))?;
///         # let _ = session;
///         // a real one asks a server through `context.http()`
///         Ok(Token::new("abc")?.into())
///     }
/// }
///
/// impl InteractiveSource for CorpCode {
///     async fn login(&self, _context: &Context, login: &Login) -> Result<Option<TokenSet>> {
///         let code = login.ask(&Question::new("Code").secret()).await?;
///         Ok(Some(TokenSet::new(Token::new("abc")?).with_kept("session", code)))
///     }
/// }
/// ```
///
/// The other methods have defaults, which fit a source with a session that a server keeps:
///
/// ```
/// # use authn::{Claims, Context, Environment, Error, Introspection, Login, LoginPlan, Probe, Result, SessionPolicy};
/// # use authn::{InteractiveSource, PendingLogin, Token, TokenSet, TokenSource, Url, UserInfo, prompt::Link};
/// # use std::time::Duration;
/// # #[derive(Debug)]
/// # struct CorpSession;
/// # impl TokenSource for CorpSession {
/// #     async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
/// #         Err(context.login_required("no user is logged in"))
/// #     }
/// # }
/// impl InteractiveSource for CorpSession {
///     async fn login(&self, _context: &Context, login: &Login) -> Result<Option<TokenSet>> {
///         # let _ = login;
///         Ok(Some(TokenSet::new(Token::new("abc")?)))
///     }
///
///     async fn begin_login(&self, context: &Context, redirect_uri: &str) -> Result<(Url, PendingLogin)> {
///         let end = context.clock().now().plus(Duration::from_secs(600));
///         // A real one is random and part of the address.
///         let pending = PendingLogin::new(redirect_uri, end.wall()).with_kept("state", "af0ifjsldkj");
///         Ok((Url::parse("https://sts.corp.example/login").unwrap(), pending))
///     }
///
///     async fn complete_login(
///         &self,
///         _context: &Context,
///         pending: &PendingLogin,
///         returned: &Url,
///     ) -> Result<TokenSet> {
///         // A real one compares the state, and exchanges the code.
///         # let _ = (pending, returned);
///         Ok(TokenSet::new(Token::new("abc")?))
///     }
///
///     fn session(&self) -> SessionPolicy<'_> {
///         SessionPolicy::Begun
///     }
///
///     fn needs_login(&self) -> bool {
///         true
///     }
///
///     fn login_plan(&self, _environment: &Environment) -> Option<LoginPlan> {
///         Some(LoginPlan::new(None, "a login asks for a code"))
///     }
///
///     fn login_options(&self) -> &'static [&'static str] {
///         &["code_length"]
///     }
///
///     async fn identify(&self, _context: &Context, tokens: &TokenSet) -> Result<Option<Claims>> {
///         // A real one verifies the ID token.
///         let subject = tokens.token().id_token().map(|_| ("sub".to_owned(), "42".to_owned()));
///         Ok(subject.map(|claim| Claims::new([claim])))
///     }
///
///     async fn probe(&self, _context: &Context) -> Result<Option<Probe>> {
///         Ok(Some(Probe::new("https://sts.corp.example", None)))
///     }
///
///     async fn revoke(&self, _context: &Context, _tokens: &TokenSet) -> Result<()> {
///         Err(Error::configuration("the STS ends sessions by itself"))
///     }
///
///     async fn revoke_access_token(&self, _: &Context, _tokens: &TokenSet) -> Result<bool> {
///         Ok(false)
///     }
///
///     async fn introspect(&self, _: &Context, _tokens: &TokenSet) -> Result<Introspection> {
///         // A real one asks the server.
///         Introspection::from_json(br#"{ "active": true }"#)
///     }
///
///     async fn user_info(&self, _: &Context, _tokens: &TokenSet) -> Result<Option<UserInfo>> {
///         UserInfo::from_json(br#"{ "sub": "42" }"#).map(Some)
///     }
///
///     async fn logout_url(
///         &self,
///         _: &Context,
///         _last: Option<&TokenSet>,
///         _post_logout_redirect_uri: Option<&str>,
///     ) -> Result<Url> {
///         Ok(Url::parse("https://sts.corp.example/logout").unwrap())
///     }
///
///     async fn open_logout(&self, _: &Context, url: &Url, login: &Login) -> Result<()> {
///         login.show_link(&Link::new(url.clone()));
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `InteractiveSource`",
    label = "implement `authn::InteractiveSource` for it, or remove `login`"
)]
pub trait InteractiveSource: TokenSource {
    /// Logs a user in and returns the tokens; `None` if the configuration is all that is needed.
    ///
    /// Wait for the user within [`Login::unless_cancelled`]. Wait for a server's one-time answer outside of it, so
    /// that the answer is kept even if the caller has stopped waiting. The framework lets one process at a time log
    /// in, checks whose tokens they are, and stores them in place of the last session.
    ///
    /// The method is polled on a thread of its own within the background runtime, so it may block; a cancellation
    /// is not noticed meanwhile. Tasks that it spawns run on the background thread and must not block.
    fn login(
        &self,
        context: &Context,
        login: &Login,
    ) -> impl Future<Output = Result<Option<TokenSet>>> + Send;

    /// Starts a login in a web application, whose browser comes back to a redirect address. Returns the address that the
    /// browser is sent to, and what [`complete_login`](Self::complete_login) needs.
    ///
    /// The framework has checked that the redirect address is `https`, or `http` on loopback.
    fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> impl Future<Output = Result<(Url, PendingLogin)>> + Send {
        let _ = (context, redirect_uri);
        async { Err(no_web_login()) }
    }

    /// Checks the answer that the browser brought back, and exchanges it for the tokens.
    ///
    /// The framework has checked that the login has not expired, and that `returned` is its redirect address with more in
    /// its query. It checks whose tokens they are afterwards.
    fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> impl Future<Output = Result<TokenSet>> + Send {
        let _ = (context, pending, returned);
        async { Err(no_web_login()) }
    }

    /// Returns what of a token set is stored when the program ends, which decides the default of the option
    /// `store`.
    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }

    /// Returns whether a user has to log in before there is a token. It depends on the options alone.
    fn needs_login(&self) -> bool {
        true
    }

    /// Returns how a login would proceed in this environment, without asking the server; `None` if no user has to
    /// log in, or it is not known.
    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        let _ = environment;
        None
    }

    /// Returns the options that only change how a user logs in, such as the browser's command. A stored session
    /// stays valid when they change.
    fn login_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the options that name the server and its client, for a source that keeps in each session whose it is:
    /// one refresh token has one session, however its server is named. Such a source uses no session of another server,
    /// and [says so](crate::TokenSource::is_own) of stored tokens.
    #[doc(hidden)]
    fn server_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Verifies what the server says about the user of a token set, such as its ID token; `None` if it says nothing.
    ///
    /// The framework calls it if a username is expected and the set has no [claims](TokenSet::with_claims).
    fn identify(
        &self,
        context: &Context,
        tokens: &TokenSet,
    ) -> impl Future<Output = Result<Option<Claims>>> + Send {
        let _ = (context, tokens);
        async { Ok(None) }
    }

    /// Asks whether the server that issues the tokens can be reached, without sending a secret; `None` if there is no
    /// server.
    fn probe(&self, context: &Context) -> impl Future<Output = Result<Option<Probe>>> + Send {
        let _ = context;
        async { Ok(None) }
    }

    /// Revokes a token set at the server (RFC 7009): its session, such as a refresh token, or else its access token. The
    /// framework deletes the local copy afterwards.
    fn revoke(
        &self,
        context: &Context,
        tokens: &TokenSet,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, tokens);
        async { Err(nothing_to_revoke()) }
    }

    /// Deletes the client that was registered for these options, at the server and here. Returns whether there was one. It is
    /// called after the session was revoked, and `tokens` are the last ones of the session.
    #[doc(hidden)]
    fn delete_client(
        &self,
        context: &Context,
        tokens: Option<&TokenSet>,
    ) -> impl Future<Output = Result<bool>> + Send {
        let _ = (context, tokens);
        async { Ok(false) }
    }

    /// Revokes the access token of a set whose session has been revoked before; `false` if the server revokes access
    /// tokens with their session. It is called for each set of scopes, and a failure does not stop the others.
    fn revoke_access_token(
        &self,
        context: &Context,
        tokens: &TokenSet,
    ) -> impl Future<Output = Result<bool>> + Send {
        let _ = (context, tokens);
        async { Ok(false) }
    }

    /// Asks the server about the access token of a set (RFC 7662). The set also has what the session keeps.
    fn introspect(
        &self,
        context: &Context,
        tokens: &TokenSet,
    ) -> impl Future<Output = Result<Introspection>> + Send {
        let _ = (context, tokens);
        async { Err(nothing_to_ask()) }
    }

    /// Asks the server about the user of a set (OpenID Connect Core, section 5.3); `None` if it refuses the access token,
    /// which the framework then renews once. The `sub` must be that of the [ID token](TokenSet::id_token), if there is one.
    fn user_info(
        &self,
        context: &Context,
        tokens: &TokenSet,
    ) -> impl Future<Output = Result<Option<UserInfo>>> + Send {
        let _ = (context, tokens);
        async { Err(nothing_to_ask()) }
    }

    /// Returns the address at which a browser ends the user's session at the server (OpenID Connect RP-Initiated Logout).
    /// `last` is the last token set of the session; `None` if there is no session.
    fn logout_url(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
        post_logout_redirect_uri: Option<&str>,
    ) -> impl Future<Output = Result<Url>> + Send {
        let _ = (context, last, post_logout_redirect_uri);
        async { Err(no_logout_page()) }
    }

    /// Shows the link of [`logout_url`](Self::logout_url) to the user, and starts a browser if there is one. It does not
    /// wait for the user. It is polled on a thread of its own, as [`login`](Self::login) is.
    fn open_logout(
        &self,
        context: &Context,
        url: &Url,
        login: &Login,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = context;
        async {
            login.show_link(&Link::new(url.clone()));
            Ok(())
        }
    }
}
