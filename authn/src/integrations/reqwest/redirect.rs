//! Where a redirect leads, and which credentials are removed from a request to another origin.

use ::reqwest::{
    Body, Method, Request as HttpRequest, Response, StatusCode, Url, header,
    header::{HeaderName, HeaderValue},
};

use super::{Error, Result, authorize::authorize};
use crate::{
    Credentials, Used,
    request::{is_loopback, without_parameter},
};

/// Returns the target of a redirect; `None` if the response is none.
pub(super) fn target(response: &Response, from: &Url) -> Result<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else { return Ok(None) };
    let bad = Error::Redirect("its address is not a URL; check the server");
    let Some(mut target) = location.to_str().ok().and_then(|text| from.join(text).ok()) else {
        return Err(bad);
    };
    if from.scheme() == "https"
        && target.scheme() == "http"
        && !target.host_str().is_some_and(is_loopback)
    {
        return Err(Error::Redirect("it leads from https to http; use the final address"));
    }
    if target.scheme() != "https" && target.scheme() != "http" {
        return Err(bad);
    }
    if target.fragment().is_none() {
        target.set_fragment(from.fragment());
    }
    Ok(Some(target))
}

/// Returns the request that follows a redirect (RFC 9110, 15.4); `None` if its body can't be sent again.
pub(super) fn redirected(request: Option<HttpRequest>, status: StatusCode) -> Option<HttpRequest> {
    let mut request = request?;
    let keeps_method = matches!(status.as_u16(), 307 | 308)
        || matches!(*request.method(), Method::GET | Method::HEAD);
    if !keeps_method {
        *request.method_mut() = Method::GET;
        *request.body_mut() = None;
        for name in [
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::TRANSFER_ENCODING,
        ] {
            request.headers_mut().remove(name);
        }
    }
    Some(request)
}

pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Removes every credential from a request to another origin: the usual headers, those that the caller marked as
/// sensitive, and everything that the provider adds to a request.
pub(super) async fn strip(
    request: &mut HttpRequest,
    from: &Url,
    credentials: Option<&Credentials>,
) {
    let mut names: Vec<HeaderName> =
        vec![header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
    let sensitive = request.headers().iter().filter(|(_, value)| value.is_sensitive());
    names.extend(sensitive.map(|(name, _)| name.clone()));
    let mut parameters = Vec::new();
    if let Some(credentials) = credentials {
        let mut probe = HttpRequest::new(Method::POST, from.clone());
        probe.url_mut().set_query(None);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        probe.headers_mut().insert(header::CONTENT_TYPE, form);
        *probe.body_mut() = Some(Body::from(Vec::new()));
        // If that fails, the provider added nothing to the request either.
        if authorize(&mut probe, credentials, &mut Used::default()).await.is_ok() {
            names.extend(
                probe.headers().keys().filter(|name| **name != header::CONTENT_TYPE).cloned(),
            );
            parameters.extend(probe.url().query_pairs().map(|(key, _)| key.into_owned()));
            let body = probe.body().and_then(Body::as_bytes).unwrap_or_default();
            parameters.extend(url::form_urlencoded::parse(body).map(|(key, _)| key.into_owned()));
        }
    }
    for name in names {
        request.headers_mut().remove(name);
    }
    for parameter in parameters {
        if let Some(query) = request.url().query() {
            let left = without_parameter(query, &parameter);
            request.url_mut().set_query(Some(left.as_str()).filter(|left| !left.is_empty()));
        }
        let is_form = request.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
            value.as_bytes().starts_with(b"application/x-www-form-urlencoded")
        });
        let body = request.body().and_then(Body::as_bytes).filter(|_| is_form);
        if let Some(form) = body.and_then(|body| std::str::from_utf8(body).ok()) {
            let left = without_parameter(form, &parameter);
            if left != form {
                *request.body_mut() = Some(Body::from(left));
                request.headers_mut().remove(header::CONTENT_LENGTH);
            }
        }
    }
}
