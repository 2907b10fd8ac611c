//! The pages that a browser shows when it comes back. Each is one document that loads nothing, runs nothing
//! and repeats nothing of what was sent.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::desk::Other;

const STYLE: &str = include_str!("page/style.css");
const LOGGED_IN: &str = include_str!("page/logged_in.html");
const FAILED: &str = include_str!("page/failed.html");
const FOREIGN: &str = include_str!("page/foreign.html");

/// Allows the one style and the icon in the address, and nothing else, not even to be shown in a frame.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // Base64 and words are visible ASCII.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What came of the login.
pub(super) fn of_login(is_logged_in: bool) -> Response<Full<Bytes>> {
    if is_logged_in {
        document(StatusCode::OK, LOGGED_IN)
    } else {
        document(StatusCode::BAD_REQUEST, FAILED)
    }
}

/// An answer that is not of the login that is waited for.
pub(super) fn foreign() -> Response<Full<Bytes>> {
    document(StatusCode::BAD_REQUEST, FOREIGN)
}

/// What is not for a person.
pub(super) fn of_other(other: Other) -> Response<Full<Bytes>> {
    let (status, text) = match other {
        Other::Site => (StatusCode::MISDIRECTED_REQUEST, "This is another address."),
        Other::Path => (StatusCode::NOT_FOUND, "There is nothing here."),
        Other::Method => (StatusCode::METHOD_NOT_ALLOWED, "This address is only for GET."),
    };
    let body = Bytes::from_static(text.as_bytes());
    let mut response = response(status, "text/plain; charset=utf-8", body);
    if matches!(other, Other::Method) {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

fn document(status: StatusCode, html: &str) -> Response<Full<Bytes>> {
    response(status, "text/html; charset=utf-8", Bytes::from(html.replace("{style}", STYLE)))
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
