//! `Issued`: an access token with what was kept for signing with it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{Token, TokenSet};
use crate::{Origins, Result, SecretString};

/// Secrets by name.
pub(crate) type Kept = BTreeMap<String, SecretString>;

/// An access token as it authorises requests, with the secrets that its exchange [kept](TokenSet::with_kept), such as
/// a `DPoP` key (RFC 9449) or the token secret of `OAuth` 1.0a (RFC 5849). It never has the refresh token.
///
/// A clone is cheap. The secrets exist once, however many requests read them.
///
/// ```
/// use authn::{Issued, SecretString, Token, TokenSet};
///
/// let tokens = TokenSet::new(Token::new("abc")?).with_kept("secret", SecretString::from("s1"));
/// let issued = Issued::from(tokens);
/// assert_eq!(issued.token().secret(), "abc");
/// assert_eq!(&*issued.kept("secret").unwrap().expose(), "s1");
/// assert_eq!(issued.server_clock_ahead(), None);
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone)]
pub struct Issued {
    token: Token,
    kept: Arc<Kept>,
    /// The last one of the session.
    id_token: Option<SecretString>,
    server_clock_ahead: Option<i64>,
    origins: Option<Arc<Origins>>,
}

impl Issued {
    pub(crate) fn new(token: Token, kept: Arc<Kept>) -> Self {
        Self { token, kept, id_token: None, server_clock_ahead: None, origins: None }
    }

    /// Sets the last ID token of the session.
    pub(crate) fn with_id_token(self, id_token: Option<SecretString>) -> Self {
        Self { id_token, ..self }
    }

    pub(crate) fn id_token(&self) -> Option<&SecretString> {
        self.id_token.as_ref()
    }

    /// Returns the access token with the last ID token of the session, if it came without one.
    pub(crate) fn token_of_session(&self) -> Token {
        let token = self.token.clone();
        match self.id_token.clone().filter(|_| token.id_token().is_none()) {
            Some(id_token) => token.with_id_token(id_token),
            None => token,
        }
    }

    pub(crate) fn with_server_clock_ahead(self, seconds: Option<i64>) -> Self {
        Self { server_clock_ahead: seconds, ..self }
    }

    /// Sets the origins that the server names for the token.
    pub(crate) fn with_origins(self, origins: Option<Arc<Origins>>) -> Self {
        Self { origins, ..self }
    }

    pub(crate) fn origins(&self) -> Option<&Arc<Origins>> {
        self.origins.as_ref()
    }

    /// Returns the access token.
    #[inline]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the secret that was kept under a name.
    pub fn kept(&self, name: &str) -> Option<&SecretString> {
        self.kept.get(name)
    }

    /// Returns by how many seconds the server's clock was ahead of this machine's in the last exchange, for a signature
    /// with a time; negative if it was behind, and `None` if the server did not name its time.
    pub fn server_clock_ahead(&self) -> Option<i64> {
        self.server_clock_ahead
    }

    pub(crate) fn all_kept(&self) -> Arc<Kept> {
        Arc::clone(&self.kept)
    }

    /// Copies the token so that it shares no memory with this one; the secrets are shared.
    pub(crate) fn separate(&self, prefix: &str) -> Result<Self> {
        Ok(Self { token: self.token.separate(prefix)?, ..self.clone() })
    }
}

impl From<Token> for Issued {
    fn from(token: Token) -> Self {
        Self::new(token, Arc::default())
    }
}

impl From<TokenSet> for Issued {
    fn from(tokens: TokenSet) -> Self {
        Self::new(tokens.token().clone(), tokens.all_kept())
            .with_id_token(tokens.id_token().cloned())
            .with_server_clock_ahead(tokens.server_clock_ahead())
            .with_origins(tokens.origins().cloned())
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued(..)")
    }
}
