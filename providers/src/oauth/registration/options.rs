//! `RegistrationOptions`: how a client comes to be known at a server.

use authn::{Error, Result, SecretString};

use crate::{choice::choice, client_auth::Client};

choice! {
    /// How a client is registered.
    pub(in crate::oauth) enum Method {
        /// By a request to the server, when it is first needed.
        Dynamic = "dynamic",
    }
}

/// The options for a client that is not configured.
#[derive(Clone, authn::Options)]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(in crate::oauth) struct RegistrationOptions {
    /// How the client is registered: `dynamic` registers one at the server when it is first needed (RFC 7591), and keeps
    /// it in the store. `authn logout --revoke` deletes it. Unset, `client_id` is the identifier of a client, or the https
    /// address of its metadata for a server that supports that.
    client_registration: Option<Method>,
    /// Name of the registered client, which the server can show to users. Unset, it is `authn`.
    pub(super) client_name: Option<String>,
    /// Signed statement about the client, which some servers require for a registration (RFC 7591, 2.3). It is shown, so
    /// it must not be secret.
    pub(super) software_statement: Option<String>,
    /// Access token that some servers require for a registration (RFC 7591, 3).
    _initial_access_token: Option<SecretString>,
}

impl RegistrationOptions {
    /// Returns whether authn registers the client.
    pub(in crate::oauth) fn is_dynamic(&self) -> bool {
        self.client_registration.is_some()
    }

    pub(super) fn initial_access_token(&self) -> Option<&SecretString> {
        self._initial_access_token.as_ref()
    }

    /// Checks that the client is configured or registered, and not both.
    pub(in crate::oauth) fn validate(&self, client: &Client) -> Result<()> {
        if self.is_dynamic() {
            if client.client_id.is_some() || client.has_credentials() {
                return Err(Error::configuration(
                    "a client is configured, and `client_registration` is set, too",
                )
                .with_help("remove `client_registration`, or `client_id` and its credentials"));
            }
            return Ok(());
        }
        let options = [
            ("client_name", self.client_name.is_some()),
            ("software_statement", self.software_statement.is_some()),
            ("initial_access_token", self._initial_access_token.is_some()),
        ];
        match options.into_iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) => {
                Err(Error::configuration(format!("`{option}` is set, but no client is registered"))
                    .with_help("remove it, or set `client_registration = \"dynamic\"`"))
            }
            None => Ok(()),
        }
    }
}
