//! The grants that are exchanged for tokens (RFC 6749, 1.3), one file each, and [`session`], the session of a login.

pub(super) mod authorization_code;
pub(super) mod client_credentials;
pub(super) mod device_code;
mod jwt_bearer;
mod password;
mod refresh_token;
mod session;
pub(super) mod token_exchange;

use authn::{Error, Result, SecretString, SessionPolicy, TokenSet};

use super::{Call, OAuth, typed_client::Missing};
use crate::{
    choice::choice,
    token_endpoint::{Failure, JWT_BEARER, TOKEN_EXCHANGE},
};

choice! {
    /// A grant type.
    pub(super) enum GrantType {
        /// The client's own credentials.
        ClientCredentials = "client_credentials",
        /// A refresh token that was issued before.
        RefreshToken = "refresh_token",
        /// A user's name and password.
        Password = "password",
        /// A code that the browser brings back after the user has logged in.
        AuthorizationCode = "authorization_code",
        /// A code that the user types in at the server, on any device.
        DeviceCode = "device_code",
        /// The token of a nested provider.
        TokenExchange = "token_exchange",
        /// A JWT of a nested provider.
        JwtBearer = "jwt_bearer",
    }
}

/// The options for configured grants.
#[derive(Clone, authn::Options)]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(super) struct GrantOptions {
    /// First refresh token, for the grant `refresh_token`. If the server replaces it, the new one is stored and used.
    _refresh_token: Option<SecretString>,
    /// Name of the user, for the grant `password`.
    pub(super) username: Option<String>,
    /// Password of the user, for the grant `password`.
    _password: Option<SecretString>,
}

impl GrantOptions {
    /// Returns the configured refresh token.
    pub(super) fn refresh_token(&self) -> Option<&SecretString> {
        self._refresh_token.as_ref()
    }
}

impl GrantType {
    /// Returns the configured grant, or the one that follows from the other options.
    pub(super) fn of(options: &OAuth) -> Self {
        if let Some(grant_type) = options.grant_type {
            return grant_type;
        }
        if options.exchanged._refresh_token.is_some() {
            return Self::RefreshToken;
        }
        if options.client.has_credentials() {
            return Self::ClientCredentials;
        }
        Self::AuthorizationCode
    }

    /// Checks that all options that the grant needs are set, and none that it does not use.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        let exchanged = &options.exchanged;
        let is_set = [
            ("refresh_token", exchanged._refresh_token.is_some(), Self::RefreshToken),
            ("username", exchanged.username.is_some(), Self::Password),
            ("password", exchanged._password.is_some(), Self::Password),
        ];
        let of_login = options.login.used_by_login().into_iter();
        let of_login = of_login
            .chain(options.authorization.used_by_login())
            .map(|(option, is_set)| (option, is_set, Self::AuthorizationCode));
        let of_exchange = options
            .token_exchange
            .are_set()
            .map(|(option, is_set)| (option, is_set, Self::TokenExchange));
        // A login in which the user types in the client's credentials has a timeout too.
        let is_typed = |option| option == "login_timeout" && Missing::of(options).is_some();
        let unused =
            is_set.into_iter().chain(of_exchange).chain(of_login).find(|(option, is_set, user)| {
                *is_set && !self.uses_of(*user) && !is_typed(*option)
            });
        if let Some((option, _, user)) = unused {
            return Err(Error::configuration(format!(
                "`{option}` is set, but the grant {} does not use it",
                self.name()
            ))
            .with_help(format!("remove it, or set `grant_type = \"{}\"`", user.name())));
        }
        if options.client.has_certificate() {
            options.server.validate_for_certificate()?;
        }
        match self {
            Self::ClientCredentials => client_credentials::validate(options),
            Self::RefreshToken => refresh_token::validate(options),
            Self::Password => password::validate(options),
            Self::AuthorizationCode | Self::DeviceCode => options.server.validate_login(),
            Self::TokenExchange => token_exchange::validate(options),
            Self::JwtBearer => jwt_bearer::validate(options),
        }
    }

    /// Returns whether the server has to know the client. What is exchanged can be all that it needs to know (RFC 8693, 2.1;
    /// RFC 7521, 4.1).
    pub(super) fn needs_client(self) -> bool {
        !matches!(self, Self::TokenExchange | Self::JwtBearer)
    }

    /// Returns whether nothing is spent if the server refuses the client, so that the same request can be sent again.
    fn can_be_repeated(self) -> bool {
        matches!(self, Self::ClientCredentials | Self::TokenExchange | Self::JwtBearer)
    }

    /// Returns whether it uses the options of another grant. The login grants share theirs, because the user can choose
    /// the way at each login.
    fn uses_of(self, other: Self) -> bool {
        self == other || (self.is_login() && other.is_login())
    }

    /// Returns its name in requests to a server (RFC 7591, 2).
    pub(super) fn registered_name(self) -> &'static str {
        match self {
            Self::DeviceCode => device_code::GRANT_TYPE,
            Self::TokenExchange => TOKEN_EXCHANGE,
            Self::JwtBearer => JWT_BEARER,
            other => other.name(),
        }
    }

    /// Returns whether a user logs in.
    pub(super) fn is_login(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    /// Exchanges the configured grant, or the refresh token of the last exchange, for new tokens.
    ///
    /// If the server refuses a client's assertion that another provider makes, that one is asked for another assertion, once.
    /// The request is not sent again if it has what can be used only once.
    pub(super) async fn exchange(
        self,
        call: Call<'_>,
        last: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        let mut assertion = call.client_assertion().await?;
        let mut exchanged = self.exchange_once(call, last).await;
        if let (Err(failure), Some(assertion)) = (&exchanged, &mut assertion)
            && failure.is_of_client
            && assertion.renew(call.context).await
            && self.can_be_repeated()
        {
            exchanged = self.exchange_once(call, last).await;
        }
        exchanged.or_else(Failure::keeping_session)
    }

    async fn exchange_once(
        self,
        call: Call<'_>,
        last: Option<&TokenSet>,
    ) -> Result<TokenSet, Failure> {
        match self {
            Self::ClientCredentials => client_credentials::exchange(call, last).await,
            Self::RefreshToken => refresh_token::exchange(call, last).await,
            Self::Password => password::exchange(call, last).await,
            Self::AuthorizationCode | Self::DeviceCode => session::exchange(call, last).await,
            Self::TokenExchange => token_exchange::exchange(call).await,
            Self::JwtBearer => jwt_bearer::exchange(call).await,
        }
    }

    /// Returns the session that outlives a token.
    pub(super) fn session(self, options: &OAuth) -> SessionPolicy<'_> {
        match (self, &options.exchanged._refresh_token) {
            (Self::RefreshToken, Some(refresh_token)) => SessionPolicy::From(refresh_token),
            (Self::ClientCredentials, _) if Missing::of(options).is_some() => SessionPolicy::Begun,
            (
                Self::RefreshToken
                | Self::ClientCredentials
                | Self::TokenExchange
                | Self::JwtBearer,
                _,
            ) => SessionPolicy::None,
            (Self::Password | Self::AuthorizationCode | Self::DeviceCode, _) => {
                SessionPolicy::Begun
            }
        }
    }
}
