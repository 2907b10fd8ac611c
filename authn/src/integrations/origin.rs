//! The origin of a layer or an interceptor, for requests whose URI does not tell where they go.

use http::{Uri, uri::PathAndQuery};

use crate::{Error, ErrorKind, Result, origins};

/// Fails for an origin without a scheme or a host, which would leave it to each request where its credential goes.
#[inline]
pub(super) fn check(origin: &Uri) -> Result<()> {
    if origin.scheme().is_some() && origin.authority().is_some() {
        return Ok(());
    }
    Err(refuse(origin))
}

/// Returns the URI with a scheme and a host. An origin `always` counts if all requests go to it, whatever their URI says.
pub(super) fn whole(uri: &Uri, origin: Option<&Uri>, always: bool) -> Result<Uri> {
    let Some(origin) = origin else { return Ok(uri.clone()) };
    check(origin)?;
    if !always && uri.authority().is_some() {
        return Ok(uri.clone());
    }
    let mut parts = origin.clone().into_parts();
    let path = uri.path_and_query().cloned();
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).map_err(|_| refuse(origin))
}

/// Adds to the error of a request that its URI needs a host.
pub(super) fn explain(error: Error, uri: &Uri) -> Error {
    if error.kind() != ErrorKind::Origin || uri.authority().is_some() {
        return error;
    }
    error.with_help(
        "set `AuthLayer::origin` to the server that the client is connected to, or send the whole URL",
    )
}

#[cold]
fn refuse(origin: &Uri) -> Error {
    let message = match origin.authority() {
        Some(server) => format!("the origin `{}` has no scheme", origins::shown_server(server)),
        None => "the origin of the calls is a URI without a host".to_owned(),
    };
    Error::new(ErrorKind::Origin, message)
        .with_help("pass the scheme and the host of the server, such as `https://api.example.com`")
}
