//! `Introspection`: what a server says about a token (RFC 7662).

use std::time::SystemTime;

use serde::de::DeserializeOwned;

use super::members::Members;
use crate::{Error, Result};

/// What a server says about a token (RFC 7662, section 2.2); see
/// [`Credentials::introspect`](crate::Credentials::introspect).
///
/// Of a token that is not active, a server says nothing else. The values are the server's, so they can have any
/// characters; `{:?}` shows the names of the members alone.
///
/// ```
/// use authn::Introspection;
///
/// let answer = br#"{ "active": true, "scope": "read", "client_id": "reports", "sub": "42", "aud": "api",
///                    "username": "alice", "iss": "https://idp.example.com", "token_type": "Bearer",
///                    "exp": 1900000000, "iat": 1899996400, "groups": ["admins"] }"#;
/// let introspection = Introspection::from_json(answer)?;
/// assert!(introspection.is_active());
/// assert_eq!(introspection.scope(), Some("read"));
/// assert_eq!(introspection.client_id(), Some("reports"));
/// assert_eq!(introspection.username(), Some("alice"));
/// assert_eq!(introspection.subject(), Some("42"));
/// assert_eq!(introspection.issuer(), Some("https://idp.example.com"));
/// assert_eq!(introspection.audience(), ["api"]);
/// assert_eq!(introspection.token_type(), Some("Bearer"));
/// assert!(introspection.expires_at() > introspection.issued_at());
/// assert_eq!(introspection.claim::<Vec<String>>("groups")?, Some(vec!["admins".to_owned()]));
/// assert!(!format!("{introspection:?}").contains("alice"));
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Introspection {
    active: bool,
    members: Members,
}

impl Introspection {
    /// Parses the answer of an introspection endpoint: a JSON object with a boolean `active`. Any other text is an error of
    /// kind [`Protocol`](crate::ErrorKind::Protocol), without anything of the text.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let members = Members::parse(json, "the introspection response")?;
        let active = members.boolean("active").ok_or_else(|| {
            Error::protocol("the introspection response has no boolean `active`")
                .with_help("check the address")
        })?;
        Ok(Self { active, members })
    }

    /// Returns whether the token is valid now.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Returns the scopes of the token, space-separated.
    pub fn scope(&self) -> Option<&str> {
        self.members.text("scope")
    }

    /// Returns the client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.members.text("client_id")
    }

    /// Returns a name of the user to show. It need not be unique.
    pub fn username(&self) -> Option<&str> {
        self.members.text("username")
    }

    /// Returns the identifier of the user or the client that the token stands for.
    pub fn subject(&self) -> Option<&str> {
        self.members.text("sub")
    }

    /// Returns the type of the token, such as `Bearer`.
    pub fn token_type(&self) -> Option<&str> {
        self.members.text("token_type")
    }

    /// Returns the server that issued the token.
    pub fn issuer(&self) -> Option<&str> {
        self.members.text("iss")
    }

    /// Returns the services that the token is for; empty if the server does not say.
    pub fn audience(&self) -> Vec<&str> {
        self.members.texts("aud")
    }

    /// Returns when the token expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.members.time("exp")
    }

    /// Returns when the token was issued.
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.members.time("iat")
    }

    /// Returns any member; `None` if it is missing or `null`. One of another type is an error of kind
    /// [`Protocol`](crate::ErrorKind::Protocol).
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.members.claim(name)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_answer_is_one_or_an_error_without_its_text() {
        for (json, active) in [
            (r#"{"active":true}"#, Some(true)),
            (r#"{"active":false,"sub":"s3cr3t"}"#, Some(false)),
            ("", None),
            ("s3cr3t", None),
            ("null", None),
            ("[true]", None),
            ("{}", None),
            (r#"{"active":"true"}"#, None),
            (r#"{"active":1}"#, None),
            (r#"{"active":null}"#, None),
            (r#"{"active":false,"active":true}"#, None),
            (r#"{"active":true,"sub":"a","sub":"s3cr3t"}"#, None),
            (r#"{"active":true"#, None),
            (r#"{"active":true} s3cr3t"#, None),
            ("{\"active\":true,\"sub\":\"\u{0}\"}", None),
        ] {
            let read = Introspection::from_json(json.as_bytes());
            assert_eq!(read.as_ref().ok().map(Introspection::is_active), active, "{json}");
            if let Err(error) = read {
                assert_eq!(error.kind(), ErrorKind::Protocol);
                assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
            }
        }
        let deep = format!(r#"{{"active":true,"deep":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(Introspection::from_json(deep.as_bytes()).is_err());
        assert!(Introspection::from_json(b"{\"active\":true,\"sub\":\"\xff\"}").is_err());
    }

    #[test]
    fn members_of_another_type_are_as_if_missing() {
        let json =
            br#"{"active":true,"scope":["a"],"sub":7,"username":null,"aud":["a",7,"b"],"iss":{},
                       "client_id":true,"exp":"soon","iat":-5,"nbf":1e300}"#;
        let read = Introspection::from_json(json).unwrap();
        let texts =
            [read.scope(), read.subject(), read.username(), read.issuer(), read.client_id()];
        assert_eq!(texts, [None; 5]);
        assert_eq!(read.audience(), ["a", "b"]);
        assert_eq!((read.expires_at(), read.issued_at()), (None, None));
        assert!(read.claim::<String>("username").unwrap().is_none());
        let error = read.claim::<String>("sub").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        for (exp, seconds) in [("1.9", 1), ("60", 60), ("6e1", 60)] {
            let json = format!(r#"{{"active":true,"exp":{exp}}}"#);
            let end = Introspection::from_json(json.as_bytes()).unwrap().expires_at();
            assert_eq!(end, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), "{exp}");
        }
    }
}
