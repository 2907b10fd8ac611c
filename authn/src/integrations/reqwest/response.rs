//! The response that the caller gets: reqwest's, with the caller's URL.

use std::mem;

use ::reqwest::{Body, Response, ResponseBuilderExt as _, Url};
use tower_http::follow_redirect::RequestUri;

/// Replaces the URL that was sent, which may hold a credential, by the caller's. Otherwise the response, its errors and
/// those of its body would show it.
pub(super) fn with_callers_url(mut response: Response, url: &Url) -> Response {
    if response.url() == url {
        return response;
    }
    // reqwest keeps the URI that was sent here, too.
    response.extensions_mut().remove::<RequestUri>();
    let (mut parts, body) = http::Response::<Body>::from(response).into_parts();
    let mut builder = http::response::Builder::new().url(url.clone());
    if let Some(url) = builder.extensions_mut() {
        parts.extensions.extend(mem::take(url));
    }
    http::Response::from_parts(parts, body).into()
}
