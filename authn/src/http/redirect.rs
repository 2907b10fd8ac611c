//! The request that follows a redirect.

use http::{Method, StatusCode, header};
use reqwest::Request;
use url::Url;

/// Returns the request that follows a redirect (RFC 9110, 15.4); `None` if its body can't be sent again.
pub(crate) fn redirected(request: Option<Request>, status: StatusCode) -> Option<Request> {
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

pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (other, is_same) in [
            ("https://a.test/x?y", true),
            ("https://A.test:443/", true),
            ("https://user@a.test/", true),
            ("http://a.test/", false),
            ("http://a.test:443/", false),
            ("https://a.test:8443/", false),
            ("https://b.test/", false),
            ("https://a.test.b.test/", false),
            ("https://a.test./", false),
        ] {
            let url = |text: &str| text.parse::<Url>().unwrap();
            assert_eq!(same_origin(&url("https://a.test/"), &url(other)), is_same, "{other}");
        }
    }
}
