//! `none`: the identifier alone (RFC 6749, 3.2.1). A public client has nothing to prove itself with: what
//! it exchanges must do.

use super::{Client, Members};

pub(super) fn authenticate(client: &Client<'_>, members: &mut Members) {
    members.add("client_id", client.id);
}
