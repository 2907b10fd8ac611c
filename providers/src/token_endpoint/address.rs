//! `Address`: a URL that keeps its configured text, because issuers and redirect addresses are compared byte for byte
//! (RFC 8414, 3.3; RFC 6749, 3.1.2.3).

use std::fmt;

use authn::{Error, Result, Show, Url, View};
use serde::{Deserialize, Deserializer, de};

/// An endpoint or an issuer.
pub(crate) type Address = AnyAddress<true>;

/// A URL. With `OF_SERVER` it must have a host; otherwise it can be an address such as `com.example.app:/callback`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AnyAddress<const OF_SERVER: bool = false> {
    text: String,
    url: Url,
}

impl<const OF_SERVER: bool> AnyAddress<OF_SERVER> {
    /// Parses a URL. Returns `None` if it is invalid, or if it needs a host and has none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| !OF_SERVER || url.has_host())?;
        Some(Self { text: text.to_owned(), url })
    }

    /// Returns the configured text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the URL.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl Address {
    /// Returns the issuer of a realm at this Keycloak server.
    pub(crate) fn realm(&self, realm: &str) -> Result<Self> {
        let bad = || {
            Error::configuration("`realm` is not the name of a realm")
                .with_help("set it to the realm's name, without `/`, `?` and `#`")
        };
        if realm.is_empty() || realm.contains(['/', '?', '#']) {
            return Err(bad());
        }
        let text = format!("{}/realms/{realm}", self.text.trim_end_matches('/'));
        Self::parse(&text).ok_or_else(bad)
    }
}

impl<'de, const OF_SERVER: bool> Deserialize<'de> for AnyAddress<OF_SERVER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const OF_SERVER: bool>;
        impl<const OF_SERVER: bool> de::Visitor<'_> for Visitor<OF_SERVER> {
            type Value = AnyAddress<OF_SERVER>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let parsed = AnyAddress::parse(text);
                parsed.ok_or_else(|| E::invalid_value(de::Unexpected::Other("text"), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl<const OF_SERVER: bool> Show for AnyAddress<OF_SERVER> {
    fn show(&self) -> View {
        View::text(&self.text)
    }
}
