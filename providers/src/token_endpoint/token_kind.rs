//! `TokenKind`: the type of a token that is exchanged (RFC 8693, 3).

use std::fmt;

use authn::{Error, Result, Show, View};
use serde::{Deserialize, Deserializer, de};

use super::{Received, TokenType};

/// The type of a token that is no access token and can't be used as one (RFC 8693, 2.2.1).
const NOT_APPLICABLE: &str = "N_A";
const PREFIX: &str = "urn:ietf:params:oauth:token-type:";
/// The registered types, by the ends of their URIs.
const NAMES: [&str; 6] = ["access_token", "id_token", "jwt", "refresh_token", "saml1", "saml2"];
const EXPECTED: &str =
    "`access_token`, `id_token`, `jwt`, `refresh_token`, `saml1`, `saml2`, or a URI";

/// The type of a token: the URI of a registered type or of a server's own.
#[derive(Clone)]
pub(crate) struct TokenKind(String);

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

    /// Returns the URI.
    pub(crate) fn uri(&self) -> &str {
        &self.0
    }

    /// Returns the type of a JWT.
    #[cfg(feature = "workload_identity")]
    pub(crate) fn jwt() -> Self {
        Self(format!("{PREFIX}jwt"))
    }

    /// Returns the type of an access token.
    pub(crate) fn access_token() -> Self {
        Self(format!("{PREFIX}access_token"))
    }

    fn name(&self) -> Option<&str> {
        self.0.strip_prefix(PREFIX)
    }

    fn is_access_token(&self) -> bool {
        self.name() == Some("access_token")
    }

    /// Returns whether a token of an issued type is one of this type. An access token can be a JWT, and servers call it
    /// either.
    fn is_served_by(&self, issued: &str) -> bool {
        let either = |name: Option<&str>| matches!(name, Some("access_token" | "jwt"));
        self.0 == issued || (either(self.name()) && either(issued.strip_prefix(PREFIX)))
    }

    /// Returns whether it is that of an ID token.
    pub(crate) fn is_id_token(&self) -> bool {
        self.name() == Some("id_token")
    }

    /// Returns what to take the token of an answer as whose type is `N_A` (RFC 8693, 2.2.1): a bearer token if another
    /// type than that of an access token was requested.
    pub(crate) fn taken_as(requested: Option<&Self>, received: &Received<'_>) -> Option<TokenType> {
        let is_not_applicable = received
            .text("token_type")
            .is_some_and(|name| name.eq_ignore_ascii_case(NOT_APPLICABLE));
        let asks_for_another = requested.is_some_and(|kind| !kind.is_access_token());
        (is_not_applicable && asks_for_another).then_some(TokenType::Bearer)
    }

    /// Fails if the server has issued a token of another type than was requested.
    pub(crate) fn check_issued(requested: Option<&Self>, received: &Received<'_>) -> Result<()> {
        match (requested, received.text("issued_token_type")) {
            (Some(requested), Some(issued)) if !requested.is_served_by(&issued) => {
                let place = received.place;
                let error =
                    format!("{place} issued a token of another type than `requested_token_type`");
                Err(Error::protocol(error).with_help("check `requested_token_type`"))
            }
            _ => Ok(()),
        }
    }
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
