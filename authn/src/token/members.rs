//! `Members`: the members of a JSON object in which a server says something about a token or a user.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Members by their names. No name is repeated.
#[derive(Clone)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Parses a JSON object. It is an error if a name is repeated: two parsers could then read different values (RFC 8259,
    /// section 4). `what` is what the object is, for the error.
    pub(super) fn parse(json: &[u8], what: &str) -> Result<Self> {
        serde_json::from_slice(json).map_err(|_| {
            Error::protocol(format!("{what} is not a JSON object, or repeats a member"))
                .with_help("check the address")
        })
    }

    /// Returns a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Returns a boolean.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// Returns a list of texts, or one text.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns a time (RFC 7519, section 2). A fraction of a second is cut off; a time that can't be represented, such as
    /// one before 1970, is `None`.
    pub(super) fn time(&self, name: &str) -> Option<SystemTime> {
        let value = self.0.get(name)?;
        let since = value.as_u64().map(Duration::from_secs);
        let since = since.or_else(|| Duration::try_from_secs_f64(value.as_f64()?.trunc()).ok());
        SystemTime::UNIX_EPOCH.checked_add(since?)
    }

    /// Parses a member; `None` if it is missing or `null`.
    pub(super) fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        T::deserialize(value).map(Some).map_err(|_| {
            Error::protocol("the server sent a claim of another type than expected")
                .with_help("ask for another type, or check the server's configuration")
        })
    }
}

/// Shows the names alone: the values are personal data.
impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is repeated"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
