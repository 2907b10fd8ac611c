//! `Claims`: the claims of a signed token (RFC 7519, 4.1).

use std::time::{Duration, SystemTime};

use authn::{Result, time::Clock};
use serde_json::{Map, Value};

use crate::random::random;

/// Random bytes of a token's identifier: too many to guess or to repeat.
const IDENTIFIER_BYTES: usize = 16;

/// The claims of one token. Each token has its own identifier, so that a server can refuse a replay.
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    /// Creates the claims of a token that is valid from now on: `iat`, `exp` and a new `jti`.
    pub(crate) fn valid_for(lifetime: Duration, clock: &Clock) -> Result<Self> {
        let now = clock.now();
        Ok(Self(Map::new())
            .with("iat", seconds(now.wall()))
            .with("exp", seconds(now.plus(lifetime).wall()))
            .with("jti", random::<IDENTIFIER_BYTES>()?.as_str()))
    }

    /// Makes the token invalid before now (`nbf`), which some profiles require.
    #[must_use]
    pub(crate) fn not_before_now(self) -> Self {
        let now = self.0["iat"].clone();
        self.with("nbf", now)
    }

    /// Adds a claim.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// Returns a time as a `NumericDate` (RFC 7519, 2) in whole seconds.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use authn::time::ManualClock;

    use super::*;

    #[test]
    fn each_token_is_dated_by_the_clock_and_has_an_identifier_of_its_own() {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let parse = |claims: &Claims| serde_json::from_str::<Value>(&claims.to_json()).unwrap();
        let minute = Duration::from_mins(1);
        let first = parse(&Claims::valid_for(minute, &clock).unwrap().with("iss", "me"));
        manual.advance(minute);
        let second = parse(&Claims::valid_for(minute, &clock).unwrap());
        assert_eq!(first["iss"], "me");
        assert_eq!(first["exp"], second["iat"]);
        assert_eq!(first["exp"].as_u64().unwrap() - first["iat"].as_u64().unwrap(), 60);
        assert_ne!(first["jti"], second["jti"]);
        assert_eq!(first["jti"].as_str().unwrap().len(), 22);
    }
}
