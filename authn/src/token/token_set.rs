//! `TokenSet`: the result of an exchange, of which the access token is one part.

use std::{
    collections::{BTreeSet, btree_map::Entry},
    sync::Arc,
    time::SystemTime,
};

use super::{Issued, issued::Kept};
use crate::{
    Claims, Error, Origins, SecretString, Token,
    time::{Moment, unix_nanos},
};

/// The result of one exchange: an access token, and what the next exchange needs.
///
/// The next exchange of the source gets it back. A part that a new set leaves out is kept from the last one:
/// a server that sends no new refresh token means the old one (RFC 6749, section 6).
///
/// ```
/// use authn::{TokenSet, SecretString, Token};
///
/// let tokens = TokenSet::new(Token::new("abc")?)
///     .with_refresh_token(SecretString::from("r1"))
///     .with_kept("session", SecretString::from("s1"));
/// assert_eq!(&*tokens.kept("session").unwrap().expose(), "s1");
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenSet {
    token: Token,
    refresh_token: Option<SecretString>,
    /// The last one of the session, if the answer had none.
    id_token: Option<SecretString>,
    kept: Arc<Kept>,
    /// Names of those that only sign requests.
    signing: BTreeSet<String>,
    /// Names that are not inherited from the last set.
    dropped: BTreeSet<String>,
    new_session: bool,
    claims: Option<Claims>,
    username: Option<String>,
    server_date: Option<SystemTime>,
    server_clock_ahead: Option<i64>,
    origins: Option<Arc<Origins>>,
    failure: Option<Error>,
}

impl TokenSet {
    /// Creates a set of an access token alone.
    pub fn new(token: Token) -> Self {
        Self {
            token,
            refresh_token: None,
            id_token: None,
            kept: Arc::default(),
            signing: BTreeSet::new(),
            dropped: BTreeSet::new(),
            new_session: false,
            claims: None,
            username: None,
            server_date: None,
            server_clock_ahead: None,
            origins: None,
            failure: None,
        }
    }

    /// Creates the result of an exchange that returned no usable token, but renewed the session. Callers get the error.
    ///
    /// Its refresh token and its other secrets are stored like those of any other exchange: a server that rotates refresh
    /// tokens no longer accepts the old one, whatever is wrong with the rest of its answer. A token of an earlier
    /// exchange is used until it expires. A login that returns such a set fails, and stores nothing.
    ///
    /// ```
    /// use authn::{Error, TokenSet, SecretString};
    ///
    /// let error = Error::protocol("sts.example.com answered without an access token");
    /// let tokens = TokenSet::failed(error).with_refresh_token(SecretString::from("r2"));
    /// assert_eq!(tokens.failure().unwrap().message(), "sts.example.com answered without an access token");
    /// assert!(tokens.token().expires_at().unwrap() < std::time::SystemTime::now());
    /// ```
    pub fn failed(error: Error) -> Self {
        Self { failure: Some(error), ..Self::without_token() }
    }

    /// Creates a set for a session whose access token is not known.
    pub(crate) fn without_token() -> Self {
        Self::new(Token::placeholder())
    }

    /// Adds the refresh token for the next exchange (RFC 6749, 1.5).
    pub fn with_refresh_token(self, refresh_token: SecretString) -> Self {
        Self { refresh_token: Some(refresh_token), ..self }
    }

    /// Keeps another secret for the next exchange and for signing requests, such as a session, a key or a token's
    /// secret.
    ///
    /// A session that is stored, with all that is kept, has at most 1 MiB as JSON; some stores take less, such as the kernel's
    /// keyring. The exchange fails with [`Internal`](crate::ErrorKind::Internal) if it is longer, and the last session stays
    /// stored. In memory there is no limit.
    pub fn with_kept(mut self, name: impl Into<String>, value: SecretString) -> Self {
        let name = name.into();
        self.dropped.remove(&name);
        self.signing.remove(&name);
        Arc::make_mut(&mut self.kept).insert(name, value);
        self
    }

    /// Keeps a secret that only signs requests with the access token, such as a key (RFC 9449), as
    /// [`with_kept`](Self::with_kept) does. No token can be obtained with it, so alone it is no session: see
    /// [`Status::has_session`](crate::Status::has_session).
    ///
    /// ```
    /// use authn::{Token, TokenSet};
    ///
    /// let tokens = TokenSet::new(Token::new("abc")?).with_signing_secret("key", "k1".into());
    /// assert_eq!(&*tokens.kept("key").unwrap().expose(), "k1");
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn with_signing_secret(self, name: impl Into<String>, value: SecretString) -> Self {
        let name = name.into();
        let mut tokens = self.with_kept(name.clone(), value);
        tokens.signing.insert(name);
        tokens
    }

    /// Keeps the secret of this name no longer. Without this, one that a set leaves out is kept from the last set.
    ///
    /// ```
    /// use authn::{Token, TokenSet};
    ///
    /// let tokens = TokenSet::new(Token::new("abc")?).with_kept("nonce", "n1".into());
    /// assert!(tokens.without_kept("nonce").kept("nonce").is_none());
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn without_kept(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        Arc::make_mut(&mut self.kept).remove(&name);
        self.signing.remove(&name);
        self.dropped.insert(name);
        self
    }

    /// Marks the set as the start of a session: nothing is kept from the last one, whatever this one leaves out.
    pub fn with_new_session(self) -> Self {
        Self { new_session: true, ..self }
    }

    /// Sets the claims about the user. They must have been verified.
    ///
    /// ```
    /// use authn::{Claims, Token, TokenSet};
    /// use std::time::SystemTime;
    ///
    /// let claims = Claims::new([("sub".to_owned(), "42".to_owned())]);
    /// let tokens = TokenSet::new(Token::new("abc")?)
    ///     .with_new_session()
    ///     .with_claims(claims)
    ///     .with_server_date(SystemTime::now());
    /// assert_eq!(tokens.claims().and_then(|claims| claims.get("sub")), Some("42"));
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn with_claims(self, claims: Claims) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// Sets the origins that the server names for the token, for a source that
    /// [discovers](crate::TokenSource::discovers_origins) them. They are stored with the session.
    #[doc(hidden)]
    pub fn with_origins(self, origins: Origins) -> Self {
        self.with_shared_origins(Some(Arc::new(origins)))
    }

    pub(crate) fn with_shared_origins(self, origins: Option<Arc<Origins>>) -> Self {
        Self { origins, ..self }
    }

    pub(crate) fn origins(&self) -> Option<&Arc<Origins>> {
        self.origins.as_ref()
    }

    /// Sets the time at the server, from its `Date` header (RFC 9110, section 6.6.1).
    pub fn with_server_date(self, date: SystemTime) -> Self {
        Self { server_date: Some(date), ..self }
    }

    /// Returns the access token. Of a [failed](Self::failed) exchange it is one that has expired.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the error of a [failed](Self::failed) exchange.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Returns the refresh token.
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// Returns the ID token of the answer, or else the last one that the server has issued in the session. It may have
    /// expired.
    ///
    /// ```
    /// use authn::{Token, TokenSet};
    ///
    /// let tokens = TokenSet::new(Token::new("abc")?.with_id_token("e30.e30.c2ln".into()));
    /// assert_eq!(&*tokens.id_token().unwrap().expose(), "e30.e30.c2ln");
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn id_token(&self) -> Option<&SecretString> {
        self.token.id_token().or(self.id_token.as_ref())
    }

    /// Sets the last ID token of the session.
    pub(crate) fn with_last_id_token(self, id_token: Option<SecretString>) -> Self {
        Self { id_token, ..self }
    }

    /// Returns whether it has anything that a new token can be obtained with.
    pub(crate) fn has_session(&self) -> bool {
        self.refresh_token.is_some() || self.kept.keys().any(|name| !self.only_signs(name))
    }

    /// Returns whether the secret of this name only signs requests.
    pub(crate) fn only_signs(&self, name: &str) -> bool {
        self.signing.contains(name)
    }

    /// Returns the secret that was kept under a name.
    pub fn kept(&self, name: &str) -> Option<&SecretString> {
        self.kept.get(name)
    }

    /// Returns whether a secret of this name is [no longer kept](Self::without_kept).
    pub(crate) fn is_dropped(&self, name: &str) -> bool {
        self.dropped.contains(name)
    }

    /// Returns the name of the user, if the server names it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Returns the verified claims about the user, if the server has vouched for one in this exchange.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Compares the server's date with the middle of the exchange by this machine's clock.
    pub(crate) fn with_clock_compared(mut self, asked: SystemTime, now: SystemTime) -> Self {
        let seconds = |time| unix_nanos(time).div_euclid(1_000_000_000);
        let middle = i64::midpoint(seconds(asked), seconds(now));
        // Without a date, the tokens that another provider has issued keep what was compared there.
        if let Some(date) = self.server_date {
            self.server_clock_ahead = Some(seconds(date) - middle);
        }
        self
    }

    /// Returns by how many seconds the server's clock was ahead.
    pub(crate) fn server_clock_ahead(&self) -> Option<i64> {
        self.server_clock_ahead
    }

    pub(crate) fn with_username(self, username: Option<String>) -> Self {
        Self { username, ..self }
    }

    pub(crate) fn all_kept(&self) -> Arc<Kept> {
        Arc::clone(&self.kept)
    }

    pub(crate) fn is_new_session(&self) -> bool {
        self.new_session
    }

    pub(crate) fn without_new_session(self) -> Self {
        Self { new_session: false, ..self }
    }

    /// Counts the token's lifetime from its creation, not from when a cache asks for it.
    pub(crate) fn with_settled_expiry(mut self) -> Self {
        if let Some(time) = self.token.expires_at() {
            self.token = self.token.with_expires_at(time);
        }
        self
    }

    /// Counts the token's lifetime from when it was asked for, by the clock of the exchange.
    pub(crate) fn with_lifetime_from(mut self, asked: Moment, now: Moment) -> Self {
        if let Some(expiry) = self.token.expiry(asked, now) {
            self.token = self.token.settled(expiry);
        }
        self.with_clock_compared(asked.wall(), now.wall())
    }

    /// Replaces the access token and leaves out the refresh token.
    pub(crate) fn with_access_token(self, token: Token) -> Self {
        Self { refresh_token: None, ..self.with_token(token) }
    }

    /// Replaces the access token.
    pub(crate) fn with_token(self, token: Token) -> Self {
        let id_token = self.id_token().cloned();
        Self { token, id_token, ..self }
    }

    /// Keeps what the next exchange needs, with the last one's access token.
    pub(crate) fn with_token_of(mut self, last: &Self) -> Self {
        self.token = last.token.clone();
        self.inherit(Some(last))
    }

    /// Adds from the last set what this one leaves out.
    pub(crate) fn inherit(mut self, last: Option<&Self>) -> Self {
        if let Some(last) = last.filter(|_| !self.new_session) {
            if self.refresh_token.is_none() {
                self.refresh_token.clone_from(&last.refresh_token);
            }
            if self.id_token().is_none() {
                self.id_token = last.id_token().cloned();
            }
            if self.origins.is_none() {
                self.origins.clone_from(&last.origins);
            }
            if self.username.is_none() {
                self.username.clone_from(&last.username);
            }
            if self.kept.is_empty() && self.dropped.is_empty() {
                self.kept = Arc::clone(&last.kept);
                self.signing.clone_from(&last.signing);
            } else {
                let kept = Arc::make_mut(&mut self.kept);
                let dropped = &self.dropped;
                for (name, value) in last.kept.iter().filter(|(name, _)| !dropped.contains(*name)) {
                    if let Entry::Vacant(vacant) = kept.entry(name.clone()) {
                        vacant.insert(value.clone());
                        self.signing.extend(last.signing.get(name).cloned());
                    }
                }
            }
        }
        self
    }
}

impl From<Issued> for TokenSet {
    fn from(issued: Issued) -> Self {
        Self {
            kept: issued.all_kept(),
            id_token: issued.id_token().cloned(),
            server_clock_ahead: issued.server_clock_ahead(),
            origins: issued.origins().cloned(),
            ..Self::new(issued.token().clone())
        }
    }
}

impl From<Token> for TokenSet {
    fn from(token: Token) -> Self {
        Self::new(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_new_set_leaves_out_is_inherited() {
        let token = || Token::new("t").unwrap();
        let last = TokenSet::new(token())
            .with_refresh_token("old".into())
            .with_kept("a", "1".into())
            .with_kept("b", "1".into());
        let new = TokenSet::new(token()).with_kept("b", "2".into()).inherit(Some(&last));
        assert_eq!(&*new.refresh_token().unwrap().expose(), "old");
        assert_eq!(&*new.kept("a").unwrap().expose(), "1");
        assert_eq!(&*new.kept("b").unwrap().expose(), "2");
        let rotated = TokenSet::new(token()).with_refresh_token("new".into()).inherit(Some(&last));
        assert_eq!(&*rotated.refresh_token().unwrap().expose(), "new");
        let dropped = TokenSet::new(token()).without_kept("a").inherit(Some(&last));
        assert!(dropped.kept("a").is_none() && dropped.is_dropped("a"));
        assert_eq!(&*dropped.kept("b").unwrap().expose(), "1");
        let again = TokenSet::new(token()).without_kept("a").with_kept("a", "3".into());
        assert_eq!(&*again.inherit(Some(&last)).kept("a").unwrap().expose(), "3");
        let last = last.without_kept("b").with_signing_secret("a", "1".into());
        assert!(last.has_session());
        let last = TokenSet { refresh_token: None, ..last };
        assert!(!last.has_session());
        for new in [TokenSet::new(token()), TokenSet::new(token()).without_kept("b")] {
            let new = new.inherit(Some(&last));
            assert!(new.kept("a").is_some() && !new.has_session());
            assert!(new.with_kept("a", "1".into()).has_session());
        }
        let begun = TokenSet::new(token()).with_new_session().inherit(Some(&last));
        assert!(begun.refresh_token().is_none() && begun.kept("a").is_none());
    }

    #[test]
    fn the_last_id_token_of_a_session_stays_known() {
        let set = |id: Option<&str>| {
            let token = Token::new("t").unwrap();
            TokenSet::new(id.map_or(token.clone(), |id| token.with_id_token(id.into())))
        };
        let known = |set: &TokenSet| set.id_token().map(|id| id.expose().to_owned());
        let first = set(Some("1"));
        let renewed = set(None).inherit(Some(&first)).with_token(Token::new("u").unwrap());
        assert_eq!(known(&set(None).inherit(Some(&renewed))).as_deref(), Some("1"));
        assert_eq!(known(&set(Some("2")).inherit(Some(&renewed))).as_deref(), Some("2"));
        assert_eq!(known(&set(None).with_new_session().inherit(Some(&renewed))), None);
        assert!(renewed.token().id_token().is_none(), "a token has that of its own answer");
    }
}
