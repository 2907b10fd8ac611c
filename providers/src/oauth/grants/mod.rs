//! What is exchanged for a token (RFC 6749, 1.3), one file a grant.

mod client_credentials;
mod password;
mod refresh_token;

use authn::{Context, Error, Grant, Result, Session, Show, View};
use serde::Deserialize;

use super::OAuth;

/// A grant that needs nobody to log in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum GrantType {
    /// The client's own credentials.
    ClientCredentials,
    /// A refresh token that was issued before.
    RefreshToken,
    /// A user's name and password.
    Password,
}

impl GrantType {
    /// Gives the configured grant, or the one that goes with what is configured.
    pub(super) fn of(options: &OAuth) -> Result<Self> {
        if let Some(grant_type) = options.grant_type {
            return Ok(grant_type);
        }
        if options._refresh_token.is_some() {
            return Ok(Self::RefreshToken);
        }
        if options._client_secret.is_some() || options._private_key.is_some() {
            return Ok(Self::ClientCredentials);
        }
        Err(Error::configuration(
            "there is nothing to exchange for a token; set `refresh_token`, `client_secret` or \
             `private_key`, or `grant_type = \"password\"` with `username` and `password`",
        ))
    }

    /// Checks that everything is there that the grant needs, and nothing that it does not use.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        let is_set = [
            ("refresh_token", options._refresh_token.is_some(), Self::RefreshToken),
            ("username", options.username.is_some(), Self::Password),
            ("password", options._password.is_some(), Self::Password),
        ];
        let unused = is_set.into_iter().find(|(_, is_set, user)| *is_set && *user != self);
        if let Some((option, _, user)) = unused {
            return Err(Error::configuration(format!(
                "`{option}` is set, but the grant {} does not use it; \
                 remove it, or set `grant_type = \"{}\"`",
                self.name(),
                user.name()
            )));
        }
        match self {
            Self::ClientCredentials => client_credentials::validate(options),
            Self::RefreshToken => refresh_token::validate(options),
            Self::Password => password::validate(options),
        }
    }

    /// Exchanges what is configured, or what the last exchange gave, for a new grant.
    pub(super) async fn exchange(
        self,
        options: &OAuth,
        context: &Context,
        last: Option<&Grant>,
    ) -> Result<Grant> {
        match self {
            Self::ClientCredentials => client_credentials::exchange(options, context).await,
            Self::RefreshToken => refresh_token::exchange(options, context, last).await,
            Self::Password => password::exchange(options, context, last).await,
        }
    }

    /// Says what outlives a token.
    pub(super) fn session(self, options: &OAuth) -> Session<'_> {
        match (self, &options._refresh_token) {
            (Self::RefreshToken, Some(refresh_token)) => Session::From(refresh_token),
            (Self::RefreshToken | Self::ClientCredentials, _) => Session::None,
            (Self::Password, _) => Session::Begun,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::Password => "password",
        }
    }
}

impl Show for GrantType {
    fn show(&self) -> View {
        View::text(self.name())
    }
}
