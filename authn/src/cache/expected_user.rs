//! The check of `expected_username`.

use super::exchange::Exchange;
use crate::{
    Claims, Error, ErrorKind, Result, TokenSet,
    store::{Record, StoredSession},
};

impl Exchange {
    /// Adds the user's name to new tokens, and refuses those of another user than the expected one.
    ///
    /// If the exchange failed, or the user can't be verified now, but the session was the expected user's, it returns the
    /// error beside the tokens. The refresh token must be stored even then: a server that sees the old one again takes it
    /// for stolen (RFC 9700, section 4.14.2).
    pub(super) async fn check_user(
        &self,
        tokens: TokenSet,
        last: Option<&TokenSet>,
    ) -> Result<(TokenSet, Option<Error>)> {
        let options = &self.shared.options;
        let expected = options.expected_username.as_deref();
        if let Some(error) = tokens.failure().cloned() {
            return session_alone(tokens, last, error, expected);
        }
        let claims = match tokens.claims() {
            Some(claims) => Some(claims.clone()),
            None if expected.is_some() => match self.identify(&tokens).await {
                Ok(claims) => claims,
                Err(error) if error.kind() == ErrorKind::Refused => return Err(error),
                Err(error) => return session_alone(tokens, last, error, expected),
            },
            None => None,
        };
        let claim = options.username_claim.as_deref();
        let username = claims.as_ref().and_then(|claims| claims.username(claim));
        let tokens = tokens.with_username(username.map(str::to_owned)).inherit(last);
        match expected {
            Some(_) if tokens.username().is_none() => Err(Error::refused(
                "the server does not name the user of the token, so it is not stored",
            )
            .with_help(
                "ask for the scope `openid`, set `username_claim` to a claim of the ID token, or remove \
                 `expected_username`",
            )),
            Some(expected) if tokens.username() != Some(expected) => Err(Error::refused(
                "the token belongs to another user than `expected_username`, so it is not stored",
            )
            .with_help("log in as that user, or change the option")),
            _ => Ok((tokens, None)),
        }
    }

    async fn identify(&self, tokens: &TokenSet) -> Result<Option<Claims>> {
        self.answered(self.shared.source.identify(&self.context, tokens)).await
    }

    /// Empties a record that belongs to other configured secrets, or to another user than the expected one.
    pub(super) fn keep_session(&self, session: &StoredSession, record: &mut Record) {
        session.keep_session(record);
        let expected = self.shared.options.expected_username.as_deref();
        if expected.is_some() && record.username.as_deref() != expected {
            record.forget();
        }
    }
}

/// Returns tokens whose access token can't be used, with the error, if their session may be stored: no user is
/// expected, or it is the session of the expected one.
fn session_alone(
    tokens: TokenSet,
    last: Option<&TokenSet>,
    error: Error,
    expected: Option<&str>,
) -> Result<(TokenSet, Option<Error>)> {
    let last = last.filter(|_| !tokens.is_new_session());
    if expected.is_some() && last.and_then(TokenSet::username) != expected {
        return Err(error);
    }
    let tokens = match last {
        Some(last) => tokens.with_token_of(last),
        None => tokens,
    };
    Ok((tokens, Some(error)))
}
