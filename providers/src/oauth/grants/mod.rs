//! What is exchanged for a token (RFC 6749, 1.3), one file a grant; and [`session`], what a login has
//! begun.

pub(super) mod authorization_code;
pub(super) mod client_credentials;
pub(super) mod device_code;
mod password;
mod refresh_token;
mod session;

use authn::{Context, Error, Grant, Result, Session};

use super::{DEFAULT_LOGIN_TIMEOUT, DEFAULT_PATH, OAuth, typed_client::Missing};
use crate::choice::choice;

choice! {
    /// A grant.
    pub(super) enum GrantType {
        /// The client's own credentials.
        ClientCredentials = "client_credentials",
        /// A refresh token that was issued before.
        RefreshToken = "refresh_token",
        /// A user's name and password.
        Password = "password",
        /// A code that a browser brings back from the server, where the user logs in.
        AuthorizationCode = "authorization_code",
        /// A code that the user types in at the server, where they log in.
        DeviceCode = "device_code",
    }
}

impl GrantType {
    /// Returns the configured grant, or the one that goes with what is configured.
    pub(super) fn of(options: &OAuth) -> Self {
        if let Some(grant_type) = options.grant_type {
            return grant_type;
        }
        if options._refresh_token.is_some() {
            return Self::RefreshToken;
        }
        if options._client_secret.is_some() || options._private_key.is_some() {
            return Self::ClientCredentials;
        }
        Self::AuthorizationCode
    }

    /// Checks that everything is there that the grant needs, and nothing that it does not use.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        let has_path = options.redirect_path != DEFAULT_PATH;
        let has_timeout = options.login_timeout != DEFAULT_LOGIN_TIMEOUT;
        let is_set = [
            ("refresh_token", options._refresh_token.is_some(), Self::RefreshToken),
            ("username", options.username.is_some(), Self::Password),
            ("password", options._password.is_some(), Self::Password),
            ("redirect_port", options.redirect_port != 0, Self::AuthorizationCode),
            ("redirect_path", has_path, Self::AuthorizationCode),
            ("redirect_uri", options.redirect_uri.is_some(), Self::AuthorizationCode),
            ("prompt", options.prompt.is_some(), Self::AuthorizationCode),
            ("login_hint", options.login_hint.is_some(), Self::AuthorizationCode),
            ("browser", options.browser.is_some(), Self::AuthorizationCode),
            ("login_timeout", has_timeout, Self::AuthorizationCode),
        ];
        // Typing in a client's credentials has a limit, too.
        let is_typed = |option| option == "login_timeout" && Missing::of(options).is_some();
        let unused = is_set
            .into_iter()
            .find(|(option, is_set, user)| *is_set && !self.uses_of(*user) && !is_typed(*option));
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
            Self::AuthorizationCode | Self::DeviceCode => authorization_code::validate(options),
        }
    }

    /// Returns whether it uses the options of another grant: the user may choose the way at each login.
    fn uses_of(self, other: Self) -> bool {
        self == other || (self.is_login() && other.is_login())
    }

    /// Returns whether a user logs in.
    pub(super) fn is_login(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    /// Exchanges what is configured, or what the last exchange gave, for a new grant.
    pub(super) async fn exchange(
        self,
        options: &OAuth,
        context: &Context,
        last: Option<&Grant>,
    ) -> Result<Grant> {
        match self {
            Self::ClientCredentials => client_credentials::exchange(options, context, last).await,
            Self::RefreshToken => refresh_token::exchange(options, context, last).await,
            Self::Password => password::exchange(options, context, last).await,
            Self::AuthorizationCode | Self::DeviceCode => {
                session::exchange(options, context, last).await
            }
        }
    }

    /// Returns what outlives a token.
    pub(super) fn session(self, options: &OAuth) -> Session<'_> {
        match (self, &options._refresh_token) {
            (Self::RefreshToken, Some(refresh_token)) => Session::From(refresh_token),
            (Self::ClientCredentials, _) if Missing::of(options).is_some() => Session::Begun,
            (Self::RefreshToken | Self::ClientCredentials, _) => Session::None,
            (Self::Password | Self::AuthorizationCode | Self::DeviceCode, _) => Session::Begun,
        }
    }
}

/// Checks the time that a user has to log in.
fn validate_timeout(options: &OAuth) -> Result<()> {
    if !options.login_timeout.is_zero() {
        return Ok(());
    }
    Err(Error::configuration(
        "`login_timeout` is 0, which leaves no time to log in; set it to some minutes",
    ))
}
