//! `CacheOptions`: the options that every cached provider has in its table.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

use crate::{
    Options,
    options::{Show, View},
    time::duration,
};

/// The lifetime of a token if its server names none. A token that lives longer is renewed too often, and one that has
/// ended is not used for long.
const FALLBACK: Duration = Duration::from_secs(30);

/// How a [`Cached`](crate::Cached) keeps its token fresh.
///
/// ```
/// use authn::CacheOptions;
/// use std::time::Duration;
///
/// let options = CacheOptions::default()
///     .with_expiry_threshold(Duration::from_secs(60))
///     .with_clock_skew(Duration::from_secs(2))
///     .with_expires_in_fallback(Duration::from_secs(300))
///     .with_minimal_refresh_period(Duration::from_secs(10))
///     .with_expected_username("alice")
///     .with_username_claim("sub");
/// ```
#[derive(Clone, Options)]
#[options(default)]
#[non_exhaustive]
#[must_use]
pub struct CacheOptions {
    /// How long before the end of use a refresh may start. `auto` is 10 to 20 % of the lifetime, chosen at random, and at
    /// most 2.5 to 5 minutes.
    #[default(Threshold::Auto)]
    pub(super) expiry_threshold: Threshold,
    /// How long before its expiry a token is no longer used, because clocks differ and a request takes time to arrive. `auto`
    /// is 10 seconds or a tenth of the lifetime, whichever is less. If an exchange fails, the token is used until it expires.
    #[default(Threshold::Auto)]
    pub(super) clock_skew: Threshold,
    /// Lifetime of a token if the server does not name one, or names 0. Unset, it is 30 seconds, and the token of a login
    /// that nothing can renew is used until a server refuses it.
    pub(super) expires_in_fallback: Option<Duration>,
    /// Shortest time between two refreshes while the token is valid.
    pub(super) minimal_refresh_period: Option<Duration>,
    /// Store of the tokens: `memory`, `file`, or the name of another store. Unset, it is `file` for sessions that outlive
    /// the program, such as those with a refresh token; in the command line also for tokens that depend on nothing but the
    /// options, such as those of a client secret; otherwise `memory`.
    pub(super) store: Option<String>,
    /// User that the tokens must belong to. Tokens are refused, and not stored, unless the server names this user, such
    /// as in a verified ID token.
    pub(super) expected_username: Option<String>,
    /// Claim with the user's name. Unset, it is the first that the token has: `preferred_username`, a verified `email`,
    /// `sub`. Only `sub` never changes.
    pub(super) username_claim: Option<String>,
}

/// A time that is chosen by the lifetime of a token, or fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threshold {
    Auto,
    Fixed(Duration),
}

impl CacheOptions {
    /// Sets the earliest time before the end of use at which a refresh may start. Unset, it is a random 10 to 20 % of
    /// the lifetime, or a random 2.5 to 5 minutes if that is less, so that many clients don't refresh at the same time.
    pub fn with_expiry_threshold(self, threshold: Duration) -> Self {
        Self { expiry_threshold: Threshold::Fixed(threshold), ..self }
    }

    /// Sets how long before its expiry a token is no longer used. Unset, it is 10 seconds or a tenth of the lifetime,
    /// whichever is less. If it is longer than the lifetime, every call waits for an exchange.
    pub fn with_clock_skew(self, skew: Duration) -> Self {
        Self { clock_skew: Threshold::Fixed(skew), ..self }
    }

    /// Sets the lifetime of a token if the server does not name one, or names 0. Unset, it is 30 seconds, and the token
    /// of a login that nothing can renew is used until a server refuses it.
    pub fn with_expires_in_fallback(self, lifetime: Duration) -> Self {
        Self { expires_in_fallback: Some(lifetime), ..self }
    }

    /// Sets the shortest time between the starts of two exchanges while the token is valid.
    pub fn with_minimal_refresh_period(self, period: Duration) -> Self {
        Self { minimal_refresh_period: Some(period), ..self }
    }

    /// Refuses the tokens of every other user. Unset, the tokens of any user are accepted.
    pub fn with_expected_username(self, username: impl Into<String>) -> Self {
        Self { expected_username: Some(username.into()), ..self }
    }

    /// Sets the claim with the user's name. Unset, it is the first of `preferred_username`, `email` if `email_verified`
    /// is `true`, and `sub` that is there. Only `sub` never changes and is never reused for another user (OpenID
    /// Connect Core, section 5.7).
    pub fn with_username_claim(self, claim: impl Into<String>) -> Self {
        Self { username_claim: Some(claim.into()), ..self }
    }

    /// Returns the lifetime of a token without one; `None` if it has no end. `is_lasting` is whether it is of a login that
    /// nothing can renew.
    pub(super) fn fallback(&self, is_lasting: bool) -> Option<Duration> {
        self.expires_in_fallback.or_else(|| (!is_lasting).then_some(FALLBACK))
    }

    /// Returns the key of an option that is set and depends on the user.
    pub(super) fn about_users(&self) -> Option<&'static str> {
        let expected = self.expected_username.as_ref().map(|_| "expected_username");
        expected.or(self.username_claim.as_ref().map(|_| "username_claim"))
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Threshold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a duration like `5s`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Threshold, E> {
                if text == "auto" {
                    return Ok(Threshold::Auto);
                }
                let parsed = duration::parse(text).map(Threshold::Fixed);
                parsed.ok_or_else(|| E::invalid_value(de::Unexpected::Str(""), &self))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Threshold, E> {
                let seconds = u64::try_from(seconds)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(0), &self))?;
                Ok(Threshold::Fixed(Duration::from_secs(seconds)))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Show for Threshold {
    fn show(&self) -> View {
        match self {
            Self::Auto => View::text("auto"),
            Self::Fixed(threshold) => threshold.show(),
        }
    }
}
