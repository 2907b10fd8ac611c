//! Revocations (RFC 7009): of a session with its refresh token and each access token that has not expired, and of tokens
//! that the program has.

use super::exchange::Exchange;
use crate::{Error, Result, Revocation, SessionPolicy, Token, TokenSet, runtime};

impl Exchange {
    /// Revokes the session at the server and deletes it. `passed_on` are access tokens in the caches before this one.
    ///
    /// If the session itself is not revoked, or an access token without a session, nothing is deleted, unless the session of
    /// a nested provider is.
    pub(super) async fn revoke(self, passed_on: Vec<Token>) -> Result<Revocation> {
        let (last, mut tokens) = self.kept_tokens().await?;
        for token in passed_on {
            add(&mut tokens, token);
        }
        let revocation = if let Some(inner) = self.shared.source.inner() {
            inner.managed().revoke(&inner.context, tokens).await?
        } else {
            let own = self.revoke_own(last, tokens).await;
            self.revoke_nested(own).await?
        };
        log(&self, &revocation);
        self.logout().await?;
        Ok(revocation)
    }

    /// Revokes the session of this cache and its access tokens, and deletes a client that was registered for them.
    async fn revoke_own(&self, last: Option<TokenSet>, tokens: Vec<Token>) -> Result<Revocation> {
        let revoked = self.revoke_all(last.clone(), tokens).await;
        let deleted = self.shared.source.delete_client(&self.context, last.as_ref()).await;
        match (revoked, deleted) {
            // The tokens of a client end with it.
            (Err(error), Ok(true)) => {
                Ok(Revocation { failed: vec![error], ..Revocation::default() })
            }
            (Err(error), _) => Err(error),
            (Ok(done), Ok(_)) => Ok(done),
            // The session has ended, whatever has become of the client.
            (Ok(mut done), Err(error)) => {
                done.failed.push(error);
                Ok(done)
            }
        }
    }

    /// Revokes the sessions of the nested providers, from which new tokens would come, whatever has become of the tokens of
    /// this cache.
    async fn revoke_nested(&self, own: Result<Revocation>) -> Result<Revocation> {
        let mut below = Revocation::default();
        let mut unrevoked = None;
        for nested in self.shared.sessions_below() {
            match nested.managed().revoke(&nested.context, Vec::new()).await {
                Ok(done) => {
                    below.revoked += done.revoked;
                    below.failed.extend(done.failed);
                }
                Err(error) => {
                    unrevoked.get_or_insert_with(|| error.clone());
                    below.failed.push(error);
                }
            }
        }
        let mut done = match own {
            Ok(done) => done,
            // No session has ended, so it can be tried again.
            Err(error) if unrevoked.is_some() || below.revoked == 0 => return Err(error),
            Err(error) => Revocation { failed: vec![error], ..Revocation::default() },
        };
        done.revoked += below.revoked;
        done.failed.extend(below.failed);
        let Some(error) = unrevoked else { return Ok(done) };
        // The tokens of this cache are revoked, so they must not be used while that is tried again.
        self.forget().await?;
        Err(not_revoked(error, &done))
    }

    /// Revokes tokens that the program has, and drops them here. With the refresh token of this session, the session is
    /// deleted. It goes on in the background if the caller stops waiting, so that no revoked token is used.
    pub(super) async fn revoke_tokens(self, tokens: TokenSet) -> Result<Revocation> {
        if let Some(inner) = self.inner() {
            let revocation = inner.managed().revoke_tokens(&inner.context, tokens.clone()).await?;
            runtime::to_its_end(async move {
                match tokens.refresh_token() {
                    // Of the inner session, maybe: then the tokens of all scopes are of no use.
                    Some(_) => self.forget().await,
                    None => self.drop_tokens(&tokens).await,
                }
            })
            .await?;
            return Ok(revocation);
        }
        runtime::to_its_end(async move {
            self.prepare_to_ask().await?;
            let last = self.kept_tokens().await?.0;
            let revocation = self.revoke_set(&tokens, last.as_ref()).await?;
            log(&self, &revocation);
            let is_of_session = |last: TokenSet| {
                let of =
                    |set: &TokenSet| set.refresh_token().map(|secret| secret.expose().to_owned());
                of(&tokens).is_some() && of(&tokens) == of(&last)
            };
            if last.is_some_and(is_of_session) {
                self.logout().await?;
            } else {
                self.drop_tokens(&tokens).await?;
            }
            Ok(revocation)
        })
        .await
    }

    /// Asks the server to revoke a set: its refresh token, if it has one, and its access token.
    async fn revoke_set(&self, tokens: &TokenSet, last: Option<&TokenSet>) -> Result<Revocation> {
        let source = &self.shared.source;
        let mut done = Revocation::default();
        // The credentials of a client that a user has typed in are kept by the session.
        let alone = match last {
            Some(last) => last.clone().with_access_token(tokens.token().clone()),
            None => TokenSet::new(tokens.token().clone()),
        };
        if tokens.refresh_token().is_none() {
            let revoked = self.answered(source.revoke_access_token(&self.context, &alone)).await?;
            done.revoked = usize::from(revoked);
            return if revoked { Ok(done) } else { Err(nothing_alone()) };
        }
        let session = tokens.clone().inherit(last);
        self.answered(source.revoke(&self.context, &session)).await?;
        done.revoked = 1;
        if !tokens.token().is_expired(self.context.clock()) {
            let revoked = source.revoke_access_token(&self.context, &alone);
            match self.answered(revoked).await {
                Ok(revoked) => done.revoked += usize::from(revoked),
                Err(error) => done.failed.push(error),
            }
        }
        Ok(done)
    }

    /// Drops an access token that was revoked, from memory and from the store.
    async fn drop_tokens(&self, tokens: &TokenSet) -> Result<()> {
        let token = tokens.token();
        for state in self.shared.states() {
            state.slots.drop_token(token);
        }
        self.drop_stored(token).await
    }

    /// Removes an access token from the store.
    pub(super) async fn drop_stored(&self, token: &Token) -> Result<()> {
        let Some(session) = self.found().await? else { return Ok(()) };
        if !self.read(&session).await?.remove_token(token) {
            return Ok(());
        }
        let _lease = self.lease(&session).await?;
        let mut record = self.read(&session).await?;
        if record.remove_token(token) {
            // If it has been replaced or deleted meanwhile, the next exchange finds a refused token.
            self.limited(session.save(&mut record)).await??;
        }
        Ok(())
    }

    /// Returns the last token set, and the access tokens of all scopes that have not expired.
    pub(super) async fn kept_tokens(&self) -> Result<(Option<TokenSet>, Vec<Token>)> {
        let now = self.context.clock().now();
        let (last, mut tokens) = match self.found().await? {
            Some(session) => {
                let record = self.read(&session).await?;
                (record.any_token_set(), record.unexpired(now.wall()))
            }
            None => (self.state.memory().await.last.clone(), Vec::new()),
        };
        for state in self.shared.states() {
            for token in state.slots.unexpired(now) {
                add(&mut tokens, token);
            }
        }
        Ok((last, tokens))
    }

    /// Asks the server to revoke everything. A failure does not stop the other revocations.
    async fn revoke_all(
        &self,
        last: Option<TokenSet>,
        mut tokens: Vec<Token>,
    ) -> Result<Revocation> {
        if last.is_none() && tokens.is_empty() {
            return Ok(Revocation::default());
        }
        self.resolve_references().await?;
        let source = &self.shared.source;
        let configured = matches!(source.session(), SessionPolicy::From(_));
        let session = last.filter(|last| configured || last.has_session());
        let mut done = Revocation::default();
        let mut first_failure = None;
        let mut count = |result: Result<bool>| match result {
            Ok(true) => done.revoked += 1,
            Ok(false) => {}
            Err(error) => done.failed.push(error),
        };
        if let Some(session) = &session {
            let result = source.revoke(&self.context, session).await;
            first_failure = result.as_ref().err().cloned();
            count(result.map(|()| true));
        }
        // Without a refresh token, the access token of the set has been revoked.
        let of_session = session.as_ref().filter(|last| last.refresh_token().is_none());
        if let Some(session) = of_session.filter(|_| !configured) {
            tokens.retain(|token| token.secret() != session.token().secret());
        }
        for token in tokens {
            count(match &session {
                Some(session) => {
                    let tokens = session.clone().with_access_token(token);
                    source.revoke_access_token(&self.context, &tokens).await
                }
                None => source.revoke(&self.context, &TokenSet::new(token)).await.map(|()| true),
            });
        }
        if session.is_none() {
            first_failure = done.failed.first().cloned();
        }
        match first_failure {
            Some(error) => Err(not_revoked(error, &done)),
            None => Ok(done),
        }
    }
}

fn log(exchange: &Exchange, revocation: &Revocation) {
    let (key, revoked) = (exchange.context.key(), revocation.revoked);
    let failed = revocation.failed.len();
    tracing::info!(
        authn.key = key,
        authn.revoked = revoked,
        authn.failed = failed,
        "revocation ended"
    );
}

/// Adds a token, unless it is there.
fn add(tokens: &mut Vec<Token>, token: Token) {
    if tokens.iter().all(|other| other.secret() != token.secret()) {
        tokens.push(token);
    }
}

fn nothing_alone() -> Error {
    Error::configuration("this provider revokes access tokens with their session alone")
        .with_help("revoke the session, or let the token expire")
}

/// Adds how many tokens were not revoked, if some were.
fn not_revoked(error: Error, done: &Revocation) -> Error {
    if done.revoked == 0 {
        return error;
    }
    let failed = done.failed.len();
    let all = done.revoked + failed;
    let message = format!("{failed} of {all} tokens could not be revoked: {}", error.message());
    Error::new(error.kind(), message).with_help(error.help().unwrap_or("try again").to_owned())
}
