//! The URI of a request of reqwest, which has a `Url`.

use ::reqwest::Url;
use http::Uri;

use crate::{ErrorKind, request::uri_of};

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
