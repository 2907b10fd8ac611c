//! `Claims`: the claims of an ID token (OpenID Connect Core 1.0, 2), and their checks (3.1.3.7).

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};

use authn::private::sorted;

use serde_json::{Map, Value};

use super::Failure;
use crate::token_endpoint::template;

/// How long after its expiry a token is still accepted, because clocks of two machines differ.
const LEEWAY: Duration = Duration::from_mins(1);

/// How far in the future a token may have been issued. It can be more than [`LEEWAY`], because it does not extend the
/// token's validity.
const AHEAD: Duration = Duration::from_mins(5);

/// Most claims that a token may have.
const MOST_CLAIMS: usize = 256;

/// Longest claim that is kept, in bytes. Names are shorter, and pictures are longer.
const LONGEST: usize = 1024;

/// The text claims of a verified ID token.
pub(crate) struct Claims {
    texts: BTreeMap<String, String>,
}

/// The values that an ID token must contain.
pub(crate) struct Expected<'a> {
    /// With `{tenantid}`, the claim `tid` is in its place.
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// `None` if no nonce was sent. Then any nonce is accepted.
    pub(crate) nonce: Option<&'a str>,
    /// How long ago the user may have logged in. `None` if it was not limited.
    pub(crate) max_age: Option<Duration>,
    pub(crate) now: SystemTime,
}

impl Claims {
    /// Returns the user's identifier, which is unique at the server. It can be unreadable.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Returns a text claim at the top level. An `email` that the server calls unverified is left out, because any user
    /// could have entered it. Texts that are longer than a kibibyte or have control characters are left out too.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

impl From<Claims> for authn::Claims {
    fn from(claims: Claims) -> Self {
        Self::new(claims.texts)
    }
}

/// Shows no claim, because claims are personal data.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl Expected<'_> {
    /// Checks a payload. The error contains nothing of it.
    pub(crate) fn check(&self, payload: &[u8]) -> Result<Claims, Failure> {
        let Ok(Value::Object(claims)) = serde_json::from_slice(payload) else {
            let help = "check that the address is a token endpoint";
            return Err(Failure::mismatch("has no claims", help));
        };
        if claims.len() > MOST_CLAIMS {
            let help = "configure the server to put fewer claims into it";
            return Err(Failure::mismatch("has more than 256 claims", help));
        }
        let issuer = if template::is_one(self.issuer) {
            text(&claims, "tid").and_then(|tenant| template::filled(self.issuer, tenant))
        } else {
            Some(self.issuer.to_owned())
        };
        if issuer.is_none() || text(&claims, "iss") != issuer.as_deref() {
            let help = "check `issuer_url` and `issuer`";
            return Err(Failure::mismatch("names another issuer than configured", help));
        }
        self.audience(&claims)?;
        self.time(&claims)?;
        self.age(&claims)?;
        // The comparison need not take constant time: an attacker who could repeat it would need the server's key, and
        // a nonce is used for one login only.
        if self.nonce.is_some_and(|nonce| text(&claims, "nonce") != Some(nonce)) {
            return Err(Failure::mismatch("belongs to another login", "log in again"));
        }
        let texts = texts(claims);
        if texts.get("sub").is_none_or(String::is_empty) {
            let help = "configure the server to put `sub` into it";
            return Err(Failure::mismatch("does not name its user", help));
        }
        Ok(Claims { texts })
    }

    fn audience(&self, claims: &Map<String, Value>) -> Result<(), Failure> {
        let other = |what| Failure::mismatch(what, "check `client_id`");
        let several = match claims.get("aud") {
            Some(Value::String(audience)) if audience == self.client_id => false,
            Some(Value::Array(audiences))
                if audiences.iter().all(Value::is_string)
                    && audiences.iter().any(|audience| audience == self.client_id) =>
            {
                audiences.len() > 1
            }
            _ => return Err(other("is for another client")),
        };
        match claims.get("azp") {
            Some(Value::String(party)) if party == self.client_id => Ok(()),
            None if !several => Ok(()),
            None => Err(Failure::mismatch(
                "is for several clients and does not name the client that it was issued to",
                "configure the server to put `azp` into it",
            )),
            Some(_) => Err(other("was issued for another client")),
        }
    }

    fn time(&self, claims: &Map<String, Value>) -> Result<(), Failure> {
        const CLOCK: &str = "check this machine's clock";
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = |time: Duration| time.as_secs_f64();
        let end = claims.get("exp").and_then(Value::as_f64).ok_or_else(|| {
            let help = "configure the server to put `exp` into it";
            Failure::mismatch("does not say when it expires", help)
        })?;
        if seconds(since) >= end + seconds(LEEWAY) {
            return Err(Failure::mismatch("has expired", CLOCK));
        }
        for name in ["iat", "nbf"] {
            let Some(date) = claims.get(name) else { continue };
            let date = date.as_f64().ok_or_else(|| {
                Failure::mismatch("has a date that is not a number", "check the server")
            })?;
            if date > seconds(since) + seconds(AHEAD) {
                return Err(Failure::mismatch("was issued in the future", CLOCK));
            }
        }
        Ok(())
    }

    /// Checks that the user has logged in recently enough (OpenID Connect Core 1.0, 3.1.3.7, 13).
    fn age(&self, claims: &Map<String, Value>) -> Result<(), Failure> {
        let Some(max_age) = self.max_age else { return Ok(()) };
        let login = claims.get("auth_time").and_then(Value::as_f64).ok_or_else(|| {
            let help = "configure the server to put `auth_time` into it, or remove `max_age`";
            Failure::mismatch(
                "does not say when the user logged in, although `max_age` was sent",
                help,
            )
        })?;
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if since.as_secs_f64() > login + (max_age.saturating_add(LEEWAY)).as_secs_f64() {
            let help = "log in again, and check this machine's clock";
            return Err(Failure::mismatch("proves a login that is older than `max_age`", help));
        }
        Ok(())
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Returns the texts that can be a user's name.
fn texts(mut claims: Map<String, Value>) -> BTreeMap<String, String> {
    // Some servers send booleans as texts.
    let is_verified = match claims.get("email_verified") {
        None | Some(Value::Bool(true)) => true,
        Some(verified) => verified == "true",
    };
    if !is_verified {
        claims.remove("email");
    }
    let texts = claims.into_iter().filter_map(|(name, value)| match value {
        // A program that uses the email address as a name needs to know.
        Value::Bool(true) if name == "email_verified" => Some((name, "true".to_owned())),
        Value::String(text) if is_name(&text) => Some((name, text)),
        _ => None,
    });
    sorted(texts)
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains(char::is_control)
}
