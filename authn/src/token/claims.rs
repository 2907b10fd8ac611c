//! `Claims`: what a server vouches for about a user.

use std::{collections::BTreeMap, fmt};

/// Claims in which a server names a user, the most telling first (OpenID Connect Core, 5.1). An address counts
/// only if the server says that it is verified: else anybody could have entered it.
const USUAL: [&str; 3] = ["preferred_username", "email", "sub"];

/// What a server says of the user whom a grant stands for, such as in an ID token, once it has been verified.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, String>);

impl Claims {
    /// Takes claims that have been verified, by name.
    pub fn new(claims: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(claims.into_iter().collect())
    }

    /// Returns a claim.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the user's name: the claim that is asked for, or else the first there is of
    /// `preferred_username`, `email` if `email_verified` is `true`, and `sub`.
    pub fn username(&self, claim: Option<&str>) -> Option<&str> {
        match claim {
            Some(claim) => self.get(claim),
            None => USUAL
                .into_iter()
                .filter(|claim| self.vouches_for(claim))
                .find_map(|claim| self.get(claim)),
        }
    }

    fn vouches_for(&self, claim: &str) -> bool {
        claim != "email" || self.get("email_verified") == Some("true")
    }
}

impl fmt::Debug for Claims {
    /// Names the claims; what they say is a person's.
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
