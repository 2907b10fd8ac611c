//! `RedirectUri`: where a browser comes back to, as it is configured, because servers compare it to the letter
//! (RFC 6749, 3.1.2.3). It may have no host, as `com.example.app:/callback`.

use std::fmt;

use authn::{Result, Show, Url, View};
use serde::{Deserialize, Deserializer, de};

/// A configured redirect address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// Gives the text it was configured with.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Gives the address.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

impl<'de> Deserialize<'de> for RedirectUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = RedirectUri;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RedirectUri, E> {
                let url = Url::parse(text)
                    .map_err(|_| E::invalid_value(de::Unexpected::Other("text"), &self))?;
                Ok(RedirectUri { text: text.to_owned(), url })
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Show for RedirectUri {
    fn show(&self) -> View {
        View::text(&self.text)
    }
}
