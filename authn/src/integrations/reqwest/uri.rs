//! Adds a credential to a reqwest request.

use ::reqwest::{Request as HttpRequest, Url};
use http::Uri;

use crate::{Credentials, ErrorKind, Request, Used, request::uri_of};

/// Adds the credential to a request, and records its token in `used`.
pub(super) async fn authorize(
    request: &mut HttpRequest,
    credentials: &Credentials,
    used: &mut Used,
) -> std::result::Result<(), crate::Error> {
    credentials.authorize(Request::from(request).with_used(used)).await
}

/// Returns a URL as a URI, without its fragment.
pub(super) fn uri(url: &Url) -> std::result::Result<Uri, crate::Error> {
    uri_of(url).ok_or_else(|| {
        crate::Error::new(
            ErrorKind::Origin,
            "the request's URL is not an HTTP URI, so the request can't be authorised",
        )
        .with_help("check the URL")
    })
}
