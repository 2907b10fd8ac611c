//! Credentials for code without an asynchronous runtime, with the same cache.
//!
//! ```no_run
//! let credentials = authn::blocking::load()?;
//! let token = credentials.token()?;
//! println!("{:?}", credentials.principal());
//! let (url, pending) = credentials.authorization_url("https://app.example.com/callback")?;
//! println!("log in at {url}");
//! let tokens = credentials.complete(pending, "/callback?code=abc&state=xyz")?;
//! # let _ = tokens;
//! credentials.invalidate(&token);
//! credentials.logout()?; // or `credentials.revoke()?`, which asks the server too
//! # credentials.revoke()?;
//! # Ok::<(), authn::Error>(())
//! ```

#[cfg(feature = "reqwest")]
pub mod reqwest;

use http::HeaderMap;

#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{
    Introspection, Login, LoginOutcome, PendingLogin, Reaction, Request, ResponseHead, Result,
    Revocation, Status, Token, TokenSet, Url, Used, UserInfo, config, runtime::block_on,
};

/// Authorises requests, and waits by blocking the thread. They share the cache with the asynchronous
/// [`Credentials`](crate::Credentials) that they are converted from or into.
///
/// Don't use them on a thread of an asynchronous runtime, because they block. In the exchange of an asynchronous provider
/// or hook they fail with [`Internal`](crate::ErrorKind::Internal). A hook made by
/// [`Hook::sync`](crate::hooks::Hook::sync) may use them.
#[derive(Clone, Debug)]
pub struct Credentials(crate::Credentials);

/// Loads the credentials that the configuration describes, as [`authn::load`](crate::load) does.
pub fn load() -> Result<Credentials> {
    config::load().map(Credentials)
}

/// Loads the credentials of one profile, as [`authn::load_profile`](crate::load_profile) does.
pub fn load_profile(name: &str) -> Result<Credentials> {
    config::load_profile(name).map(Credentials)
}

impl Credentials {
    /// Returns a valid token. It waits for an exchange if none is cached.
    pub fn token(&self) -> Result<Token> {
        match self.0.try_token() {
            Some(token) => Ok(token),
            None => block_on(self.0.token())?,
        }
    }

    /// Returns the cached token; `None` if getting one needs waiting.
    pub fn try_token(&self) -> Option<Token> {
        self.0.try_token()
    }

    /// Adds the credential to a request, as [`Credentials::authorize`](crate::Credentials::authorize) does.
    pub fn authorize<'r>(&self, request: impl Into<Request<'r>>) -> Result<()> {
        let mut request = request.into();
        match self.0.try_authorize(&mut request) {
            Some(done) => done,
            None => block_on(self.0.authorize(request))?,
        }
    }

    /// Returns the credential as metadata of gRPC calls, as [`Credentials::metadata`](crate::Credentials::metadata) does.
    ///
    /// ```no_run
    /// let metadata = authn::blocking::load()?.metadata()?;
    /// # let _ = metadata;
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn metadata(&self) -> Result<HeaderMap> {
        match self.0.try_metadata() {
            Some(done) => done,
            None => block_on(self.0.metadata())?,
        }
    }

    /// Returns the same credentials for other scopes.
    #[must_use]
    pub fn with_scope<S: AsRef<str>>(&self, scopes: &[S]) -> Self {
        Self(self.0.with_scope(scopes))
    }

    /// Returns the same credentials with more parameters of the token request, as
    /// [`Credentials::with_parameters`](crate::Credentials::with_parameters) does.
    ///
    /// ```no_run
    /// let credentials = authn::blocking::load()?.with_parameters([("tenant", "a")]).if_available();
    /// println!("{:?}: {}", credentials.host(), credentials.refresh()?.secret().len());
    /// credentials.invalidate_all();
    /// credentials.reload()?;
    /// # Ok::<(), authn::Error>(())
    /// ```
    #[must_use]
    pub fn with_parameters<N: Into<String>, V: Into<String>>(
        &self,
        parameters: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(self.0.with_parameters(parameters))
    }

    /// Returns the same credentials for requests that need no credential, as
    /// [`Credentials::if_available`](crate::Credentials::if_available) does.
    #[must_use]
    pub fn if_available(&self) -> Self {
        Self(self.0.if_available())
    }

    /// Returns the same credentials with a login for the first request that finds nobody logged in, as
    /// [`Credentials::with_login`](crate::Credentials::with_login) does.
    ///
    /// ```no_run
    /// # use authn::{Login, Token, TokenSet, prompt::Prompt};
    /// # fn example(prompt: impl Prompt) -> authn::Result<()> {
    /// let credentials = authn::blocking::load()?.with_login(Login::new(prompt));
    /// credentials.adopt(TokenSet::new(Token::new("abc")?))?; // or let the user log in:
    /// let token = credentials.token()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_login(&self, login: Login) -> Self {
        Self(self.0.with_login(login))
    }

    /// Returns the configured `domain`, a host with an optional port; `None` without one.
    pub fn host(&self) -> Option<String> {
        self.0.host()
    }

    /// Exchanges for a new token now, as [`Credentials::refresh`](crate::Credentials::refresh) does.
    pub fn refresh(&self) -> Result<Token> {
        block_on(self.0.refresh())?
    }

    /// Drops every cached access token, as [`Credentials::invalidate_all`](crate::Credentials::invalidate_all) does.
    pub fn invalidate_all(&self) {
        self.0.invalidate_all();
    }

    /// Starts with a token set that the program has, as [`Credentials::adopt`](crate::Credentials::adopt) does.
    pub fn adopt(&self, tokens: TokenSet) -> Result<()> {
        block_on(self.0.adopt(tokens))?
    }

    /// Reads the configuration again, as [`Credentials::reload`](crate::Credentials::reload) does.
    pub fn reload(&self) -> Result<()> {
        block_on(self.0.reload())?
    }

    /// Reports that a server has refused this token, so that it is not used again.
    pub fn invalidate(&self, token: &Token) {
        self.0.invalidate(token);
    }

    /// Returns the name of the principal that the credential is for, if it is known without asking a server.
    pub fn principal(&self) -> Option<String> {
        self.0.principal()
    }

    /// Passes the answer to a request to the provider, as [`Credentials::response`](crate::Credentials::response) does.
    pub fn response(&self, head: &ResponseHead<'_>, used: &Used) -> Reaction {
        self.0.response(head, used)
    }

    /// Returns the certificate that a client shows with a token, as
    /// [`Credentials::client_identity`](crate::Credentials::client_identity) does.
    ///
    /// ```no_run
    /// # fn example(used: &authn::Used) -> authn::Result<()> {
    /// let identity = authn::blocking::load()?.client_identity(used);
    /// # let _ = identity;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "reqwest")]
    pub fn client_identity(&self, used: &Used) -> Option<ClientIdentity> {
        self.0.client_identity(used)
    }

    /// Returns the state of the session, without any network but that of its store.
    pub fn status(&self) -> Result<Status> {
        block_on(self.0.status())?
    }

    /// Logs a user in, as [`Credentials::login`](crate::Credentials::login) does.
    pub fn login(&self, login: Login) -> Result<LoginOutcome> {
        block_on(self.0.login(login))?
    }

    /// Starts a login in a web application, as
    /// [`Credentials::authorization_url`](crate::Credentials::authorization_url) does.
    pub fn authorization_url(&self, redirect_uri: &str) -> Result<(Url, PendingLogin)> {
        block_on(self.0.authorization_url(redirect_uri))?
    }

    /// Completes a login in a web application, as [`Credentials::complete`](crate::Credentials::complete) does.
    pub fn complete(&self, pending: PendingLogin, returned_url: &str) -> Result<TokenSet> {
        block_on(self.0.complete(pending, returned_url))?
    }

    /// Deletes the session and its tokens.
    pub fn logout(&self) -> Result<()> {
        block_on(self.0.logout())?
    }

    /// Revokes the session at the server (RFC 7009) and deletes the local copy, as
    /// [`Credentials::revoke`](crate::Credentials::revoke) does.
    pub fn revoke(&self) -> Result<Revocation> {
        block_on(self.0.revoke())?
    }

    /// Asks the server about the current token, as [`Credentials::introspect`](crate::Credentials::introspect) does.
    ///
    /// ```no_run
    /// # use authn::{Login, Token, prompt::Prompt};
    /// # fn example(prompt: impl Prompt) -> authn::Result<()> {
    /// let credentials = authn::blocking::load()?;
    /// println!("{}", credentials.introspect()?.is_active());
    /// println!("{}", credentials.introspect_token(&Token::new("abc")?)?.is_active());
    /// println!("{}", credentials.user_info()?.subject());
    /// credentials.revoke_tokens(credentials.token()?)?;
    /// let url = credentials.logout_url(None)?;
    /// credentials.logout()?;
    /// credentials.open_logout(&url, Login::new(prompt))?;
    /// # Ok(()) }
    /// ```
    pub fn introspect(&self) -> Result<Introspection> {
        block_on(self.0.introspect())?
    }

    /// Asks the server about any token, as [`Credentials::introspect_token`](crate::Credentials::introspect_token) does.
    pub fn introspect_token(&self, token: &Token) -> Result<Introspection> {
        block_on(self.0.introspect_token(token))?
    }

    /// Asks the server who the user is, as [`Credentials::user_info`](crate::Credentials::user_info) does.
    pub fn user_info(&self) -> Result<UserInfo> {
        block_on(self.0.user_info())?
    }

    /// Revokes tokens that the program has, as [`Credentials::revoke_tokens`](crate::Credentials::revoke_tokens) does.
    pub fn revoke_tokens(&self, tokens: impl Into<TokenSet>) -> Result<Revocation> {
        block_on(self.0.revoke_tokens(tokens.into()))?
    }

    /// Returns the address that ends the user's session at the server, as
    /// [`Credentials::logout_url`](crate::Credentials::logout_url) does.
    pub fn logout_url(&self, post_logout_redirect_uri: Option<&str>) -> Result<Url> {
        block_on(self.0.logout_url(post_logout_redirect_uri))?
    }

    /// Shows that address to the user, as [`Credentials::open_logout`](crate::Credentials::open_logout) does.
    pub fn open_logout(&self, url: &Url, login: Login) -> Result<()> {
        block_on(self.0.open_logout(url, login))?
    }

    /// Waits for running exchanges and starts no more.
    pub fn close(&self) -> Result<()> {
        block_on(self.0.close())
    }
}

impl From<crate::Credentials> for Credentials {
    fn from(credentials: crate::Credentials) -> Self {
        Self(credentials)
    }
}

impl From<Credentials> for crate::Credentials {
    fn from(credentials: Credentials) -> Self {
        credentials.0
    }
}
