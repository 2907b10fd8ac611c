//! `Body`: what a signer sees of a request's body.

use std::{any::Any, fmt};

use bytes::Bytes;
use http::{
    HeaderMap, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};

/// The body of a request, as a signer sees it. [`Request::body`](crate::Request::body) returns it.
///
/// ```
/// use authn::{Body, Request};
///
/// let mut request = http::Request::post("https://api.example.com/").body("a=1")?;
/// assert_eq!(Request::from(&mut request).body().bytes(), Some(&b"a=1"[..]));
///
/// // These parts have no body with them.
/// let (mut parts, body) = request.into_parts();
/// assert!(matches!(Request::from(&mut parts).body(), Body::Unknown));
/// let request = Request::from(&mut parts).with_known_body(Body::Bytes(body.as_bytes()));
/// assert_eq!(request.body().bytes(), Some(&b"a=1"[..]));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Body<'a> {
    /// There is none.
    Empty,
    /// It is in memory.
    Bytes(&'a [u8]),
    /// It streams, or the caller has not passed it.
    Unknown,
}

impl<'a> Body<'a> {
    /// Returns the bytes, without any if there is no body; `None` if they are not known.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }

    /// Returns the body that a caller has not passed: a `GET` or `HEAD` whose headers announce none has none
    /// (RFC 9112, section 6).
    pub(super) fn of_head(method: &Method, headers: &HeaderMap) -> Self {
        let announces = [CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_TYPE];
        let has_none = matches!(*method, Method::GET | Method::HEAD)
            && !announces.iter().any(|name| headers.contains_key(name));
        if has_none { Self::Empty } else { Self::Unknown }
    }

    /// Returns a body of one of the usual types that are in memory.
    pub(super) fn of_any(body: &'a dyn Any) -> Self {
        if body.is::<()>() {
            return Self::Empty;
        }
        let bytes = body.downcast_ref::<Vec<u8>>().map(Vec::as_slice);
        let bytes = bytes.or_else(|| body.downcast_ref::<Bytes>().map(|bytes| &**bytes));
        let bytes = bytes.or_else(|| body.downcast_ref::<String>().map(String::as_bytes));
        let bytes =
            bytes.or_else(|| body.downcast_ref::<&'static str>().map(|text| text.as_bytes()));
        let bytes = bytes.or_else(|| body.downcast_ref::<&'static [u8]>().copied());
        bytes.map_or(Self::Unknown, Self::Bytes)
    }
}

/// Shows no content.
impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Unknown => f.write_str("Unknown"),
        }
    }
}
