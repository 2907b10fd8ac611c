//! The answer to an authorised request, and what a provider makes of it: `ResponseHead`, `Used`, `Reaction`.

use std::{any::Any, fmt, sync::Arc};

use http::{HeaderMap, Method, StatusCode, Uri};

use super::{Place, Placement};
use crate::{Issued, SecretString, Token};

/// The head of the answer to an authorised request.
///
/// ```
/// use authn::ResponseHead;
/// use http::{HeaderMap, Method, StatusCode, Uri};
///
/// let uri = Uri::from_static("https://api.example.com/v1/things");
/// let headers = HeaderMap::new();
/// let head = ResponseHead::new(&Method::GET, &uri, StatusCode::UNAUTHORIZED, &headers);
/// assert!(head.header("dpop-nonce").is_none());
/// ```
#[derive(Clone, Copy)]
pub struct ResponseHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    status: StatusCode,
    headers: &'a HeaderMap,
    allows_step_up: bool,
}

impl<'a> ResponseHead<'a> {
    /// Creates a head from the request's method and URI, without a credential in it, and the answer's status and
    /// headers.
    pub fn new(
        method: &'a Method,
        uri: &'a Uri,
        status: StatusCode,
        headers: &'a HeaderMap,
    ) -> Self {
        Self { method, uri, status, headers, allows_step_up: false }
    }

    /// Says that the program wants a token with more scopes if the server asks for them, and the request sent once more:
    /// [`Reaction::RetryWithScopes`].
    ///
    /// ```
    /// # use authn::ResponseHead;
    /// # use http::{HeaderMap, Method, StatusCode, Uri};
    /// # let (uri, headers) = (Uri::from_static("https://api.example.com/"), HeaderMap::new());
    /// let head = ResponseHead::new(&Method::GET, &uri, StatusCode::FORBIDDEN, &headers);
    /// assert!(!head.allows_step_up());
    /// assert!(head.with_step_up(true).allows_step_up());
    /// ```
    #[must_use]
    pub fn with_step_up(self, allows: bool) -> Self {
        Self { allows_step_up: allows, ..self }
    }

    /// Returns whether the program wants a token with more scopes if the server asks for them.
    pub fn allows_step_up(&self) -> bool {
        self.allows_step_up
    }

    /// Returns the method of the request.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the URI of the request.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the value of a header if it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Shows no header and no URI: both can hold secrets.
impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("method", &self.method)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The token that a request was authorised with; see [`Request::with_used`](crate::Request::with_used).
///
/// ```
/// use authn::{Request, Token, Used};
///
/// let mut used = Used::default();
/// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
/// Request::from(&mut parts).with_used(&mut used).bearer(&Token::new("abc")?)?;
/// assert_eq!(used.token().unwrap().secret(), "abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Used {
    issued: Option<Issued>,
    places: Vec<Place>,
    /// Which providers of chains have authorised the request, the outermost chain first.
    links: Vec<usize>,
    note: Option<Arc<dyn Any + Send + Sync>>,
}

impl Used {
    /// Returns the token; `None` if the caller's own credential was left, or the provider uses none.
    pub fn token(&self) -> Option<&Token> {
        self.issued.as_ref().map(Issued::token)
    }

    /// Returns the secret that was kept with the token under a name.
    pub fn kept(&self, name: &str) -> Option<&SecretString> {
        self.issued.as_ref()?.kept(name)
    }

    /// Returns what the provider has [noted](crate::Request::note) about the request; `None` if it has noted nothing, or
    /// another type.
    pub fn note<T: Any>(&self) -> Option<&T> {
        self.note.as_deref()?.downcast_ref()
    }

    pub(crate) fn set_note(&mut self, note: Arc<dyn Any + Send + Sync>) {
        self.note = Some(note);
    }

    pub(crate) fn set(&mut self, issued: Issued) {
        self.issued = Some(issued);
    }

    /// Notes which provider of a chain authorises the request. Returns how many were noted before.
    pub(crate) fn add_link(&mut self, link: usize) -> usize {
        self.links.push(link);
        self.links.len() - 1
    }

    /// Drops what was noted of a provider of a chain that did not authorise the request.
    pub(crate) fn drop_links(&mut self, before: usize) {
        self.links.truncate(before);
    }

    /// Returns which provider of a chain has authorised the request, and what that one is told.
    pub(crate) fn of_link(&self) -> Option<(usize, Self)> {
        let (first, rest) = self.links.split_first()?;
        Some((*first, Self { links: rest.to_vec(), ..self.clone() }))
    }

    /// Notes a place that the provider has set itself, or left as the caller set it.
    pub(crate) fn add_place(&mut self, placement: Placement) {
        self.places.push(placement.place);
    }

    /// Returns the places that the provider has set itself.
    #[cfg(feature = "reqwest")]
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }
}

/// What a provider asks of the client after an answer.
///
/// A client sends a request at most once more, and never after a success (2xx). So a provider may return
/// [`Retry`](Self::Retry) for each new nonce, whatever the status is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// Nothing. From a provider it means that the status decides: 401, or the statuses that
    /// [`token_provider`](macro@crate::token_provider) names by `refusing`, are [`Invalidate`](Self::Invalidate).
    #[default]
    Pass,
    /// Nothing, and the token stays whatever the status is: something else was refused, such as a proof (RFC 9449, section
    /// 7.1). Only a provider returns it; a client gets [`Pass`](Self::Pass).
    Keep,
    /// The token was refused: it is replaced, and the request is sent once more with the new one. If one has just been
    /// replaced, the caller gets the answer; see [`guide::refresh_timing`](crate::guide::refresh_timing).
    Invalidate,
    /// The request is authorised anew and sent once more, such as with the nonce of the answer (RFC 9449, section 9).
    Retry,
    /// The request is sent once more with a token for these scopes (RFC 6750, section 3.1, `insufficient_scope`). The next
    /// request has the configured scopes again: use [`Credentials::with_scope`](crate::Credentials::with_scope) for
    /// several of them.
    RetryWithScopes(Vec<String>),
}
