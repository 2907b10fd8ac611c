//! `Form`: the parameters of a request to the authorization server.

use authn::{Context, Error, Result, SecretString};
use zeroize::Zeroizing;

/// The grant of a token exchange (RFC 8693, 2.1).
pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The grant of a JWT (RFC 7523, 2.1).
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The parameters of a request, in order. They are wiped on drop.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Creates the form of a token request.
    pub(crate) fn of_grant(grant_type: &str) -> Self {
        let mut form = Self::default();
        form.add("grant_type", grant_type);
        form
    }

    /// Creates the form of a token request with a refresh token (RFC 6749, 6).
    pub(crate) fn of_refresh_token(refresh_token: &SecretString) -> Self {
        let mut form = Self::of_grant("refresh_token");
        form.add("refresh_token", &refresh_token.expose());
        form
    }

    /// Adds a parameter. Some can be repeated (RFC 8707, 2).
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    /// Adds a parameter if its value is not empty.
    pub(crate) fn add_unless_empty(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    /// Returns the first parameter with a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Removes all parameters with a name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }

    /// Adds the parameters of the call, in place of those with their names. `own` are those that the provider sets itself
    /// and that no call replaces.
    pub(crate) fn add_of_call(&mut self, context: &Context, own: &[&str]) -> Result<()> {
        for (name, value) in context.parameters() {
            if own.contains(&name.as_str()) {
                return Err(Error::configuration(format!(
                    "the call's parameters must not contain `{name}`, which the provider sets itself"
                ))
                .with_help("remove it from `with_parameters`, and use an option of the provider"));
            }
            self.remove(name);
            self.add(name, value);
        }
        Ok(())
    }

    /// Returns the parameters in the order in which they are sent.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}
