//! `Record`: a registered client as it is kept (RFC 7591, 3.2.1; RFC 7592, 3).

use std::time::{Duration, UNIX_EPOCH};

use authn::{Context, Error, Result, SecretString, http::HttpResponse};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::is_safe;
use crate::{
    client_auth::{Client, Standard},
    token_endpoint::Address,
};

/// A registered client.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::oauth) struct Record {
    /// The server, the redirect address and the grant that it is for.
    place: String,
    client_id: String,
    client_secret: Option<Zeroizing<String>>,
    /// When the secret expires, in seconds since 1970; 0 or nothing if it does not.
    client_secret_expires_at: Option<u64>,
    token_endpoint_auth_method: Option<String>,
    registration_access_token: Option<Zeroizing<String>>,
    registration_client_uri: Option<String>,
    /// Whether the server has refused the client since it was registered.
    #[serde(default)]
    is_refused: bool,
}

impl Record {
    /// Reads the answer to a registration. Members that are not understood are left out, except those that decide how the
    /// client authenticates.
    pub(super) fn of(response: &HttpResponse, asked_for: &str, place: &str) -> Result<Self> {
        let text = |name: &str| response.member::<Zeroizing<String>>(name);
        let client_id = response.required::<String>("client_id")?;
        let client_secret = text("client_secret")?.filter(|secret| !secret.is_empty());
        let method = response.member("token_endpoint_auth_method")?;
        let is_visible = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let is_sound = !client_id.is_empty()
            && is_visible(&client_id)
            && client_secret.as_ref().is_none_or(|secret| is_visible(secret));
        if !is_sound {
            let message = format!("{} registered a client that can't be used", response.place());
            return Err(Error::protocol(message)
                .with_help("register a client by hand, and set `client_id`"));
        }
        Ok(Self {
            place: place.to_owned(),
            client_id,
            client_secret,
            client_secret_expires_at: response.member("client_secret_expires_at").unwrap_or(None),
            token_endpoint_auth_method: method.or_else(|| Some(asked_for.to_owned())),
            registration_access_token: text("registration_access_token").unwrap_or(None),
            registration_client_uri: response
                .member::<String>("registration_client_uri")
                .unwrap_or(None)
                .filter(|uri| Address::parse(uri).is_some_and(|address| is_safe(&address))),
            is_refused: false,
        })
    }

    pub(in crate::oauth) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn write(&self) -> SecretString {
        // Texts and numbers can always be written.
        let text = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        text.as_str().into()
    }

    pub(super) fn unreadable() -> Error {
        Error::store("what is kept of the registered client can't be read")
            .with_help("run `logout --revoke`, and log in again")
    }

    /// Returns the client as a session keeps it: without what is for the registration alone.
    pub(in crate::oauth) fn of_session(&self) -> SecretString {
        let record =
            Self { registration_access_token: None, registration_client_uri: None, ..self.clone() };
        record.write()
    }

    pub(super) fn id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    pub(super) fn refused(self) -> Self {
        Self { is_refused: true, ..self }
    }

    /// Returns the client as one that the server knows, which may have given it another token for later requests.
    pub(super) fn accepted(self, token: Option<Zeroizing<String>>) -> Self {
        let registration_access_token = token.or(self.registration_access_token);
        Self { registration_access_token, is_refused: false, ..self }
    }

    pub(super) fn is_for(&self, place: &str) -> bool {
        self.place == place
    }

    /// Returns whether the secret has expired.
    pub(super) fn has_expired(&self, context: &Context) -> bool {
        let at =
            self.client_secret_expires_at.filter(|at| *at != 0 && self.client_secret.is_some());
        let at = at.and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(at)));
        at.is_some_and(|at| at <= context.clock().now().wall())
    }

    /// Returns the client that authenticates with it.
    pub(in crate::oauth) fn client(&self, options: &Client) -> Client {
        let secret = self.client_secret.as_ref().map(|secret| secret.as_str().into());
        let method = self.token_endpoint_auth_method.as_deref().and_then(Standard::by_name);
        options.registered(&self.client_id, secret, method)
    }

    /// Returns the address at which the client is read and deleted, and the token for it.
    pub(super) fn management(&self) -> Option<(Address, &str)> {
        let address = Address::parse(self.registration_client_uri.as_deref()?)?;
        Some((address, self.registration_access_token.as_deref()?.as_str()))
    }
}
