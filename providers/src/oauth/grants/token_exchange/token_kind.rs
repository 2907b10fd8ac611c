//! `TokenKind`: the type of a token that is exchanged (RFC 8693, 3).

use std::fmt;

use authn::{Error, Result, Show, View};
use serde::{Deserialize, Deserializer, de};

use crate::{nested::Sent, token_endpoint::Form};

const PREFIX: &str = "urn:ietf:params:oauth:token-type:";
/// The registered types, by the ends of their URIs.
const NAMES: [&str; 6] = ["access_token", "id_token", "jwt", "refresh_token", "saml1", "saml2"];
const EXPECTED: &str =
    "`access_token`, `id_token`, `jwt`, `refresh_token`, `saml1`, `saml2`, or a URI";

/// The type of a token: the URI of a registered type or of a server's own.
#[derive(Clone)]
pub(super) struct TokenKind(String);

impl TokenKind {
    /// Returns the type with a name or a URI.
    fn of(text: &str) -> Option<Self> {
        if NAMES.contains(&text) {
            return Some(Self(format!("{PREFIX}{text}")));
        }
        let (scheme, rest) = text.split_once(':')?;
        let is_uri = !scheme.is_empty()
            && !rest.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_uri.then(|| Self(text.to_owned()))
    }

    pub(super) fn uri(&self) -> &str {
        &self.0
    }

    fn name(&self) -> Option<&str> {
        self.0.strip_prefix(PREFIX)
    }

    pub(super) fn is_access_token(&self) -> bool {
        self.name() == Some("access_token")
    }

    /// Returns whether a token of an issued type is one of this type. An access token can be a JWT, and servers call it
    /// either.
    pub(super) fn is_served_by(&self, issued: &str) -> bool {
        let either = |name: Option<&str>| matches!(name, Some("access_token" | "jwt"));
        self.0 == issued || (either(self.name()) && either(issued.strip_prefix(PREFIX)))
    }

    pub(super) fn is_id_token(&self) -> bool {
        self.name() == Some("id_token")
    }

    /// Adds a token with its type to a form, as the parameters `name` and `name_type`. If the type says so, it is the ID token
    /// of the same session.
    pub(super) fn add(
        kind: Option<&Self>,
        form: &mut Form,
        name: &str,
        sent: &Sent<'_>,
    ) -> Result<()> {
        match kind.filter(|kind| kind.is_id_token()) {
            Some(_) => form.add(name, &sent.id_token().ok_or_else(|| no_id_token(name))?.expose()),
            None => form.add(name, sent.token().secret()),
        }
        let access_token = format!("{PREFIX}access_token");
        form.add(&format!("{name}_type"), kind.map_or(&access_token, |kind| &kind.0));
        Ok(())
    }
}

fn no_id_token(name: &str) -> Error {
    let provider = name.trim_end_matches("_token");
    Error::configuration(format!(
        "the server of `{provider}` has issued no ID token, but `{name}_type` is `id_token`"
    ))
    .with_help(format!(
        "ask for the scope `openid` there and log in again, or set `{name}_type = \"access_token\"`"
    ))
}

impl<'de> Deserialize<'de> for TokenKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = TokenKind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<TokenKind, E> {
                let kind = TokenKind::of(text);
                kind.ok_or_else(|| E::invalid_value(de::Unexpected::Str(""), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl Show for TokenKind {
    fn show(&self) -> View {
        View::text(self.name().filter(|name| NAMES.contains(name)).unwrap_or(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_uris_are_types() {
        for (text, uri) in [
            ("access_token", Some("urn:ietf:params:oauth:token-type:access_token")),
            ("saml2", Some("urn:ietf:params:oauth:token-type:saml2")),
            ("urn:ietf:params:oauth:token-type:jwt", Some("urn:ietf:params:oauth:token-type:jwt")),
            (
                "urn:ietf:params:aws:token-type:aws4_request",
                Some("urn:ietf:params:aws:token-type:aws4_request"),
            ),
            ("https://idp.test/badge", Some("https://idp.test/badge")),
            ("saml", None),
            ("Access_Token", None),
            ("", None),
            (":x", None),
            ("urn:", None),
            ("urn:a b", None),
        ] {
            assert_eq!(TokenKind::of(text).as_ref().map(TokenKind::uri), uri, "{text}");
        }
    }

    #[test]
    fn an_access_token_can_be_a_jwt_and_nothing_else() {
        for (requested, issued, is_served) in [
            ("access_token", "access_token", true),
            ("access_token", "jwt", true),
            ("jwt", "access_token", true),
            ("access_token", "refresh_token", false),
            ("id_token", "access_token", false),
            ("id_token", "id_token", true),
        ] {
            let requested = TokenKind::of(requested).unwrap();
            assert_eq!(requested.is_served_by(&format!("{PREFIX}{issued}")), is_served, "{issued}");
        }
        let own = TokenKind::of("https://idp.test/badge").unwrap();
        assert!(
            own.is_served_by("https://idp.test/badge") && !own.is_served_by("https://idp.test/x")
        );
    }
}
