//! `private_key_jwt`: a token that is signed with the client's private key (RFC 7523, 2.2). The server has
//! the public one, and nothing that could be stolen from it.

use authn::{Context, Error, Result};

use super::{Client, Members, Server, assertion};
use crate::jws::Signer;

/// Reads the key, so that a broken one is found when the configuration is loaded.
pub(super) fn validate(client: &Client<'_>) -> Result<()> {
    signer(client).map(drop)
}

pub(super) fn authenticate(
    client: &Client<'_>,
    members: &mut Members,
    server: &Server<'_>,
    context: &Context,
) -> Result<()> {
    assertion::add(client, &signer(client)?, members, server, context)
}

/// The key is read for each request: it may stand in a file that is rotated.
fn signer(client: &Client<'_>) -> Result<Signer> {
    let key = client.private_key.ok_or_else(|| {
        Error::configuration(
            "`private_key` is not set, which `token_endpoint_auth_method` private_key_jwt needs; \
             set it, best as a reference like `{ file = \"/run/secrets/client.pem\" }`",
        )
    })?;
    Signer::with_private_key(&key.expose(), client.algorithm, client.key_id)
}
