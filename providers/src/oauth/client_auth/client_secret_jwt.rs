//! `client_secret_jwt`: a token that is signed with the client's secret (OpenID Connect Core, 9), so that
//! the secret itself is not sent.

use authn::{Context, Result};

use super::{Client, Members, Server, assertion};
use crate::jws::Signer;

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

fn signer(client: &Client<'_>) -> Result<Signer> {
    Signer::with_shared_secret(&client.secret()?.expose(), client.algorithm)
}
