//! `Credentials` in a web application: a login of two requests (RFC 6749, section 4.1).

use crate::{Credentials, PendingLogin, Result, TokenSet, Url};

impl Credentials {
    /// Starts a login in a web application. Returns the address to send the browser to, and what
    /// [`complete`](Self::complete) needs when it comes back.
    ///
    /// `redirect_uri` is the address of the program that the server sends the browser to. It is `https`, or `http` on
    /// loopback. It is sent as it is, because servers compare it exactly; if the option `redirect_uri` is set, it must be
    /// the same.
    ///
    /// The provider is `oauth` with `grant_type = "authorization_code"`, of a public or a confidential client. PKCE, a
    /// `state` and, with the scope `openid`, a `nonce` are always sent. The login is valid for an hour, or for
    /// `login_timeout` if that is set.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the redirect address or the options are wrong, or
    /// if the provider has no such login. Nothing is stored.
    ///
    /// # Examples
    ///
    /// The two handlers of a web application. `session` is what it keeps for one browser; see [`PendingLogin`] for where.
    ///
    /// ```no_run
    /// use authn::{Credentials, ErrorKind, PendingLogin, Result, SecretString, Url};
    /// # struct Session { pending: Option<SecretString>, user: Option<String> }
    ///
    /// const REDIRECT_URI: &str = "https://app.example.com/callback";
    ///
    /// /// `GET /login`: returns where to send the browser.
    /// async fn login(credentials: &Credentials, session: &mut Session) -> Result<Url> {
    ///     let (url, pending) = credentials.authorization_url(REDIRECT_URI).await?;
    ///     session.pending = Some(pending.to_secret());
    ///     Ok(url)
    /// }
    ///
    /// /// `GET /callback`: `requested` is the request's path and query.
    /// async fn callback(credentials: &Credentials, session: &mut Session, requested: &str) -> Result<&'static str> {
    ///     let Some(pending) = session.pending.take() else { return Ok("/login") };
    ///     let pending = PendingLogin::from_secret(&pending)?;
    ///     match credentials.complete(pending, requested).await {
    ///         Ok(tokens) => {
    ///             session.user = tokens.username().map(str::to_owned);
    ///             // … and keep `tokens` for this user
    ///             Ok("/")
    ///         }
    ///         Err(error) if error.kind() == ErrorKind::Cancelled => Ok("/"), // the user said no
    ///         Err(error) if error.kind() == ErrorKind::LoginRequired => Ok("/login"), // too late
    ///         Err(error) => Err(error), // an attack, or a mistake in the configuration
    ///     }
    /// }
    /// # async fn example(credentials: Credentials, mut session: Session) -> Result<()> {
    /// # login(&credentials, &mut session).await?;
    /// # callback(&credentials, &mut session, "/callback?code=a").await?;
    /// # Ok(()) }
    /// ```
    pub async fn authorization_url(&self, redirect_uri: &str) -> Result<(Url, PendingLogin)> {
        let bound = self.now();
        bound.managed().begin_login(&bound.context, redirect_uri).await
    }

    /// Completes a login that [`authorization_url`](Self::authorization_url) started, here or in another instance of the
    /// program, and returns the tokens of the user. [`authorization_url`](Self::authorization_url) has an example.
    ///
    /// `returned_url` is the address that the browser came back to. A path with a query is enough, which is relative to the
    /// redirect address. If a proxy has changed the path, pass `?` and the query. If the answer is in a form (`response_mode =
    /// "form_post"`), pass `?` and the body of the POST request.
    ///
    /// It checks what a login on this machine checks: `state`, `iss` (RFC 9207), PKCE (RFC 7636), the ID token with its
    /// `nonce`, and `expected_username`. With the scope `openid`, a user whom no ID token proves is refused. Then
    /// [`TokenSet::claims`] has who it is: `sub` is unique at its server and never changes, and [`TokenSet::username`] is a
    /// name to show.
    ///
    /// The session of these credentials does not change, since a web application has many users. Build credentials for the
    /// user, and start them with the tokens by [`adopt`](Self::adopt). A code is exchanged once. If the caller stops
    /// waiting, the exchange still runs to its end.
    ///
    /// # Errors
    ///
    /// | kind | what happened |
    /// |---|---|
    /// | [`Cancelled`](crate::ErrorKind::Cancelled) | The user denied the login, or is not allowed to log in (`access_denied`). |
    /// | [`LoginRequired`](crate::ErrorKind::LoginRequired) | The login has expired, or was started with other credentials: start it again. |
    /// | [`Protocol`](crate::ErrorKind::Protocol) | The answer belongs to another login, another browser or another server: `state`, `iss`, the address or the ID token is wrong. |
    /// | [`Refused`](crate::ErrorKind::Refused) | The server refused the login or the code, such as one that was used before, or it is another user than `expected_username`. |
    /// | [`Network`](crate::ErrorKind::Network) | The server could not be reached. |
    pub async fn complete(&self, pending: PendingLogin, returned_url: &str) -> Result<TokenSet> {
        let bound = self.now();
        bound.managed().complete_login(&bound.context, pending, returned_url).await
    }
}
