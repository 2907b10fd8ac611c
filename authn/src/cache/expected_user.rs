//! Whose grant it is: the check of `expected_username`.

use super::exchange::Exchange;
use crate::{
    Claims, Error, ErrorKind, Grant, Result, TokenSource,
    store::{Record, StoredSession},
};

impl<S: TokenSource> Exchange<S> {
    /// Finds the user of a fresh grant, and refuses one that is not the expected user's.
    ///
    /// An error beside the grant says why its user is not known for the moment, though the session was the
    /// expected user's. What of it the next exchange needs counts, or the server would take the refresh token
    /// for a stolen one (RFC 9700, 4.14.2).
    pub(super) async fn settle(
        &self,
        grant: Grant,
        last: Option<&Grant>,
    ) -> Result<(Grant, Option<Error>)> {
        let options = &self.shared.options;
        let expected = options.expected_username.as_deref();
        let claims = match grant.claims() {
            Some(claims) => Some(claims.clone()),
            None if expected.is_some() => match self.identify(&grant).await {
                Ok(claims) => claims,
                Err(error) => {
                    let goes_on = error.kind() != ErrorKind::Refused && !grant.is_new_session();
                    return match last.filter(|last| goes_on && last.username() == expected) {
                        Some(last) => Ok((grant.with_token_of(last), Some(error))),
                        None => Err(error),
                    };
                }
            },
            None => None,
        };
        let claim = options.username_claim.as_deref();
        let username = claims.as_ref().and_then(|claims| claims.username(claim));
        let grant = grant.with_username(username.map(str::to_owned)).inherit(last);
        match expected {
            Some(_) if grant.username().is_none() => Err(refused(
                "nobody vouches for whose token it is, so nothing of it is kept; \
                 ask for the scope `openid`, set `username_claim` to a claim of the ID token, \
                 or remove `expected_username`",
            )),
            Some(expected) if grant.username() != Some(expected) => Err(refused(
                "the token is another user's than `expected_username`, so nothing of it is kept; \
                 log in as that user, or change the option",
            )),
            _ => Ok((grant, None)),
        }
    }

    async fn identify(&self, grant: &Grant) -> Result<Option<Claims>> {
        self.answered(self.shared.source.identify(&self.context, grant)).await
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
