//! What both methods with a signed token send (RFC 7523, 2.2 and 3; RFC 7521, 4.2).

use std::time::Duration;

use authn::{Context, Result};

use super::{Client, Members, Server};
use crate::jws::{Claims, Signer};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid: time enough to reach the server, too short to be of use to a thief.
const LIFETIME: Duration = Duration::from_mins(1);

/// Adds a new assertion to a form. Each attempt has its own, because a server takes each once.
pub(super) fn add(
    client: &Client<'_>,
    signer: &Signer,
    members: &mut Members,
    server: &Server<'_>,
    context: &Context,
) -> Result<()> {
    let audience = match client.assertion_audience {
        Some(audience) => audience.to_owned(),
        None => server.audience()?,
    };
    let claims = Claims::valid_for(LIFETIME, context.clock())?
        .with("iss", client.id)
        .with("sub", client.id)
        // One text and no list: what is for several servers, one of them could use at another.
        .with("aud", audience);
    // Optional beside an assertion (RFC 7521, 4.2), but some servers look the client up by it.
    members.add("client_id", client.id);
    members.add("client_assertion_type", TYPE);
    members.add("client_assertion", &signer.sign(&claims)?);
    Ok(())
}
