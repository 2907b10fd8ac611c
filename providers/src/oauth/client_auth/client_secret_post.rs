//! `client_secret_post`: identifier and secret in the form (RFC 6749, 2.3.1), for servers that take no
//! `Authorization` header.

use authn::Result;

use super::{Client, Members};

pub(super) fn validate(client: &Client<'_>) -> Result<()> {
    client.secret().map(drop)
}

pub(super) fn authenticate(client: &Client<'_>, members: &mut Members) -> Result<()> {
    let secret = client.secret()?;
    members.add("client_id", client.id);
    members.add("client_secret", &secret.expose());
    Ok(())
}
