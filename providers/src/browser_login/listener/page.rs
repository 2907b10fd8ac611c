//! The pages that a browser shows when it comes back. Each is one document that loads nothing, runs nothing and repeats
//! nothing from the request.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

const STYLE: &str = include_str!("page/style.css");
const LOGGED_IN: &str = include_str!("page/logged_in.html");
const FAILED: &str = include_str!("page/failed.html");
const FOREIGN: &str = include_str!("page/foreign.html");

/// Allows the style and the icon in the page, and nothing else, not even to be shown in a frame.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // Base64 and words are visible ASCII.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Returns the page with the result of the login.
pub(super) fn outcome(is_logged_in: bool) -> Response<Full<Bytes>> {
    if is_logged_in {
        document(StatusCode::OK, LOGGED_IN)
    } else {
        document(StatusCode::BAD_REQUEST, FAILED)
    }
}

/// Returns the page for an answer to another login.
pub(super) fn foreign() -> Response<Full<Bytes>> {
    document(StatusCode::BAD_REQUEST, FOREIGN)
}

/// Returns a plain text, for requests that are not from a user.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let body = Bytes::from_static(text.as_bytes());
    let mut response = response(status, "text/plain; charset=utf-8", body);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::testing::wait;

    #[test]
    fn the_policy_allows_the_style_of_every_page_and_nothing_else() {
        for (response, title) in [
            (outcome(true), "You are logged in"),
            (outcome(false), "The login failed"),
            (foreign(), "This is another login"),
        ] {
            let (head, body) = response.into_parts();
            let body = wait(body.collect()).unwrap().to_bytes();
            let html = std::str::from_utf8(&body).unwrap();
            let (_, rest) = html.split_once("<style>").unwrap();
            let (style, rest) = rest.split_once("</style>").unwrap();
            let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
            let policy = head.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
            assert!(policy.starts_with("default-src 'none'"), "{policy}");

            assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{html}");
            assert!(html.contains(&format!("<title>{title}</title>")), "{html}");
            // Nothing else has a style or a script, and nothing is loaded but the icon in the page.
            for forbidden in ["<style", "style=", "<script", "src=", "http:", "https:"] {
                assert!(!rest.contains(forbidden), "{forbidden}: {rest}");
            }
            assert_eq!(html.matches("href=").count(), 1, "{html}");
            assert!(html.contains("href=\"data:image/svg+xml,"), "{html}");
        }
    }
}
