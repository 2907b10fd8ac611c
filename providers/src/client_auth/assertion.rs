//! Assertions: signed tokens that authenticate a client (RFC 7523, 2.2 and 3; RFC 7521, 4.2).
//!
//! With `client_secret_jwt` the secret itself is not sent. With `private_key_jwt` the server has only the public key,
//! so no secret can be stolen from it.

use std::time::Duration;

use authn::{Context, Error, Result};

use super::{Client, Standard};
use crate::{
    jws::{Claims, Signer},
    token_endpoint::TokenRequest,
};

/// The type of assertions that are JWTs.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid: long enough to reach the server, too short to be useful to a thief.
const LIFETIME: Duration = Duration::from_mins(1);

/// Adds a new assertion to a request. Each request has its own, because a server accepts each one only once.
pub(super) fn add(
    client: &Client,
    request: &mut TokenRequest,
    audience: &str,
    context: &Context,
) -> Result<()> {
    let claims = Claims::valid_for(LIFETIME, context.clock())?
        .with("iss", client.id())
        .with("sub", client.id())
        // One audience, not a list: a server could use an assertion for several servers at another one.
        .with("aud", client.assertion_audience.as_deref().unwrap_or(audience));
    request.set_parameter("client_assertion_type", TYPE);
    request.set_parameter("client_assertion", &signer(client)?.sign(&claims)?);
    Ok(())
}

/// Reads the secret or the key. It is read for each request, because it can come from a file that is rotated, and
/// when the configuration is loaded, so that an invalid one is found then.
pub(super) fn signer(client: &Client) -> Result<Signer> {
    let signer = if client.method().is(Standard::ClientSecretJwt) {
        Signer::with_shared_secret(&client.secret()?.expose(), client.algorithm)?
    } else {
        with_private_key(client)?
    };
    Ok(signer.with_header(&client.jwt_header))
}

fn with_private_key(client: &Client) -> Result<Signer> {
    let key = client._private_key.as_ref().ok_or_else(|| {
        Error::configuration(
            "`private_key` is not set, but `token_endpoint_auth_method` private_key_jwt needs it",
        )
        .with_help(
            "set it, preferably to a reference like `{ file = \"/run/secrets/client.pem\" }`",
        )
    })?;
    Signer::with_private_key(&key.expose(), client.algorithm, client.key_id.as_deref())
}
