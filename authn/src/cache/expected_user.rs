//! Whose tokens it is: the check of `expected_username`.

use super::exchange::Exchange;
use crate::{
    Claims, Error, ErrorKind, Result, TokenSet,
    store::{Record, StoredSession},
};

impl Exchange {
    /// Finds the user of a fresh tokens, and refuses one that is not the expected user's.
    ///
    /// An error beside the tokens says why its user is not known for the moment, though the session was the
    /// expected user's. What of it the next exchange needs counts, or the server would take the refresh token
    /// for a stolen one (RFC 9700, 4.14.2).
    pub(super) async fn settle(
        &self,
        tokens: TokenSet,
        last: Option<&TokenSet>,
    ) -> Result<(TokenSet, Option<Error>)> {
        let options = &self.shared.options;
        let expected = options.expected_username.as_deref();
        let claims = match tokens.claims() {
            Some(claims) => Some(claims.clone()),
            None if expected.is_some() => match self.identify(&tokens).await {
                Ok(claims) => claims,
                Err(error) => {
                    let goes_on = error.kind() != ErrorKind::Refused && !tokens.is_new_session();
                    return match last.filter(|last| goes_on && last.username() == expected) {
                        Some(last) => Ok((tokens.with_token_of(last), Some(error))),
                        None => Err(error),
                    };
                }
            },
            None => None,
        };
        let claim = options.username_claim.as_deref();
        let username = claims.as_ref().and_then(|claims| claims.username(claim));
        let tokens = tokens.with_username(username.map(str::to_owned)).inherit(last);
        match expected {
            Some(_) if tokens.username().is_none() => Err(refused(
                "nobody vouches for whose token it is, so nothing of it is kept; \
                 ask for the scope `openid`, set `username_claim` to a claim of the ID token, \
                 or remove `expected_username`",
            )),
            Some(expected) if tokens.username() != Some(expected) => Err(refused(
                "the token is another user's than `expected_username`, so nothing of it is kept; \
                 log in as that user, or change the option",
            )),
            _ => Ok((tokens, None)),
        }
    }

    async fn identify(&self, tokens: &TokenSet) -> Result<Option<Claims>> {
        self.answered(self.shared.source.identify(&self.context, tokens)).await
    }

    /// Empties a record that is of other secrets than the configured ones, or another user's than the
    /// expected one.
    pub(super) fn keep_session(&self, session: &StoredSession, record: &mut Record) {
        session.keep_session(record, self.shared.source.session());
        let expected = self.shared.options.expected_username.as_deref();
        if expected.is_some() && record.username.as_deref() != expected {
            record.forget();
        }
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Refused, message)
}
