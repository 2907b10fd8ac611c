//! `UserInfo`: what a server says about the user of a token (OpenID Connect Core, section 5.3).

use std::fmt;

use serde::de::DeserializeOwned;

use super::members::Members;
use crate::{Error, Result};

/// What a server says about the user of a token (OpenID Connect Core, section 5.3.2); see
/// [`Credentials::user_info`](crate::Credentials::user_info).
///
/// The values are the server's, so they can have any characters; `{:?}` shows the names of the claims alone.
///
/// ```
/// use authn::UserInfo;
///
/// let answer = br#"{ "sub": "42", "email": "alice@example.com", "email_verified": true, "groups": ["admins"] }"#;
/// let user = UserInfo::from_json(answer)?;
/// assert_eq!(user.subject(), "42");
/// assert_eq!(user.text("email"), Some("alice@example.com"));
/// assert_eq!(user.claim::<bool>("email_verified")?, Some(true));
/// assert_eq!(user.claim::<Vec<String>>("groups")?, Some(vec!["admins".to_owned()]));
/// assert!(!format!("{user:?}").contains("alice"));
/// # Ok::<(), authn::Error>(())
/// ```
#[derive(Clone)]
pub struct UserInfo {
    subject: String,
    members: Members,
}

/// Shows the names of the claims alone: the values are personal data.
impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserInfo").field(&self.members).finish()
    }
}

impl UserInfo {
    /// Parses the answer of a `UserInfo` endpoint: a JSON object with a text `sub` that is not empty. Any other text is an
    /// error of kind [`Protocol`](crate::ErrorKind::Protocol), without anything of the text.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let members = Members::parse(json, "the UserInfo response")?;
        let subject = members.text("sub").filter(|subject| !subject.is_empty());
        let subject = subject.map(str::to_owned).ok_or_else(|| {
            Error::protocol("the UserInfo response has no `sub`").with_help("check the address")
        })?;
        Ok(Self { subject, members })
    }

    /// Returns the user's identifier, which is unique at the server and never changes.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns a claim that is a text, such as `name` or `preferred_username` (OpenID Connect Core, section 5.1).
    ///
    /// An `email` can be another user's, unless `email_verified` is `true`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.text(name)
    }

    /// Returns any claim; `None` if it is missing or `null`. One of another type is an error of kind
    /// [`Protocol`](crate::ErrorKind::Protocol).
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.members.claim(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_answer_names_its_user_or_is_an_error_without_its_text() {
        for (json, subject) in [
            (r#"{"sub":"42"}"#, Some("42")),
            (r#"{"sub":""}"#, None),
            (r#"{"sub":42}"#, None),
            (r#"{"name":"s3cr3t"}"#, None),
            (r#"{"sub":"42","sub":"s3cr3t"}"#, None),
            (r#"["sub"]"#, None),
            ("eyJhbGciOiJub25lIn0.s3cr3t.", None),
        ] {
            let read = UserInfo::from_json(json.as_bytes());
            assert_eq!(read.as_ref().ok().map(UserInfo::subject), subject, "{json}");
            if let Err(error) = read {
                assert_eq!(error.kind(), ErrorKind::Protocol);
                assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
            }
        }
    }
}
