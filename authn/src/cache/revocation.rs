//! The revocation of a session (RFC 7009): its refresh token, and each access token that has not expired.

use super::exchange::Exchange;
use crate::{Error, Result, Revocation, SessionPolicy, Token, TokenSet};

impl Exchange {
    /// Revokes the session at the server and deletes it. `passed_on` are access tokens in the caches before this one.
    ///
    /// If the session itself is not revoked, or an access token without a session, nothing is deleted.
    pub(super) async fn revoke(self, passed_on: Vec<Token>) -> Result<Revocation> {
        let (last, mut tokens) = self.kept_tokens().await?;
        for token in passed_on {
            add(&mut tokens, token);
        }
        let revocation = match self.shared.source.inner() {
            Some(inner) => inner.managed().revoke(&inner.context, tokens).await?,
            None => {
                let done = self.revoke_all(last.clone(), tokens).await?;
                self.shared.source.delete_client(&self.context, last.as_ref()).await?;
                done
            }
        };
        self.logout().await?;
        Ok(revocation)
    }

    /// Returns the last token set, and the access tokens of all scopes that have not expired.
    async fn kept_tokens(&self) -> Result<(Option<TokenSet>, Vec<Token>)> {
        let now = self.context.clock().now();
        let (last, mut tokens) = match self.found().await? {
            Some(session) => {
                let record = self.read(&session).await?;
                (record.any_token_set(), record.unexpired(now.wall()))
            }
            None => (self.state.memory().await.last.clone(), Vec::new()),
        };
        for token in self.state.slots.unexpired(now) {
            add(&mut tokens, token);
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
        self.context.resolve_references().await?;
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

/// Adds a token, unless it is there.
fn add(tokens: &mut Vec<Token>, token: Token) {
    if tokens.iter().all(|other| other.secret() != token.secret()) {
        tokens.push(token);
    }
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
