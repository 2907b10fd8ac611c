//! `Sent`: the token of a nested provider that an exchange sends, and another one if the server refuses it.

use std::sync::{Mutex, PoisonError};

use authn::{Context, Credentials, Error, Reason, Result, SecretString, Token};

/// Fails if the provider of an option never has a token that can be sent.
pub(crate) fn check(option: &str, nested: Option<&Credentials>) -> Result<()> {
    match nested {
        Some(nested) if !nested.gives_tokens() => Err(Error::configuration(format!(
            "`{option}` is a provider that has no token that could be sent"
        ))
        .with_help("use one that has tokens, such as `jwt`, `oauth` or `hook`")),
        _ => Ok(()),
    }
}

/// The token of a nested provider that an exchange sends.
pub(crate) struct Sent<'a> {
    of: &'a Credentials,
    token: Token,
}

impl<'a> Sent<'a> {
    /// Gets the provider's token for an exchange.
    pub(crate) async fn of(of: &'a Credentials, exchange: &Context) -> Result<Self> {
        Ok(Self { of, token: of.token_for(exchange).await? })
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the last ID token of the session of the token. A token that no authorization server has issued is one itself.
    pub(crate) fn id_token(&self) -> Option<SecretString> {
        match self.token.id_token() {
            Some(id_token) => Some(id_token.clone()),
            None if self.of.bound().is_oauth_client() => None,
            None => Some(self.token.secret().into()),
        }
    }

    /// Returns whether the token belongs to the request being served.
    pub(crate) fn is_per_request(&self) -> bool {
        self.of.is_per_request()
    }

    /// Returns whether the provider can get another token without a login.
    pub(crate) async fn is_renewable(&self) -> bool {
        !self.of.needs_login() || self.of.status().await.is_ok_and(|status| status.has_session)
    }

    /// Tells the provider that a server has refused its token. Returns whether it has another one now.
    ///
    /// A provider that can't get another one, and the request being served, have the same as before.
    pub(crate) async fn renew(&mut self, exchange: &Context) -> bool {
        // Its problem is not that of the caller, who has the server's refusal.
        self.renewed(exchange).await.unwrap_or(false)
    }

    async fn renewed(&mut self, exchange: &Context) -> Result<bool> {
        self.of.invalidate(&self.token);
        let token = self.of.token_for(exchange).await?;
        let is_another = token.secret() != self.token.secret();
        self.token = token;
        Ok(is_another)
    }
}

/// Which token was exchanged last because an API had refused the token that it was exchanged for before.
#[derive(Default)]
pub(crate) struct Refused(Mutex<Option<Token>>);

impl Refused {
    /// Renews the token that is about to be sent if an API has refused both tokens that it was exchanged for: then what is
    /// wrong may be the token itself, such as one whose user has lost a role.
    pub(crate) async fn check(&self, sent: &mut Sent<'_>, exchange: &Context) -> Result<()> {
        if sent.is_per_request() {
            return Ok(());
        }
        let is_refused = exchange.reason() == Reason::Refused;
        let last = self.replace(is_refused.then(|| sent.token.clone()));
        let is_second = last.is_some_and(|last| last.secret() == sent.token.secret());
        if is_refused && is_second && sent.renewed(exchange).await? {
            self.replace(None);
        }
        Ok(())
    }

    fn replace(&self, token: Option<Token>) -> Option<Token> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), token)
    }
}
