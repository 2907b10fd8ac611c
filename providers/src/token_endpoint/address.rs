//! `Address`: a URL that keeps the text it was configured with, because issuers are compared byte for byte
//! (RFC 8414, 3.3).

use std::fmt;

use authn::{Error, Result, Show, Url, View};
use serde::{Deserialize, Deserializer, de};

/// An endpoint or an issuer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    url: Url,
}

impl Address {
    /// Parses a URL; `None` if it is not one of a server.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        Some(Self { text: text.to_owned(), url })
    }

    /// Gives the text it was configured with.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Gives the URL.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Gives the issuer of a realm at this Keycloak server.
    pub(crate) fn realm(&self, realm: &str) -> Result<Self> {
        let bad = || Error::configuration("`realm` is no name of a realm; check it");
        if realm.is_empty() || realm.contains(['/', '?', '#']) {
            return Err(bad());
        }
        let text = format!("{}/realms/{realm}", self.text.trim_end_matches('/'));
        Self::parse(&text).ok_or_else(bad)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
                let parsed = Address::parse(text);
                parsed.ok_or_else(|| E::invalid_value(de::Unexpected::Other("text"), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Show for Address {
    fn show(&self) -> View {
        View::text(&self.text)
    }
}
