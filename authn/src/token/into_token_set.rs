//! `IntoTokenSet`: what a closure may return as its tokens.

use std::time::SystemTime;

use super::{Issued, Token, TokenSet};
use crate::{Result, SecretString};

/// What a [hook](crate::hooks::Hook) or [`from_fn`](crate::from_fn) may return: a [`Token`], a [`TokenSet`], or a pair of a
/// token's text and the time of its expiry. Another type needs a conversion of its own.
///
/// ```
/// use authn::{IntoTokenSet, Result, Token, TokenSet};
/// use std::time::{Duration, SystemTime};
///
/// /// What the company's library returns.
/// struct Ticket {
///     text: String,
///     lifetime: Duration,
/// }
///
/// impl IntoTokenSet for Ticket {
///     fn into_token_set(self) -> Result<TokenSet> {
///         Token::new(self.text)?.with_expires_in(self.lifetime).into_token_set()
///     }
/// }
///
/// let pair = ("eyJ0", SystemTime::now() + Duration::from_secs(60));
/// assert_eq!(pair.into_token_set()?.token().secret(), "eyJ0");
/// # Ok::<(), authn::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `Token`, a `TokenSet` nor a pair of a text and a `SystemTime`",
    label = "return one of them, or implement `authn::IntoTokenSet` for it"
)]
pub trait IntoTokenSet {
    /// Returns the tokens. A text that can't be a token is an error of kind
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken).
    fn into_token_set(self) -> Result<TokenSet>;
}

impl IntoTokenSet for TokenSet {
    fn into_token_set(self) -> Result<TokenSet> {
        Ok(self)
    }
}

impl IntoTokenSet for Token {
    fn into_token_set(self) -> Result<TokenSet> {
        Ok(self.into())
    }
}

impl IntoTokenSet for Issued {
    fn into_token_set(self) -> Result<TokenSet> {
        Ok(self.into())
    }
}

impl<S: AsRef<str>> IntoTokenSet for (S, SystemTime) {
    fn into_token_set(self) -> Result<TokenSet> {
        let (text, expiry) = self;
        Token::new(text)?.with_expires_at(expiry).into_token_set()
    }
}

impl IntoTokenSet for (SecretString, SystemTime) {
    fn into_token_set(self) -> Result<TokenSet> {
        let (text, expiry) = self;
        (&*text.expose(), expiry).into_token_set()
    }
}
