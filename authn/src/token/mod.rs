//! `Token`: an access token, its `Authorization` value built once and wiped when it goes.

mod claims;
mod issued;
mod token_set;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{
    Error, Result, SecretString,
    time::{Moment, from_unix_nanos, unix_nanos},
};

pub use claims::Claims;
pub use issued::Issued;
pub(crate) use issued::Kept;
pub use token_set::TokenSet;

/// Longest token that is accepted, in bytes. The longest seen in the field (group claims) are near 16 KiB.
const LONGEST: usize = 64 * 1024;

/// The scheme that a token gets unless its server or its configuration says otherwise (RFC 6750, 2.1).
pub(crate) const BEARER: &str = "Bearer";

/// An access token; a clone is cheap and shares its memory.
///
/// ```
/// use authn::Token;
/// use std::time::Duration;
///
/// let token = Token::new("abc")?.with_expires_in(Duration::from_secs(60)).with_scope("read write");
/// assert_eq!(token.secret(), "abc");
/// assert_eq!(token.scope(), Some("read write"));
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(Arc<Data>);

// Aligned so that the reference counts of two stripes (see `cache::slot`) share no cache line.
#[repr(align(128))]
#[derive(Clone)]
struct Data {
    /// The same for all copies of one token, so that `invalidate` can tell which one it is given.
    identity: u64,
    /// `<scheme> <secret>`, wiped on drop; the header value shares it.
    text: Arc<Text>,
    header: HeaderValue,
    /// Length of the scheme and its space.
    skip: usize,
    /// Nanoseconds since the Unix epoch.
    expires_at: Option<i64>,
    /// Set where the server said how long rather than until when.
    lifetime: Option<Duration>,
    token_type: Option<Box<str>>,
    scope: Option<Box<str>>,
    id_token: Option<SecretString>,
}

#[repr(align(128))]
struct Text(Zeroizing<String>);

struct SharedText(Arc<Text>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.0.0.as_bytes()
    }
}

impl Token {
    /// Makes a token that does not say when it expires.
    ///
    /// The secret must be visible ASCII without spaces (RFC 6750, 2.1 allows less still), at most 64 KiB;
    /// anything else could break out of the header it is put into and is an error of kind
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken).
    pub fn new(secret: impl AsRef<str>) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let secret = secret.as_ref();
        check(secret)?;
        let (text, header) = join(BEARER, secret)?;
        Ok(Self(Arc::new(Data {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            text,
            header,
            skip: BEARER.len() + 1,
            expires_at: None,
            lifetime: None,
            token_type: None,
            scope: None,
            id_token: None,
        })))
    }

    /// Says until when the token is valid.
    #[must_use]
    pub fn with_expires_at(self, time: SystemTime) -> Self {
        self.change(|data| {
            data.expires_at = Some(unix_nanos(time));
            data.lifetime = None;
        })
    }

    /// Says how long the token is valid from now on; zero says nothing. A cache counts it from the moment
    /// at which it asked for the token, on both of its clocks.
    #[must_use]
    pub fn with_expires_in(self, lifetime: Duration) -> Self {
        if lifetime.is_zero() {
            return self;
        }
        self.change(|data| {
            let now = crate::time::Clock::system().now();
            data.expires_at = Some(now.plus(lifetime).wall_nanos());
            data.lifetime = Some(lifetime);
        })
    }

    /// Says the token's type as the server named it (RFC 6749, 7.1).
    #[must_use]
    pub fn with_token_type(self, token_type: &str) -> Self {
        self.change(|data| data.token_type = Some(token_type.into()))
    }

    /// Says which scope the server granted, space-separated (RFC 6749, 3.3).
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        self.change(|data| data.scope = Some(scope.into()))
    }

    /// Adds the ID token that came with it (OpenID Connect Core, 3.1.3.3).
    #[must_use]
    pub fn with_id_token(self, id_token: SecretString) -> Self {
        self.change(|data| data.id_token = Some(id_token))
    }

    /// Exposes the token itself.
    #[inline]
    pub fn secret(&self) -> &str {
        &self.0.text.0[self.0.skip..]
    }

    /// Returns the wall-clock time until which the token is valid; `None` if it is not known.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at.map(from_unix_nanos)
    }

    /// Returns the token's type as the server named it.
    pub fn token_type(&self) -> Option<&str> {
        self.0.token_type.as_deref()
    }

    /// Returns the scope that the server granted, space-separated.
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// Returns the ID token that came with it.
    pub fn id_token(&self) -> Option<&SecretString> {
        self.0.id_token.as_ref()
    }

    /// Returns `<prefix> <secret>` as a header value that is marked sensitive; an empty prefix gives the
    /// secret alone. It is shared with the token where the prefix is the one it was built with.
    pub(crate) fn header(&self, prefix: &str) -> Result<HeaderValue> {
        if &self.0.text.0[..self.0.skip.saturating_sub(1)] == prefix {
            return Ok(self.0.header.clone());
        }
        Ok(join(prefix, self.secret())?.1)
    }

    /// Copies the token so that it shares no memory with this one, with its header value for `prefix`.
    pub(crate) fn separate(&self, prefix: &str) -> Result<Self> {
        let (text, header) = join(prefix, self.secret())?;
        let skip = text.0.len() - self.secret().len();
        Ok(Self(Arc::new(Data { text, header, skip, ..Data::clone(&self.0) })))
    }

    /// Returns the moment at which the token expires if it was asked for at `asked` and is looked at `now`.
    pub(crate) fn expiry(&self, asked: Moment, now: Moment) -> Option<Moment> {
        if let Some(lifetime) = self.0.lifetime {
            return Some(asked.plus(lifetime));
        }
        let left = self.0.expires_at?.saturating_sub(now.wall_nanos());
        Some(match u64::try_from(left) {
            Ok(left) => now.plus(Duration::from_nanos(left)),
            Err(_) => now.minus(Duration::from_nanos(left.unsigned_abs())),
        })
    }

    /// Says the expiry that a cache has settled, so that what it hands out tells it too. A token that does not
    /// say when it expires stays as it is.
    pub(crate) fn settled(self, expires: Moment) -> Self {
        match self.0.expires_at {
            Some(_) => self.with_expires_at(expires.wall()),
            None => self,
        }
    }

    /// Returns whether both are copies of one token.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.identity == other.0.identity
    }

    fn change(self, change: impl FnOnce(&mut Data)) -> Self {
        let mut data = Arc::unwrap_or_clone(self.0);
        change(&mut data);
        Self(Arc::new(data))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

fn check(secret: &str) -> Result<()> {
    let problem = if secret.is_empty() {
        "the token is empty"
    } else if secret.len() > LONGEST {
        "the token is longer than 64 KiB"
    } else if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        "the token has characters that no token may have (only visible ASCII without spaces is allowed)"
    } else {
        return Ok(());
    };
    Err(Error::invalid_token(problem).with_help("check where it comes from"))
}

fn join(prefix: &str, secret: &str) -> Result<(Arc<Text>, HeaderValue)> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 1 + secret.len()));
    if !prefix.is_empty() {
        text.push_str(prefix);
        text.push(' ');
    }
    text.push_str(secret);
    let text = Arc::new(Text(text));
    let bytes = Bytes::from_owner(SharedText(Arc::clone(&text)));
    let mut header = HeaderValue::from_maybe_shared(bytes).map_err(|_| {
        Error::configuration("the header prefix has characters that no header may have")
            .with_help("use letters, digits and dashes")
    })?;
    header.set_sensitive(true);
    Ok((text, header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_break_out_of_a_header() {
        for bad in ["", "a b", "a\r\nx: y", "a\0", "ä", "a\t", "a\n"] {
            let error = Token::new(bad).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidToken, "{bad:?}");
        }
        assert!(Token::new("x".repeat(LONGEST)).is_ok());
        assert!(Token::new("x".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn copies_share_identity_but_no_memory() {
        let token = Token::new("abc").unwrap();
        let copy = token.separate("DPoP").unwrap();
        assert!(copy.is_same(&token));
        assert_eq!(copy.secret(), "abc");
        assert_eq!(copy.header("DPoP").unwrap(), "DPoP abc");
        assert_eq!(copy.header("Bearer").unwrap(), "Bearer abc");
        assert_eq!(copy.header("").unwrap(), "abc");
        assert!(copy.header("Bearer").unwrap().is_sensitive());
        assert!(!Token::new("abc").unwrap().is_same(&token));
    }

    #[test]
    fn a_lifetime_counts_from_the_moment_of_asking() {
        let asked = Moment::new(Duration::from_secs(100), Duration::from_secs(5));
        let now = asked.plus(Duration::from_secs(2));
        let token = Token::new("abc").unwrap().with_expires_in(Duration::from_mins(1));
        assert_eq!(token.expiry(asked, now), Some(asked.plus(Duration::from_mins(1))));
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(160);
        let token = Token::new("abc").unwrap().with_expires_at(at);
        assert_eq!(token.expiry(asked, now), Some(now.plus(Duration::from_secs(58))));
        let past = Token::new("abc").unwrap().with_expires_at(SystemTime::UNIX_EPOCH);
        assert!(past.expiry(asked, now).unwrap().reached(now));
    }
}
