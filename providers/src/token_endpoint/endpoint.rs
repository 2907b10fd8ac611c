//! `Endpoint`: the endpoints that can be discovered, with their names.

use authn::Error;

/// An endpoint that can be discovered.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    Authorization,
    DeviceAuthorization,
    Token,
    Revocation,
    Jwks,
    Registration,
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

    /// Returns the name of the endpoint's member in the metadata (RFC 8414, 2; RFC 8628, 4).
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::DeviceAuthorization => "device_authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Jwks => "jwks_uri",
            Self::Registration => "registration_endpoint",
        }
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
            Self::Token => ["token endpoint", "token_endpoint_url", "instead of `issuer_url`"],
            Self::Revocation => [
                "revocation endpoint",
                "revocation_endpoint_url",
                "if it has one, or let the tokens expire",
            ],
            Self::Jwks => ["key set", "jwks_url", "to the address of its keys"],
            Self::Registration => [
                "registration endpoint",
                "registration_endpoint_url",
                "if it has one, or register a client there by hand, and set `client_id` instead of \
                 `client_registration`",
            ],
        }
    }
}
