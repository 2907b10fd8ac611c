//! The options that every cached provider has in its own table.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

use crate::{
    options::{Field, FromTable, Show, Table, View},
    time::duration,
};

/// How a [`Cached`](crate::Cached) keeps its token fresh.
///
/// ```
/// use authn::CacheOptions;
/// use std::time::Duration;
///
/// let options = CacheOptions::default().with_expiry_threshold(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheOptions {
    pub(super) expiry_threshold: Threshold,
    pub(super) expires_in_fallback: Duration,
    pub(super) minimal_refresh_period: Option<Duration>,
    pub(super) store: Option<String>,
    pub(super) expected_username: Option<String>,
    pub(super) username_claim: Option<String>,
}

/// The earliest time before the end of use at which a refresh may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threshold {
    Auto,
    Fixed(Duration),
}

const FALLBACK: Duration = Duration::from_secs(30);

impl CacheOptions {
    /// Sets the earliest time before the end of use at which a refresh may start. Unset, it is a random 10
    /// to 20 % of the lifetime, at most 5 minutes, so that a fleet does not refresh in step.
    #[must_use]
    pub fn with_expiry_threshold(mut self, threshold: Duration) -> Self {
        self.expiry_threshold = Threshold::Fixed(threshold);
        self
    }

    /// Sets how long a token is taken to live whose server does not say, or says 0; 30 seconds unless set.
    #[must_use]
    pub fn with_expires_in_fallback(mut self, lifetime: Duration) -> Self {
        self.expires_in_fallback = lifetime;
        self
    }

    /// Sets the shortest time between the starts of two exchanges while a token still serves.
    #[must_use]
    pub fn with_minimal_refresh_period(mut self, period: Duration) -> Self {
        self.minimal_refresh_period = Some(period);
        self
    }

    /// Takes only grants that the server says are this user's. Unless it is set, any user's serve.
    #[must_use]
    pub fn with_expected_username(mut self, username: impl Into<String>) -> Self {
        self.expected_username = Some(username.into());
        self
    }

    /// Names the claim that holds the user's name. Unless it is set, it is the first there is of
    /// `preferred_username`, `email` if `email_verified` is `true`, and `sub`. Of these `sub` alone is never
    /// another user's and never changes (OpenID Connect Core, 5.7).
    #[must_use]
    pub fn with_username_claim(mut self, claim: impl Into<String>) -> Self {
        self.username_claim = Some(claim.into());
        self
    }

    /// Names an option that is set and needs to know the user.
    pub(super) fn about_users(&self) -> Option<&'static str> {
        let expected = self.expected_username.as_ref().map(|_| "expected_username");
        expected.or(self.username_claim.as_ref().map(|_| "username_claim"))
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            expiry_threshold: Threshold::Auto,
            expires_in_fallback: FALLBACK,
            minimal_refresh_period: None,
            store: None,
            expected_username: None,
            username_claim: None,
        }
    }
}

impl FromTable for CacheOptions {
    const FIELDS: &'static [Field] = &[
        Field::plain::<Threshold>(
            "expiry_threshold",
            &["Earliest time before the end of use at which a refresh may start; `auto` is a random 10 \
               to 20 % of the lifetime, at most 5 minutes."],
        )
        .with_default(|| Threshold::Auto.show(), "auto"),
        Field::plain::<Duration>(
            "expires_in_fallback",
            &["How long a token is taken to live whose server does not say, or says 0."],
        )
        .with_default(|| FALLBACK.show(), "30s"),
        Field::plain::<Option<Duration>>(
            "minimal_refresh_period",
            &["Shortest time between two refresh exchanges while a token still serves."],
        ),
        Field::plain::<Option<String>>(
            "store",
            &["Where tokens are kept: `memory`, `file`, or a store that the program brings. Unset, it is \
               `file` where a session outlives the program, as with a refresh token, and else `memory`."],
        ),
        Field::plain::<Option<String>>(
            "expected_username",
            &["User whose tokens are to be had. A grant that the server does not vouch for as this user's, \
               in an ID token that is verified, is refused, and nothing of it is kept."],
        ),
        Field::plain::<Option<String>>(
            "username_claim",
            &["Claim that holds the user's name. Unset, it is the first there is of `preferred_username`, \
               `email` if `email_verified` is true, and `sub`, which is the one that never changes."],
        ),
    ];

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let expiry_threshold = table.plain_or("expiry_threshold", || Threshold::Auto);
        let expires_in_fallback = table.plain_or("expires_in_fallback", || FALLBACK);
        let minimal_refresh_period = table.plain("minimal_refresh_period");
        let store = table.plain("store");
        let expected_username = table.plain("expected_username");
        let username_claim = table.plain("username_claim");
        Some(Self {
            expiry_threshold: expiry_threshold?,
            expires_in_fallback: expires_in_fallback?,
            minimal_refresh_period: minimal_refresh_period?,
            store: store?,
            expected_username: expected_username?,
            username_claim: username_claim?,
        })
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
