//! Adds a credential to a reqwest request.

use ::reqwest::{Body, Request as HttpRequest, Url, header};
use http::Uri;

use crate::{Credentials, ErrorKind, Request, Used};

/// Adds the credential to a request, and records its token in `used`.
pub(super) async fn authorize(
    request: &mut HttpRequest,
    credentials: &Credentials,
    used: &mut Used,
) -> std::result::Result<(), crate::Error> {
    let mut uri = uri(request.url())?;
    let before = uri.clone();
    let method = request.method().clone();
    let mut body = request.body().and_then(Body::as_bytes).map(<[u8]>::to_vec);
    let unchanged = body.clone();
    let mut headers = std::mem::take(request.headers_mut());
    let mut parts = Request::new(&method, &mut uri, &mut headers).with_used(used);
    if let Some(body) = &mut body {
        parts = parts.with_body(body);
    }
    let result = credentials.authorize(parts).await;
    *request.headers_mut() = headers;
    result?;
    if uri != before {
        // Only the query can have changed, and it is well-formed.
        request.url_mut().set_query(uri.query());
    }
    if body != unchanged {
        *request.body_mut() = body.map(Body::from);
        request.headers_mut().remove(header::CONTENT_LENGTH);
    }
    Ok(())
}

/// Returns a URL as a URI, without its fragment.
pub(super) fn uri(url: &Url) -> std::result::Result<Uri, crate::Error> {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().parse().map_err(|_| {
        crate::Error::new(
            ErrorKind::Origin,
            "the request's URL is not an HTTP URI, so the request can't be authorised",
        )
        .with_help("check the URL")
    })
}
