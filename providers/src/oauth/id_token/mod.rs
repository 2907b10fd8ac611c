//! ID tokens (OpenID Connect Core 1.0, 2): the server's signed statement of who has logged in.
//!
//! - [`keys`]: the keys that the server signs with
//! - [`claims`]: the claims of a token, and their checks (3.1.3.7)
//! - [`failure`]: why a token is not accepted

mod claims;
mod failure;
mod keys;
#[cfg(test)]
mod tests;

use std::time::Duration;

use authn::{Context, Error};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::OAuth;
use crate::{
    jws::{Signed, VerifyError},
    token_endpoint::{Address, Endpoint},
};

pub(super) use claims::Claims;
pub(crate) use claims::Expected;
pub(crate) use failure::Failure;
pub(super) use keys::Keys;

/// What an authentication request has asked for, which the ID token must prove.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// The nonce, or `None` if none was sent.
    pub(super) nonce: Option<&'a str>,
    /// How long ago the user may have logged in, or `None` if that was not limited.
    pub(super) max_age: Option<Duration>,
}

/// Verifies an ID token that the server has issued to this client, and returns its claims.
pub(super) async fn verify(
    options: &OAuth,
    context: &Context,
    id_token: &str,
    asked: Asked<'_>,
) -> Result<Claims, Failure> {
    let signed = Signed::parse(id_token)?;
    let server = &options.server;
    let issuer = server.issuer().map_err(Failure::Unable)?.ok_or_else(|| {
        Failure::Unable(
            Error::configuration("the ID token can't be checked, because no issuer is known")
                .with_help("set `issuer` to the server's issuer identifier"),
        )
    })?;
    let address = server.endpoint(Endpoint::Jwks, context).await.map_err(Failure::Unable)?;
    let payload = payload(&signed, &options.__keys, &address, context).await?;
    // The server of many tenants has the issuer of the user's.
    let metadata = server.known_metadata();
    let template = metadata.as_ref().and_then(|metadata| metadata.template());
    let expected = Expected {
        issuer: template.unwrap_or(&issuer),
        client_id: options.client.id(),
        nonce: asked.nonce,
        max_age: asked.max_age,
        now: context.clock().now().wall(),
    };
    expected.check(payload)
}

/// Returns the user that an ID token names, without verifying it: it must be one that the server has issued in this session.
pub(super) fn subject(id_token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// Verifies the signature with the cached keys, and then with the server's current keys if it may have changed them
/// (OpenID Connect Core 1.0, 10.1.1). Returns the payload.
async fn payload<'a>(
    signed: &'a Signed<'_>,
    keys: &Keys,
    address: &Address,
    context: &Context,
) -> Result<&'a [u8], Failure> {
    let kept = keys.get(address, context).await.map_err(Failure::Unable)?;
    let unverified = match signed.verify(&kept) {
        Ok(payload) => return Ok(payload),
        Err(unverified) => unverified,
    };
    // If the named key is known and the signature is wrong, new keys can't help.
    let may_be_new = unverified == VerifyError::UnknownKey || !signed.names_key();
    if !may_be_new {
        return Err(unverified.into());
    }
    let newer = keys.newer(&kept, address, context).await.map_err(Failure::Unable)?;
    Ok(newer.map_or(Err(unverified), |newer| signed.verify(&newer))?)
}
