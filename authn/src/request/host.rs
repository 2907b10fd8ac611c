//! The `Host` header of a request, which has to name the server of its URI.
//!
//! A server may choose by it for whom it answers, such as one in front of several tenants. So a request with another
//! `Host` would take its credential to a server that this is not for.

use http::{HeaderMap, HeaderValue, Uri, header::HOST};

use crate::{Error, ErrorKind, Result, origins};

/// Fails if the header names another server than the URI, which is the case for two of them, too.
#[inline]
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<()> {
    let mut hosts = headers.get_all(HOST).iter();
    match hosts.next() {
        None => Ok(()),
        Some(host) => check_set(uri, host, hosts.next().is_some()),
    }
}

#[cold]
#[inline(never)]
fn check_set(uri: &Uri, host: &HeaderValue, has_more: bool) -> Result<()> {
    if !has_more && origins::is_host_of(host.as_bytes(), uri) {
        return Ok(());
    }
    let asked = origins::shown(uri);
    let message = format!("the `Host` header names another server than {asked}");
    let help = "remove the header, or send the request to the URL of the server that it names";
    Err(Error::new(ErrorKind::Origin, message).with_help(help))
}
