//! `Endpoint`: the endpoints that can be discovered, with their names.

use authn::Error;

/// An endpoint that can be discovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Authorization,
    DeviceAuthorization,
    PushedAuthorizationRequest,
    Token,
    Introspection,
    Revocation,
    Registration,
    UserInfo,
    EndSession,
    Jwks,
}

impl Endpoint {
    /// Returns the error of an endpoint that is neither configured nor discovered.
    pub(crate) fn unknown(self) -> Error {
        let [name, option, _] = self.texts();
        Error::configuration(format!(
            "no {name} is known, and without an issuer none can be discovered"
        ))
        .with_help(format!("set `{option}`"))
    }

    /// Returns the name of the endpoint's member in the metadata (RFC 8414, 2; RFC 8628, 4; RFC 9126, 5;
    /// OpenID Connect Discovery 1.0, 3; OpenID Connect RP-Initiated Logout 1.0, 2.1).
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::DeviceAuthorization => "device_authorization_endpoint",
            Self::PushedAuthorizationRequest => "pushed_authorization_request_endpoint",
            Self::Token => "token_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Registration => "registration_endpoint",
            Self::UserInfo => "userinfo_endpoint",
            Self::EndSession => "end_session_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Jwks => "jwks_uri",
        }
    }

    /// Returns whether it can have another address for clients with a certificate (RFC 8705, 5): a client asks it directly, and
    /// authenticates or shows a token.
    pub(super) fn can_be_mutual_tls(self) -> bool {
        matches!(
            self,
            Self::Token
                | Self::Introspection
                | Self::Revocation
                | Self::PushedAuthorizationRequest
                | Self::DeviceAuthorization
                | Self::UserInfo
        )
    }

    /// Returns the name of the endpoint, the option that sets it, and the rest of the help after "set `option`" if the
    /// metadata do not name it.
    pub(super) fn texts(self) -> [&'static str; 3] {
        const OR_ANOTHER_GRANT: &str = "if it has one, or choose another `grant_type`";
        match self {
            Self::Authorization => {
                ["authorization endpoint", "authorization_endpoint_url", OR_ANOTHER_GRANT]
            }
            Self::DeviceAuthorization => [
                "device authorization endpoint",
                "device_authorization_endpoint_url",
                OR_ANOTHER_GRANT,
            ],
            Self::PushedAuthorizationRequest => [
                "endpoint for pushed authorization requests",
                "pushed_authorization_request_endpoint_url",
                "if it has one, or set `pushed_authorization_request = \"never\"`",
            ],
            Self::Introspection => {
                ["introspection endpoint", "introspection_endpoint_url", "if it has one"]
            }
            Self::Registration => [
                "registration endpoint",
                "registration_endpoint_url",
                "if it has one, or register a client there by hand, and set `client_id` instead of \
                 `client_registration`",
            ],
            Self::UserInfo => ["UserInfo endpoint", "userinfo_endpoint_url", "if it has one"],
            Self::EndSession => [
                "endpoint for logouts",
                "end_session_endpoint_url",
                "if it has one, or log out without `--at-server`",
            ],
            Self::Token => ["token endpoint", "token_endpoint_url", "instead of `issuer_url`"],
            Self::Revocation => [
                "revocation endpoint",
                "revocation_endpoint_url",
                "if it has one, or let the tokens expire",
            ],
            Self::Jwks => ["key set", "jwks_url", "to the address of its keys"],
        }
    }
}
