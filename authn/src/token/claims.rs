//! `Claims`: verified statements of a server about a user.

use std::{collections::BTreeMap, fmt};

use crate::sorted::sorted;

/// Claims that name a user, the most readable first (OpenID Connect Core, section 5.1). An email address is used only if
/// the server has verified it, because a user could have entered another user's.
const USUAL: [&str; 3] = ["preferred_username", "email", "sub"];

/// What a server says about a token's user, such as in an ID token, after it has been verified.
///
/// ```
/// use authn::Claims;
///
/// let claims = Claims::new([("sub".to_owned(), "42".to_owned())]);
/// assert_eq!(claims.get("sub"), Some("42"));
/// assert_eq!(claims.username(None), Some("42"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, String>);

impl Claims {
    /// Creates claims from verified names and values.
    pub fn new(claims: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(sorted(claims))
    }

    /// Returns the value of a claim.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the user's name: the given claim, or the first of `preferred_username`, `email` if `email_verified` is
    /// `true`, and `sub` that is there.
    pub fn username(&self, claim: Option<&str>) -> Option<&str> {
        match claim {
            Some(claim) => self.get(claim),
            None => USUAL
                .into_iter()
                .filter(|claim| self.is_usable(claim))
                .find_map(|claim| self.get(claim)),
        }
    }

    fn is_usable(&self, claim: &str) -> bool {
        claim != "email" || self.get("email_verified") == Some("true")
    }
}

impl fmt::Debug for Claims {
    /// Shows only the names of the claims: their values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_claim_is_the_name() {
        let claim = |name: &str| (name.to_owned(), format!("the {name}"));
        let unverified = Claims::new(["sub", "email"].map(claim));
        assert_eq!(unverified.username(None), Some("the sub"));
        assert_eq!(unverified.username(Some("email")), Some("the email"));
        let verified = ("email_verified".to_owned(), "true".to_owned());
        let claims = ["sub", "email", "upn"].map(claim).into_iter().chain([verified]);
        let claims = Claims::new(claims);
        assert_eq!(claims.username(None), Some("the email"));
        assert_eq!(claims.username(Some("upn")), Some("the upn"));
        assert_eq!(claims.username(Some("preferred_username")), None);
        assert_eq!(format!("{claims:?}"), r#"{"email", "email_verified", "sub", "upn"}"#);
    }
}
