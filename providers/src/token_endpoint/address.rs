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

    /// Returns whether it has a user name or a password.
    pub(crate) fn has_user(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
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

    /// Returns the issuer whose metadata are at this address (RFC 8414, 3; OpenID Connect Discovery 1.0, 4), or the address
    /// itself if it is not one of metadata.
    pub(crate) fn without_well_known(&self) -> Self {
        const AT_THE_END: &str = "/.well-known/openid-configuration";
        const BEFORE_THE_PATH: &str = "/.well-known/oauth-authorization-server";
        let issuer = match self.text.strip_suffix(AT_THE_END) {
            Some(issuer) => Some(issuer.to_owned()),
            None => self.text.split_once(BEFORE_THE_PATH).and_then(|(origin, path)| {
                (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
            }),
        };
        issuer.and_then(|issuer| Self::parse(&issuer)).unwrap_or_else(|| self.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_metadata_is_that_of_their_issuer() {
        for (address, issuer) in [
            ("https://i.test/.well-known/openid-configuration", "https://i.test"),
            ("https://i.test/a/.well-known/openid-configuration", "https://i.test/a"),
            ("https://i.test/.well-known/oauth-authorization-server", "https://i.test"),
            ("https://i.test/.well-known/oauth-authorization-server/a/b", "https://i.test/a/b"),
            ("https://i.test/.well-known/oauth-authorization-servers", ""),
            ("https://i.test/a/.well-known/openid-configuration/b", ""),
            ("https://i.test/a/", ""),
        ] {
            let expected = if issuer.is_empty() { address } else { issuer };
            let found = Address::parse(address).unwrap().without_well_known();
            assert_eq!(
                (found.as_str(), found.url().as_str().trim_end_matches('/')),
                (expected, expected.trim_end_matches('/'))
            );
        }
    }
}
