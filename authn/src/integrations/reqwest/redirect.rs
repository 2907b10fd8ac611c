//! Where a redirect leads, and which credentials are removed from a request to another origin.

use ::reqwest::{Body, Request as HttpRequest, Response, Url, header, header::HeaderName};

use super::{Error, Result};
use crate::{
    origins::is_loopback,
    request::{Place, is_form, without_parameter},
};

/// The headers that every client removes.
pub(super) const USUAL: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Returns the target of a redirect; `None` if the response is none. `from` is the caller's URL. The response has the
/// URL that was sent: its credential is not in the target, even if the server repeats it there.
pub(super) fn target(response: &Response, from: &Url) -> Result<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else { return Ok(None) };
    let Some(mut target) = location.to_str().ok().and_then(|text| from.join(text).ok()) else {
        return Err(Error::Redirect("its address can't be read; check the server"));
    };
    if let Some(refusal) = refusal(from, &target) {
        return Err(Error::Redirect(refusal));
    }
    if target.fragment().is_none() {
        target.set_fragment(from.fragment());
    }
    remove_added(&mut target, from, response.url());
    Ok(Some(target))
}

/// Returns why a redirect is not followed.
pub(super) fn refusal(from: &Url, target: &Url) -> Option<&'static str> {
    if from.scheme() == "https"
        && target.scheme() == "http"
        && !target.host_str().is_some_and(is_loopback)
    {
        return Some("it leads from https to http; use the final address");
    }
    (target.scheme() != "https" && target.scheme() != "http")
        .then_some("it leads to another scheme than https and http; check the server")
}

/// Removes the parameters that `sent` has and `from` does not. The other parameters keep their encoding.
fn remove_added(target: &mut Url, from: &Url, sent: &Url) {
    let is_added = |pair: &str| {
        form_urlencoded::parse(pair.as_bytes()).any(|pair| {
            sent.query_pairs().any(|sent| sent == pair) && from.query_pairs().all(|own| own != pair)
        })
    };
    let Some(query) = target.query() else { return };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_added(pair)).collect();
    let kept = kept.join("&");
    if kept != query {
        target.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
}

/// Removes every credential from a request to another origin, whether the provider or the caller has set it: the usual
/// headers, those that the caller marked as sensitive, and everything in the places of the provider.
pub(super) fn strip(request: &mut HttpRequest, places: &[Place]) {
    let mut names = USUAL.to_vec();
    let sensitive = request.headers().iter().filter(|(_, value)| value.is_sensitive());
    names.extend(sensitive.map(|(name, _)| name.clone()));
    for place in places {
        match place {
            Place::Header { name, .. } => names.push(name.clone()),
            Place::Query { parameter } | Place::Body { parameter } => {
                strip_parameter(request, parameter);
            }
        }
    }
    for name in names {
        request.headers_mut().remove(name);
    }
}

/// Removes a parameter from the query and from a form-encoded body.
fn strip_parameter(request: &mut HttpRequest, parameter: &str) {
    if let Some(query) = request.url().query() {
        let left = without_parameter(query, parameter);
        request.url_mut().set_query(Some(left.as_str()).filter(|left| !left.is_empty()));
    }
    let body = request.body().and_then(Body::as_bytes).filter(|_| is_form(request.headers()));
    if let Some(form) = body.and_then(|body| std::str::from_utf8(body).ok()) {
        let left = without_parameter(form, parameter);
        if left != form {
            *request.body_mut() = Some(Body::from(left));
            request.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }
}
