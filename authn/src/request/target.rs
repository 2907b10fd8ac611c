//! `Target`: the method, the URI, the headers and the body of a request, wherever its client keeps them.

#[cfg(feature = "tonic")]
use std::sync::OnceLock;

use http::{HeaderMap, Method, Uri};

use super::Body;

pub(super) enum Target<'a> {
    Parts {
        method: &'a Method,
        uri: &'a mut Uri,
        headers: &'a mut HeaderMap,
    },
    Whole(&'a mut (dyn Whole + Send)),
    #[cfg(feature = "reqwest")]
    Reqwest {
        request: &'a mut reqwest::Request,
        uri: OwnUri<'a>,
    },
    #[cfg(feature = "tonic")]
    Call {
        call: &'a Call<'a>,
        headers: &'a mut HeaderMap,
    },
}

/// A gRPC call, whose URI is put together only if a signer asks for it: that costs more than all the rest.
#[cfg(feature = "tonic")]
pub(crate) struct Call<'a> {
    origin: &'a Uri,
    /// The service and the method; `None` if the client does not tell.
    name: Option<(&'a str, &'a str)>,
    uri: OnceLock<Uri>,
}

#[cfg(feature = "tonic")]
impl<'a> Call<'a> {
    pub(crate) fn new(origin: &'a Uri, name: Option<(&'a str, &'a str)>) -> Self {
        Self { origin, name, uri: OnceLock::new() }
    }

    fn uri(&self) -> &Uri {
        self.uri.get_or_init(|| {
            let Some((service, method)) = self.name else { return self.origin.clone() };
            let mut parts = self.origin.clone().into_parts();
            parts.path_and_query = format!("/{service}/{method}").parse().ok();
            Uri::from_parts(parts).unwrap_or_else(|_| self.origin.clone())
        })
    }
}

/// The URI of a request whose client has a `Url`. It follows each change of the query.
#[cfg(feature = "reqwest")]
pub(super) enum OwnUri<'a> {
    Owned(Uri),
    Borrowed(&'a mut Uri),
}

/// An [`http::Request`], whatever its body is.
pub(super) trait Whole {
    fn method(&self) -> &Method;
    fn uri(&self) -> &Uri;
    fn set_uri(&mut self, uri: Uri);
    fn headers(&self) -> &HeaderMap;
    fn headers_mut(&mut self) -> &mut HeaderMap;
    fn body(&self) -> Body<'_>;
}

impl<B: 'static> Whole for http::Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn uri(&self) -> &Uri {
        self.uri()
    }

    fn set_uri(&mut self, uri: Uri) {
        *self.uri_mut() = uri;
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn body(&self) -> Body<'_> {
        Body::of_any(self.body())
    }
}

impl Target<'_> {
    #[inline]
    pub(super) fn method(&self) -> &Method {
        match self {
            Self::Parts { method, .. } => method,
            Self::Whole(request) => request.method(),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, .. } => request.method(),
            #[cfg(feature = "tonic")]
            Self::Call { .. } => &Method::POST,
        }
    }

    #[inline]
    pub(super) fn uri(&self) -> &Uri {
        match self {
            Self::Parts { uri, .. } => uri,
            Self::Whole(request) => request.uri(),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { uri, .. } => uri.get(),
            #[cfg(feature = "tonic")]
            Self::Call { call, .. } => call.uri(),
        }
    }

    /// Returns a URI with the scheme and the host of the request.
    #[inline]
    pub(super) fn origin(&self) -> &Uri {
        match self {
            #[cfg(feature = "tonic")]
            Self::Call { call, .. } => call.origin,
            target => target.uri(),
        }
    }

    /// Replaces the URI by one with another query.
    pub(super) fn set_uri(&mut self, new: Uri) {
        match self {
            Self::Parts { uri, .. } => **uri = new,
            Self::Whole(request) => request.set_uri(new),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, uri } => {
                request.url_mut().set_query(new.query());
                *uri.get_mut() = new;
            }
            #[cfg(feature = "tonic")]
            Self::Call { .. } => drop(new),
        }
    }

    #[inline]
    pub(super) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Parts { headers, .. } => headers,
            Self::Whole(request) => request.headers(),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, .. } => request.headers(),
            #[cfg(feature = "tonic")]
            Self::Call { headers, .. } => headers,
        }
    }

    #[inline]
    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Parts { headers, .. } => headers,
            Self::Whole(request) => request.headers_mut(),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, .. } => request.headers_mut(),
            #[cfg(feature = "tonic")]
            Self::Call { headers, .. } => headers,
        }
    }

    /// Returns the body, if the client keeps it with the rest.
    pub(super) fn body(&self) -> Body<'_> {
        match self {
            Self::Parts { .. } => Body::of_head(self.method(), self.headers()),
            Self::Whole(request) => request.body(),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, .. } => match request.body().map(reqwest::Body::as_bytes) {
                None => Body::Empty,
                Some(Some(bytes)) => Body::Bytes(bytes),
                Some(None) => Body::Unknown,
            },
            #[cfg(feature = "tonic")]
            Self::Call { .. } => Body::Unknown,
        }
    }

    /// Replaces a form that the client keeps with the rest; returns whether it does.
    pub(super) fn set_form(&mut self, form: Vec<u8>) -> bool {
        match self {
            Self::Parts { .. } | Self::Whole(_) => {
                drop(form);
                false
            }
            #[cfg(feature = "tonic")]
            Self::Call { .. } => {
                drop(form);
                false
            }
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, .. } => {
                *request.body_mut() = Some(form.into());
                request.headers_mut().remove(http::header::CONTENT_LENGTH);
                true
            }
        }
    }

    #[inline]
    pub(super) fn reborrow(&mut self) -> Target<'_> {
        match self {
            Self::Parts { method, uri, headers } => Target::Parts { method, uri, headers },
            Self::Whole(request) => Target::Whole(&mut **request),
            #[cfg(feature = "reqwest")]
            Self::Reqwest { request, uri } => {
                Target::Reqwest { request, uri: OwnUri::Borrowed(uri.get_mut()) }
            }
            #[cfg(feature = "tonic")]
            Self::Call { call, headers } => Target::Call { call, headers },
        }
    }
}

#[cfg(feature = "reqwest")]
impl OwnUri<'_> {
    fn get(&self) -> &Uri {
        match self {
            Self::Owned(uri) => uri,
            Self::Borrowed(uri) => uri,
        }
    }

    fn get_mut(&mut self) -> &mut Uri {
        match self {
            Self::Owned(uri) => uri,
            Self::Borrowed(uri) => uri,
        }
    }
}

/// Returns a URL as a URI, without its fragment; `None` if it is no URI of HTTP.
#[cfg(feature = "reqwest")]
pub(crate) fn uri_of(url: &reqwest::Url) -> Option<Uri> {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().parse().ok()
}
