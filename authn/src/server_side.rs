//! `Credentials`: what a program asks the server about its tokens, and how it ends them there.

use crate::{
    Credentials, Introspection, Login, Result, Revocation, Token, TokenSet, Url, UserInfo,
};

impl Credentials {
    /// Asks the server whether the current token is valid, and what it is for (RFC 7662). It gets a token first if there is
    /// none.
    ///
    /// If the server says that the token is not active, the token is [invalidated](Self::invalidate), so that the next call
    /// gets another one.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) if the provider or the server has no introspection
    /// endpoint, with [`Refused`](crate::ErrorKind::Refused) if the client may not ask, and with
    /// [`Protocol`](crate::ErrorKind::Protocol) if the answer is not a JSON object with a boolean `active`. A signed answer
    /// (RFC 9701) is an error, too.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
    /// let introspection = credentials.introspect().await?;
    /// println!("{:?} until {:?}", introspection.scope(), introspection.expires_at());
    /// # Ok(()) }
    /// ```
    pub async fn introspect(&self) -> Result<Introspection> {
        self.introspect_token(&self.token().await?).await
    }

    /// Asks the server about any token, such as one that a service has received (RFC 7662).
    ///
    /// It fails as [`introspect`](Self::introspect) does. Servers tell most clients about their own tokens alone, and
    /// answer that another one is not active.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials, received: &str) -> authn::Result<bool> {
    /// let introspection = credentials.introspect_token(&authn::Token::new(received)?).await?;
    /// Ok(introspection.is_active() && introspection.audience().contains(&"things"))
    /// # }
    /// ```
    pub async fn introspect_token(&self, token: &Token) -> Result<Introspection> {
        let bound = self.now();
        let introspection = bound.managed().introspect(&bound.context, token).await?;
        if !introspection.is_active() {
            bound.managed().invalidate(token, &bound.context);
        }
        Ok(introspection)
    }

    /// Asks the server who the user of the current token is (OpenID Connect Core, section 5.3). It gets a token first if
    /// there is none.
    ///
    /// The request is authorised as those to the API are, but always with the header `Authorization`. A token that the server
    /// refuses is renewed once. If the session has an ID token, the answer must be about the same user.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) if the provider or the server has no such endpoint,
    /// with [`Refused`](crate::ErrorKind::Refused) if the server does not tell, such as without the scope `openid`, and with
    /// [`Protocol`](crate::ErrorKind::Protocol) if the answer is not a JSON object with `sub`, or is about another user. A
    /// signed or encrypted answer is an error, too.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials) -> authn::Result<()> {
    /// let user = credentials.user_info().await?;
    /// println!("hello, {}", user.text("name").unwrap_or(user.subject()));
    /// # Ok(()) }
    /// ```
    pub async fn user_info(&self) -> Result<UserInfo> {
        // A login that these credentials start comes first.
        self.token().await?;
        let bound = self.now();
        bound.managed().user_info(&bound.context).await
    }

    /// Revokes tokens at the server (RFC 7009) that the program has: an access token alone, or a set with its refresh
    /// token. Whatever of them is cached or stored here is dropped.
    ///
    /// An access token alone leaves the session as it is, and the next call gets another one. With the refresh token of this
    /// session, the session is deleted. Any other set, such as that of one of the users of a web application, has nothing to
    /// do with the session here. [`revoke`](Self::revoke) revokes the session with the tokens of all scopes.
    ///
    /// # Errors
    ///
    /// If it fails, nothing is dropped, so that it can be tried again. A server that does not revoke tokens of this type
    /// (`unsupported_token_type`) is an error of kind [`Refused`](crate::ErrorKind::Refused); if it revokes the refresh
    /// token and not the access token, the result has that error.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials, of_user: authn::TokenSet) -> authn::Result<()> {
    /// credentials.revoke_tokens(credentials.token().await?).await?; // the current access token
    /// credentials.revoke_tokens(of_user).await?; // of a user of a web application
    /// # Ok(()) }
    /// ```
    pub async fn revoke_tokens(&self, tokens: impl Into<TokenSet>) -> Result<Revocation> {
        let bound = self.now();
        bound.managed().revoke_tokens(&bound.context, tokens.into()).await
    }

    /// Returns the address at which a browser ends the user's session at the server (OpenID Connect RP-Initiated Logout
    /// 1.0), with the session's ID token as a hint. The session here does not change: [`logout`](Self::logout) or
    /// [`revoke`](Self::revoke) ends it afterwards.
    ///
    /// `post_logout_redirect_uri` is where the server sends the browser afterwards. It must be registered at the server. A
    /// program that wants to recognise its browser adds a `state` to the address.
    ///
    /// The address has the ID token, so it must not be logged.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) if the provider or the server has no such address.
    ///
    /// ```no_run
    /// # async fn example(credentials: authn::Credentials) -> authn::Result<authn::Url> {
    /// let mut url = credentials.logout_url(Some("https://app.example.com/goodbye")).await?;
    /// url.query_pairs_mut().append_pair("state", "af0ifjsldkj"); // a random one
    /// credentials.revoke().await?;
    /// Ok(url) // … to redirect the browser to
    /// # }
    /// ```
    pub async fn logout_url(&self, post_logout_redirect_uri: Option<&str>) -> Result<Url> {
        let bound = self.now();
        bound.managed().logout_url(&bound.context, post_logout_redirect_uri).await
    }

    /// Shows the address of [`logout_url`](Self::logout_url) to the user of this machine, and starts a browser if there is
    /// one, as a login does. It does not wait until the user has logged out.
    ///
    /// ```no_run
    /// # use authn::{Login, prompt::Prompt};
    /// # async fn example(credentials: authn::Credentials, prompt: impl Prompt) -> authn::Result<()> {
    /// let url = credentials.logout_url(None).await?;
    /// credentials.logout().await?;
    /// credentials.open_logout(&url, Login::new(prompt)).await?;
    /// # Ok(()) }
    /// ```
    pub async fn open_logout(&self, url: &Url, login: Login) -> Result<()> {
        let bound = self.now();
        bound.managed().open_logout(&bound.context, url, &login).await
    }
}
