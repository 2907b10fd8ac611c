//! `Token`: an access token. Its `Authorization` value is built once, and wiped when the token is dropped.

mod claims;
mod fragment;
mod into_token_set;
mod introspection;
mod issued;
mod members;
mod seconds;
mod token_set;
mod update;
mod user_info;

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{
    Error, Result, SecretString,
    time::{Clock, Moment, from_unix_nanos, unix_nanos},
};

pub use claims::Claims;
pub use into_token_set::IntoTokenSet;
pub use introspection::Introspection;
pub use issued::Issued;
pub(crate) use issued::Kept;
pub use seconds::seconds;
pub use token_set::TokenSet;
pub(crate) use update::OnUpdate;
pub use update::Update;
pub use user_info::UserInfo;

/// Longest token that is accepted, in bytes. The longest known tokens, with group claims, have nearly 16 KiB.
const LONGEST: usize = 64 * 1024;

/// The scheme of a token, unless its server or the configuration names another (RFC 6750, section 2.1).
pub(crate) const BEARER: &str = "Bearer";

/// An access token. A clone is cheap and shares its memory.
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
///
/// Two tokens are the same if their [`secret`](Self::secret) is.
#[derive(Clone)]
pub struct Token(Arc<Data>);

// Aligned so that the reference counts of two stripes (see `Striped`) share no cache line.
#[repr(align(128))]
#[derive(Clone)]
struct Data {
    /// The same for all copies of one token, so that `invalidate` recognises it.
    identity: u64,
    /// `<scheme> <secret>`, wiped on drop; the header value shares it.
    text: Arc<Text>,
    header: HeaderValue,
    /// Length of the scheme and its space.
    skip: usize,
    /// Whether the scheme is [`BEARER`].
    is_bearer: bool,
    /// Nanoseconds since the Unix epoch.
    expires_at: Option<i64>,
    /// Set if the token has no expiry, rather than one that is not known.
    never_expires: bool,
    /// Set if the server named the lifetime rather than the time of expiry.
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
    /// Creates a token whose expiry is not known. A cache uses it for the time of
    /// [`expires_in_fallback`](crate::CacheOptions::with_expires_in_fallback).
    ///
    /// The secret must be visible ASCII without spaces, at most 64 KiB (RFC 6750, section 2.1 allows fewer characters).
    /// Any other text could break out of its header, and fails with
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
            is_bearer: true,
            expires_at: None,
            never_expires: false,
            lifetime: None,
            token_type: None,
            scope: None,
            id_token: None,
        })))
    }

    /// Creates a token that has expired, for a session whose access token is not known.
    pub(crate) fn placeholder() -> Self {
        static PLACEHOLDER: LazyLock<Token> = LazyLock::new(|| {
            let expired =
                Token::new("-").map(|token| token.with_expires_at(SystemTime::UNIX_EPOCH));
            expired.unwrap_or_else(|_| unreachable!("a dash is visible ASCII"))
        });
        PLACEHOLDER.clone()
    }

    /// Sets the time until which the token is valid.
    #[must_use]
    pub fn with_expires_at(self, time: SystemTime) -> Self {
        self.change(|data| {
            data.expires_at = Some(unix_nanos(time));
            data.never_expires = false;
            data.lifetime = None;
        })
    }

    /// Sets that the token never expires. A cache uses it until a server refuses it, whatever
    /// [`expires_in_fallback`](crate::CacheOptions::with_expires_in_fallback) is.
    ///
    /// ```
    /// use authn::{Token, time::Clock};
    /// use std::time::SystemTime;
    ///
    /// let token = Token::new("abc")?.with_expires_at(SystemTime::UNIX_EPOCH);
    /// assert!(token.is_expired(&Clock::system()));
    /// assert!(!token.without_expiry().is_expired(&Clock::system()));
    /// # Ok::<(), authn::Error>(())
    /// ```
    #[must_use]
    pub fn without_expiry(self) -> Self {
        self.change(|data| {
            data.expires_at = None;
            data.never_expires = true;
            data.lifetime = None;
        })
    }

    /// Sets the lifetime from now on; zero sets nothing. "Now" is the system's time. A cache counts the lifetime from the
    /// moment at which it asked for the token, on its own clock.
    #[must_use]
    pub fn with_expires_in(self, lifetime: Duration) -> Self {
        if lifetime.is_zero() {
            return self;
        }
        self.change(|data| {
            let now = Clock::system().now();
            data.expires_at = Some(now.plus(lifetime).wall_nanos());
            data.never_expires = false;
            data.lifetime = Some(lifetime);
        })
    }

    /// Sets the token's type as the server named it (RFC 6749, section 7.1).
    #[must_use]
    pub fn with_token_type(self, token_type: &str) -> Self {
        self.change(|data| data.token_type = Some(token_type.into()))
    }

    /// Sets the scope that the server granted, space-separated (RFC 6749, section 3.3).
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        self.change(|data| data.scope = Some(scope.into()))
    }

    /// Adds the ID token of the same answer (OpenID Connect Core, section 3.1.3.3).
    #[must_use]
    pub fn with_id_token(self, id_token: SecretString) -> Self {
        self.change(|data| data.id_token = Some(id_token))
    }

    /// Returns the token itself, which is a secret.
    #[inline]
    pub fn secret(&self) -> &str {
        &self.0.text.0[self.0.skip..]
    }

    /// Returns the wall-clock time until which the token is valid; `None` if it is not known, or if the token never
    /// expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at.map(from_unix_nanos)
    }

    /// Returns whether the token has expired by the wall-clock time of a clock. A token without a known expiry has not.
    pub fn is_expired(&self, clock: &Clock) -> bool {
        self.0.expires_at.is_some_and(|at| at <= clock.now().wall_nanos())
    }

    pub(crate) fn never_expires(&self) -> bool {
        self.0.never_expires
    }

    /// Returns the token's type as the server named it.
    pub fn token_type(&self) -> Option<&str> {
        self.0.token_type.as_deref()
    }

    /// Returns the scope that the server granted, space-separated.
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// Returns the ID token of the same answer.
    ///
    /// ```
    /// use authn::Token;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let expiry = SystemTime::now() + Duration::from_secs(60);
    /// let token = Token::new("abc")?
    ///     .with_expires_at(expiry)
    ///     .with_token_type("DPoP")
    ///     .with_id_token("e30.e30.c2ln".into());
    /// assert_eq!(token.token_type(), Some("DPoP"));
    /// assert!(token.id_token().is_some());
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn id_token(&self) -> Option<&SecretString> {
        self.0.id_token.as_ref()
    }

    /// Returns `Bearer <secret>` as the value of a header, marked as sensitive (RFC 6750, section 2.1).
    ///
    /// ```
    /// use authn::Token;
    ///
    /// let value = Token::new("abc")?.header_value()?;
    /// assert_eq!(value, "Bearer abc");
    /// assert!(value.is_sensitive());
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn header_value(&self) -> Result<HeaderValue> {
        self.bearer()
    }

    #[inline]
    pub(crate) fn bearer(&self) -> Result<HeaderValue> {
        if self.0.is_bearer { Ok(self.0.header.clone()) } else { self.header(BEARER) }
    }

    /// Returns `<prefix> <secret>` as a header value that is marked as sensitive. With an empty prefix it is the secret
    /// alone. The value of the prefix that the token was built with shares its memory.
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
        let is_bearer = prefix == BEARER;
        Ok(Self(Arc::new(Data { text, header, skip, is_bearer, ..Data::clone(&self.0) })))
    }

    /// Returns the moment of expiry of a token that was asked for at `asked`; `now` is the present moment.
    pub(crate) fn expiry(&self, asked: Moment, now: Moment) -> Option<Moment> {
        if self.0.never_expires {
            return Some(Moment::NEVER);
        }
        if let Some(lifetime) = self.0.lifetime {
            return Some(asked.plus(lifetime));
        }
        let left = self.0.expires_at?.saturating_sub(now.wall_nanos());
        Some(match u64::try_from(left) {
            Ok(left) => now.plus(Duration::from_nanos(left)),
            Err(_) => now.minus(Duration::from_nanos(left.unsigned_abs())),
        })
    }

    /// Sets the expiry that the cache has calculated. A token without an expiry stays as it is.
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
    use crate::time::ManualClock;

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
    fn the_last_word_about_the_expiry_holds() {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let (hour, new) = (Duration::from_hours(1), || Token::new("abc").unwrap());
        let end = clock.now().wall() + hour;
        for (token, expires, never) in [
            (new(), false, false),
            (new().without_expiry(), false, true),
            (new().with_expires_at(end).without_expiry(), false, true),
            (new().with_expires_in(hour).without_expiry(), false, true),
            (new().without_expiry().with_expires_in(Duration::ZERO), false, true),
            (new().without_expiry().with_expires_at(end), true, false),
        ] {
            assert_eq!(token.expires_at().is_some(), expires);
            assert_eq!(token.expiry(clock.now(), clock.now()) == Some(Moment::NEVER), never);
            assert!(!token.is_expired(&clock));
        }
        let token = new().with_expires_at(end);
        manual.advance(hour);
        assert!(token.is_expired(&clock));
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
