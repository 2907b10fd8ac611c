//! `Grant`: what an exchange gives, of which the access token is one part.

use std::{collections::BTreeMap, time::SystemTime};

use crate::{Claims, SecretString, Token, time::unix_nanos};

/// What one exchange gave: an access token, and what the next exchange will need.
///
/// A source gets its last grant back at the next exchange. A part that the new grant leaves out is kept
/// from the last one: a server that sends no new refresh token means the old one (RFC 6749, 6).
///
/// ```
/// use authn::{Grant, SecretString, Token};
///
/// let grant = Grant::new(Token::new("abc")?)
///     .with_refresh_token(SecretString::from("r1"))
///     .with_kept("session", SecretString::from("s1"));
/// assert_eq!(&*grant.kept("session").unwrap().expose(), "s1");
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Grant {
    token: Token,
    refresh_token: Option<SecretString>,
    kept: BTreeMap<String, SecretString>,
    new_session: bool,
    claims: Option<Claims>,
    username: Option<String>,
    server_date: Option<SystemTime>,
    server_clock_ahead: Option<i64>,
}

impl Grant {
    /// Makes a grant of an access token alone.
    pub fn new(token: Token) -> Self {
        Self {
            token,
            refresh_token: None,
            kept: BTreeMap::new(),
            new_session: false,
            claims: None,
            username: None,
            server_date: None,
            server_clock_ahead: None,
        }
    }

    /// Adds the refresh token for the next exchange (RFC 6749, 1.5).
    pub fn with_refresh_token(self, refresh_token: SecretString) -> Self {
        Self { refresh_token: Some(refresh_token), ..self }
    }

    /// Keeps something else for the next exchange: a session, a key, a token's secret.
    pub fn with_kept(mut self, name: impl Into<String>, value: SecretString) -> Self {
        self.kept.insert(name.into(), value);
        self
    }

    /// Says that this grant begins a session: nothing is kept of the last one, whatever this one leaves out.
    pub fn with_new_session(self) -> Self {
        Self { new_session: true, ..self }
    }

    /// Says what the server vouches for about the user. It must have been verified.
    pub fn with_claims(self, claims: Claims) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// Says what time it was at the server, as its `Date` header tells (RFC 9110, 6.6.1).
    pub fn with_server_date(self, date: SystemTime) -> Self {
        Self { server_date: Some(date), ..self }
    }

    /// Gives the access token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Gives the refresh token.
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// Tells whether anything of it but the token is kept.
    pub(crate) fn has_session(&self) -> bool {
        self.refresh_token.is_some() || !self.kept.is_empty()
    }

    /// Gives what was kept under a name.
    pub fn kept(&self, name: &str) -> Option<&SecretString> {
        self.kept.get(name)
    }

    /// Gives the name of the user whose grant it is, where a server has vouched for it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    pub(crate) fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Takes the middle of an exchange, by this machine's clock, as the time at which the server dated it.
    pub(crate) fn with_clock_compared(mut self, asked: SystemTime, now: SystemTime) -> Self {
        let seconds = |time| unix_nanos(time).div_euclid(1_000_000_000);
        let middle = i64::midpoint(seconds(asked), seconds(now));
        self.server_clock_ahead = self.server_date.map(|date| seconds(date) - middle);
        self
    }

    /// Gives by how many seconds the server's clock was ahead.
    pub(crate) fn server_clock_ahead(&self) -> Option<i64> {
        self.server_clock_ahead
    }

    pub(crate) fn with_username(self, username: Option<String>) -> Self {
        Self { username, ..self }
    }

    pub(crate) fn all_kept(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.kept.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn is_new_session(&self) -> bool {
        self.new_session
    }

    /// Leaves of it what the next exchange needs, with the last one's access token.
    pub(crate) fn with_token_of(mut self, last: &Self) -> Self {
        self.token = last.token.clone();
        self.inherit(Some(last))
    }

    /// Takes over from the last grant what this one leaves out.
    pub(crate) fn inherit(mut self, last: Option<&Self>) -> Self {
        if let Some(last) = last.filter(|_| !self.new_session) {
            if self.refresh_token.is_none() {
                self.refresh_token.clone_from(&last.refresh_token);
            }
            if self.username.is_none() {
                self.username.clone_from(&last.username);
            }
            for (name, value) in &last.kept {
                self.kept.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self
    }
}

impl From<Token> for Grant {
    fn from(token: Token) -> Self {
        Self::new(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_new_grant_leaves_out_is_inherited() {
        let token = || Token::new("t").unwrap();
        let last = Grant::new(token())
            .with_refresh_token("old".into())
            .with_kept("a", "1".into())
            .with_kept("b", "1".into());
        let new = Grant::new(token()).with_kept("b", "2".into()).inherit(Some(&last));
        assert_eq!(&*new.refresh_token().unwrap().expose(), "old");
        assert_eq!(&*new.kept("a").unwrap().expose(), "1");
        assert_eq!(&*new.kept("b").unwrap().expose(), "2");
        let rotated = Grant::new(token()).with_refresh_token("new".into()).inherit(Some(&last));
        assert_eq!(&*rotated.refresh_token().unwrap().expose(), "new");
        let begun = Grant::new(token()).with_new_session().inherit(Some(&last));
        assert!(begun.refresh_token().is_none() && begun.kept("a").is_none());
    }
}
