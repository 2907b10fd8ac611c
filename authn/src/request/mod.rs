//! `Request`: the parts of an outgoing request that a provider may change.

pub(crate) mod binding;
mod body;
mod challenge;
mod host;
mod name;
pub(crate) mod options;
mod placement;
mod response;
mod target;

use std::{
    any::Any,
    fmt,
    sync::{Arc, LazyLock},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
    uri::PathAndQuery,
};

use crate::{Error, Issued, Result, Token};

pub use body::Body;
#[doc(hidden)]
pub use challenge::Challenge;
pub use options::{DefaultPlace, Placed};
pub(crate) use placement::Place;
pub use placement::Placement;
pub use response::{Reaction, ResponseHead, Used};
#[cfg(feature = "tonic")]
pub(crate) use target::Call;
use target::Target;
#[cfg(feature = "reqwest")]
pub(crate) use target::uri_of;

static DEFAULT: LazyLock<Placement> = LazyLock::new(Placement::default);

/// The parts of a request to which a provider may add a credential: headers, query, and a form-encoded body.
///
/// It is created from the request of any HTTP client: from `&mut http::request::Parts`, or from its parts with
/// [`Request::new`].
///
/// ```
/// use authn::{Request, Token};
///
/// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
/// Request::from(&mut parts).bearer(&Token::new("abc")?)?;
/// assert_eq!(parts.headers["authorization"], "Bearer abc");
///
/// let mut request = Request::from(&mut parts);
/// assert!(request.is_authorized());
/// request.set_query("page", "10")?;
/// assert_eq!(parts.uri, "https://api.example.com/?page=10");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The whole request of `http` and of reqwest does as well. A signer then sees its body, if that is in memory:
///
/// ```
/// # use authn::{Request, Token};
/// let mut request = http::Request::post("https://api.example.com/").body(b"a=1".to_vec())?;
/// Request::from(&mut request).bearer(&Token::new("abc")?)?;
/// assert_eq!(request.headers()["authorization"], "Bearer abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Request<'a> {
    target: Target<'a>,
    body: Passed<'a>,
    placement: Option<&'a Placement>,
    used: Option<&'a mut Used>,
    /// Whether it is a gRPC call: its URI has no query, and some names of its headers are for binary values.
    is_call: bool,
}

/// The body that the caller has passed.
enum Passed<'a> {
    /// None: it is the one that the client keeps with the request, if it does.
    None,
    Known(Body<'a>),
    Writable(&'a mut Vec<u8>),
}

impl<'a> Request<'a> {
    /// Creates a request from its parts.
    pub fn new(method: &'a Method, uri: &'a mut Uri, headers: &'a mut HeaderMap) -> Self {
        Self::of(Target::Parts { method, uri, headers })
    }

    /// Creates a request of a gRPC call.
    #[cfg(feature = "tonic")]
    #[inline]
    pub(crate) fn of_call(call: &'a Call<'a>, headers: &'a mut HeaderMap) -> Self {
        Self::of(Target::Call { call, headers }).for_call()
    }

    fn of(target: Target<'a>) -> Self {
        Self { target, body: Passed::None, placement: None, used: None, is_call: false }
    }

    /// Makes it the request of a gRPC call, which takes a credential as text in metadata alone.
    #[inline]
    pub(crate) fn for_call(self) -> Self {
        Self { is_call: true, ..self }
    }

    /// Adds the body, so that a signer sees it, and a token can be added to it. It is changed only by
    /// `placement = "body"`, and only if the content type is `application/x-www-form-urlencoded`.
    ///
    /// ```
    /// use authn::{Credentials, Placement, Request, Token, TokenProvider};
    /// # #[derive(Debug)]
    /// # struct Fixed;
    /// # impl TokenProvider for Fixed {
    /// #     async fn token(&self, _: &authn::Context) -> authn::Result<Token> { Token::new("abc") }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let credentials = Credentials::builder().provider(Fixed).domain("api.example.com");
    /// let credentials = credentials.placement(Placement::body("access_token")).build()?;
    /// let (mut parts, mut body) = http::Request::post("https://api.example.com/")
    ///     .header("content-type", "application/x-www-form-urlencoded")
    ///     .body(b"a=1".to_vec())?
    ///     .into_parts();
    /// credentials.authorize(Request::from(&mut parts).with_body(&mut body)).await?;
    /// assert_eq!(body, b"a=1&access_token=abc");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: &'a mut Vec<u8>) -> Self {
        self.body = Passed::Writable(body);
        self
    }

    /// Adds the body, so that a signer sees it. It is not changed. [`Body`] has an example.
    #[must_use]
    pub fn with_known_body(mut self, body: Body<'a>) -> Self {
        self.body = Passed::Known(body);
        self
    }

    /// Records in `used` the token that the request is authorised with, for
    /// [`Credentials::response`](crate::Credentials::response).
    #[must_use]
    pub fn with_used(mut self, used: &'a mut Used) -> Self {
        self.used = Some(used);
        self
    }

    /// Notes something about this request, in place of an earlier note, for the provider's reaction to the answer:
    /// [`Used::note`] returns it. Without [`with_used`](Self::with_used) it is dropped.
    ///
    /// ```
    /// use authn::{Request, Used};
    ///
    /// struct Nonce(String);
    ///
    /// let mut used = Used::default();
    /// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
    /// Request::from(&mut parts).with_used(&mut used).note(Nonce("n1".to_owned()));
    /// assert_eq!(used.note::<Nonce>().unwrap().0, "n1");
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn note(&mut self, note: impl Any + Send + Sync) {
        if let Some(used) = &mut self.used {
            used.set_note(Arc::new(note));
        }
    }

    /// Returns the method.
    pub fn method(&self) -> &Method {
        self.target.method()
    }

    /// Returns the URI.
    pub fn uri(&self) -> &Uri {
        self.target.uri()
    }

    /// Returns a URI with the scheme and the host of the request.
    #[inline]
    pub(crate) fn origin(&self) -> &Uri {
        self.target.origin()
    }

    /// Fails if the `Host` header names another server than the URI.
    #[inline]
    pub(crate) fn check_host(&self) -> Result<()> {
        host::check(self.origin(), self.headers())
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        self.target.headers()
    }

    /// Returns the body, for a signer. A `GET` or `HEAD` without a body that was passed counts as one without a body,
    /// unless its headers announce one.
    ///
    /// The requests of reqwest bring their body along. So do those of `http` whose body is `()`, a `Vec<u8>`,
    /// `Bytes`, a `String` or a static text or slice. For any other client, the caller passes it by
    /// [`with_body`](Self::with_body) or [`with_known_body`](Self::with_known_body).
    pub fn body(&self) -> Body<'_> {
        match &self.body {
            Passed::None => self.target.body(),
            Passed::Known(body) => *body,
            Passed::Writable(bytes) => Body::Bytes(bytes),
        }
    }

    /// Adds a token at the configured place, by default as `Authorization: Bearer`.
    ///
    /// A credential that the caller has set there is kept, unless `override = true` is configured. It is an error of
    /// kind [`Configuration`](crate::ErrorKind::Configuration) if the token belongs in the body and the request has no
    /// form-encoded one.
    #[inline]
    pub fn bearer(&mut self, token: &Token) -> Result<()> {
        if self.placement.is_some() || self.used.is_some() {
            return self.bearer_with_options(token);
        }
        // The common case, on its own so that it stays small.
        if !self.headers().contains_key(AUTHORIZATION) {
            self.target.headers_mut().insert(AUTHORIZATION, token.bearer()?);
        }
        Ok(())
    }

    #[inline(never)]
    fn bearer_with_options(&mut self, token: &Token) -> Result<()> {
        if self.is_authorized() {
            return Ok(());
        }
        self.record(token.clone().into());
        match self.placement {
            None => {
                self.target.headers_mut().insert(AUTHORIZATION, token.bearer()?);
                Ok(())
            }
            Some(placement) => self.place(token, placement),
        }
    }

    /// Returns whether the caller has set its own credential at the place of the token, and it is not to be replaced.
    #[inline]
    pub fn is_authorized(&self) -> bool {
        let Some(placement) = self.placement else {
            return self.headers().contains_key(AUTHORIZATION);
        };
        !placement.replace
            && match &placement.place {
                Place::Header { name, .. } => self.headers().contains_key(name),
                Place::Query { parameter } => has_parameter(self.uri().query(), parameter),
                Place::Body { parameter } => {
                    let form = self.body().bytes().and_then(|form| str::from_utf8(form).ok());
                    has_parameter(form, parameter)
                }
            }
    }

    /// Sets a header with a secret, unless the caller has set it, or it is set already. The value is marked as
    /// sensitive. Names and values are ready ones or texts.
    ///
    /// A header that is set anew for each request, such as a date or a signature, is for
    /// [`replace_header`](Self::replace_header): requests are authorised more than once.
    ///
    /// ```
    /// # use authn::Request;
    /// let (mut parts, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
    /// parts.headers.insert("x-key", "mine".parse()?);
    /// let mut request = Request::from(&mut parts);
    /// request.set_header("x-key", "kept out")?;
    /// request.replace_header("x-date", "Mon")?;
    /// request.replace_header("x-date", "Tue")?;
    /// request.set_query("signature", "abc")?;
    /// request.remove_query("signature")?;
    /// request.remove_header("x-old")?;
    /// assert_eq!(parts.headers["x-key"], "mine");
    /// assert_eq!(parts.headers["x-date"], "Tue");
    /// assert_eq!(parts.uri, "https://api.example.com/");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_header(
        &mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Result<()> {
        let name = self.noted(name)?;
        let value = name::value(&name, value)?;
        if self.replaces() || !self.headers().contains_key(&name) {
            self.target.headers_mut().insert(name, value);
        }
        Ok(())
    }

    /// Sets a header with a secret, in place of every value that it has, whoever has set that: a provider can't tell
    /// its own value of an earlier call from the caller's. So use it for headers that are the provider's alone. The value
    /// is marked as sensitive.
    pub fn replace_header(
        &mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Result<()> {
        let name = self.noted(name)?;
        let value = name::value(&name, value)?;
        self.target.headers_mut().insert(name, value);
        Ok(())
    }

    /// Removes every value of a header, whoever has set it.
    pub fn remove_header(&mut self, name: impl TryInto<HeaderName>) -> Result<()> {
        let name = self.noted(name)?;
        self.target.headers_mut().remove(name);
        Ok(())
    }

    /// Returns the name of a header of the provider, and notes it as one of its places.
    fn noted(&mut self, name: impl TryInto<HeaderName>) -> Result<HeaderName> {
        let name = name::name(name)?;
        self.check_name(&name)?;
        if let Some(used) = &mut self.used {
            used.add_place(Placement::header(name.clone(), ""));
        }
        Ok(name)
    }

    /// Fails for a name whose values are binary in a gRPC call, and sent in base64.
    fn check_name(&self, name: &HeaderName) -> Result<()> {
        if !self.is_call || !name.as_str().ends_with("-bin") {
            return Ok(());
        }
        let message = format!("the metadata `{name}` of a gRPC call is binary, and takes no text");
        Err(Error::configuration(message).with_help("choose a name that does not end in `-bin`"))
    }

    /// Sets a parameter of the query, percent-encoded, unless the caller has set it.
    pub fn set_query(&mut self, parameter: &str, value: &str) -> Result<()> {
        self.note_parameter(parameter);
        if !self.replaces() && has_parameter(self.uri().query(), parameter) {
            return Ok(());
        }
        let query = with_parameter(self.uri().query().unwrap_or(""), parameter, value);
        self.replace_query(&query)
    }

    /// Removes every value of a parameter from the query, whoever has set it. The other parameters keep their encoding.
    pub fn remove_query(&mut self, parameter: &str) -> Result<()> {
        self.note_parameter(parameter);
        let Some(query) = self.uri().query().filter(|query| has_parameter(Some(query), parameter))
        else {
            return Ok(());
        };
        let query = without_parameter(query, parameter);
        self.replace_query(&query)
    }

    fn note_parameter(&mut self, parameter: &str) {
        if let Some(used) = &mut self.used {
            used.add_place(Placement::query(parameter));
        }
    }

    /// Sets a parameter of the form-encoded body, unless the caller has set it.
    ///
    /// It is an error of kind [`Configuration`](crate::ErrorKind::Configuration) if the request has no form-encoded body
    /// in memory, or one that was passed by [`with_known_body`](Self::with_known_body).
    ///
    /// ```
    /// # use authn::Request;
    /// let (mut parts, mut body) = http::Request::post("https://api.example.com/")
    ///     .header("content-type", "application/x-www-form-urlencoded")
    ///     .body(b"a=1".to_vec())?
    ///     .into_parts();
    /// let mut request = Request::from(&mut parts).with_body(&mut body);
    /// request.set_form("signature", "abc")?;
    /// request.remove_form("signature")?;
    /// request.set_form("signature", "def")?;
    /// assert_eq!(body, b"a=1&signature=def");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_form(&mut self, parameter: &str, value: &str) -> Result<()> {
        self.note_member(parameter);
        let form = self.form().ok_or_else(no_form)?;
        let form = str::from_utf8(form).map_err(|_| cannot_hold("the form"))?;
        if !self.replaces() && has_parameter(Some(form), parameter) {
            return Ok(());
        }
        self.replace_form(with_parameter(form, parameter, value))
    }

    /// Removes every value of a parameter from the form-encoded body, whoever has set it. The other parameters keep their
    /// encoding. A request without such a body has nothing to remove.
    pub fn remove_form(&mut self, parameter: &str) -> Result<()> {
        self.note_member(parameter);
        let form = self.form().and_then(|form| str::from_utf8(form).ok());
        let Some(form) = form.filter(|form| has_parameter(Some(form), parameter)) else {
            return Ok(());
        };
        self.replace_form(without_parameter(form, parameter))
    }

    fn note_member(&mut self, parameter: &str) {
        if let Some(used) = &mut self.used {
            used.add_place(Placement::body(parameter));
        }
    }

    /// Returns the form-encoded body, if it is in memory.
    fn form(&self) -> Option<&[u8]> {
        self.body().bytes().filter(|_| is_form(self.headers()))
    }

    fn replace_form(&mut self, form: String) -> Result<()> {
        match &mut self.body {
            Passed::Writable(body) => **body = form.into_bytes(),
            Passed::None if self.target.set_form(form.into_bytes()) => {}
            Passed::None | Passed::Known(_) => return Err(no_form()),
        }
        Ok(())
    }

    fn replace_query(&mut self, query: &str) -> Result<()> {
        if self.is_call {
            return Err(cannot_hold("the query of a gRPC call"));
        }
        let uri = self.uri();
        let mark = if query.is_empty() { "" } else { "?" };
        let path_and_query: PathAndQuery =
            format!("{}{mark}{query}", uri.path()).parse().map_err(|_| cannot_hold("the query"))?;
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        self.target.set_uri(Uri::from_parts(parts).map_err(|_| cannot_hold("the query"))?);
        Ok(())
    }

    fn replaces(&self) -> bool {
        self.placement.is_some_and(|placement| placement.replace)
    }

    #[inline(never)]
    fn place(&mut self, token: &Token, placement: &Placement) -> Result<()> {
        match &placement.place {
            Place::Header { name, prefix } => {
                self.check_name(name)?;
                let value = token.header(prefix)?;
                self.target.headers_mut().insert(name, value);
                Ok(())
            }
            Place::Query { parameter } => self.set_query(parameter, token.secret()),
            Place::Body { parameter } => {
                let form = self.form().ok_or_else(no_form)?;
                let text = str::from_utf8(form).map_err(|_| cannot_hold("the form"))?;
                self.replace_form(with_parameter(text, parameter, token.secret()))
            }
        }
    }

    /// Returns whether the token that it is authorised with is recorded.
    #[inline]
    pub(crate) fn is_recorded(&self) -> bool {
        self.used.is_some()
    }

    /// Notes which provider of a chain authorises the request. Returns how many were noted before.
    pub(crate) fn enter_link(&mut self, link: usize) -> usize {
        self.used.as_mut().map_or(0, |used| used.add_link(link))
    }

    /// Drops what was noted of a provider of a chain that did not authorise the request.
    pub(crate) fn leave_link(&mut self, before: usize) {
        if let Some(used) = &mut self.used {
            used.drop_links(before);
        }
    }

    /// Records the token that it is authorised with.
    pub(crate) fn record(&mut self, issued: Issued) {
        if let Some(used) = &mut self.used {
            used.set(issued);
        }
    }

    #[inline]
    pub(crate) fn has_placement(&self) -> bool {
        self.placement.is_some()
    }

    /// Returns the same request with the placement of the credentials.
    #[inline]
    pub(crate) fn with_placement<'b>(
        &'b mut self,
        placement: Option<&'b Placement>,
    ) -> Request<'b> {
        Request {
            target: self.target.reborrow(),
            body: match &mut self.body {
                Passed::None => Passed::None,
                Passed::Known(body) => Passed::Known(*body),
                Passed::Writable(bytes) => Passed::Writable(bytes),
            },
            placement,
            used: self.used.as_deref_mut(),
            is_call: self.is_call,
        }
    }
}

/// Returns `None` for the default placement: requests with it take a shorter path.
pub(crate) fn unless_default(placement: Placement) -> Option<Placement> {
    (placement != *DEFAULT).then_some(placement)
}

impl<'a> From<&'a mut http::request::Parts> for Request<'a> {
    #[inline]
    fn from(parts: &'a mut http::request::Parts) -> Self {
        Self::new(&parts.method, &mut parts.uri, &mut parts.headers)
    }
}

impl<'a, B: Send + 'static> From<&'a mut http::Request<B>> for Request<'a> {
    fn from(request: &'a mut http::Request<B>) -> Self {
        Self::of(Target::Whole(request))
    }
}

/// A URL that is no URI of HTTP has no origin, so no credential is added to its request.
#[cfg(feature = "reqwest")]
impl<'a> From<&'a mut reqwest::Request> for Request<'a> {
    fn from(request: &'a mut reqwest::Request) -> Self {
        let uri = target::OwnUri::Owned(uri_of(request.url()).unwrap_or_default());
        Self::of(Target::Reqwest { request, uri })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", self.method()).finish_non_exhaustive()
    }
}

/// Returns what is known of a body: its bytes if its type has them in memory, or that a request without any announces none.
#[cfg(feature = "tower")]
pub(crate) fn known_body<'a>(method: &Method, headers: &HeaderMap, body: &'a dyn Any) -> Body<'a> {
    match Body::of_any(body) {
        Body::Unknown => Body::of_head(method, headers),
        known => known,
    }
}

/// Returns whether the body is form-encoded. A media type has no case (RFC 9110, 8.3.1).
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    })
}

pub(crate) fn has_parameter(encoded: Option<&str>, name: &str) -> bool {
    encoded.is_some_and(|encoded| {
        url::form_urlencoded::parse(encoded.as_bytes()).any(|(key, _)| key == name)
    })
}

/// Replaces all parameters of a name by one. The other parameters keep their encoding.
fn with_parameter(encoded: &str, name: &str, value: &str) -> String {
    let kept = without_parameter(encoded, name);
    let added =
        url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    if kept.is_empty() { added } else { format!("{kept}&{added}") }
}

/// Removes the parameters of a name. The other parameters keep their encoding.
pub(crate) fn without_parameter(encoded: &str, name: &str) -> String {
    let kept: Vec<&str> = encoded
        .split('&')
        .filter(|pair| !pair.is_empty() && !has_parameter(Some(pair), name))
        .collect();
    kept.join("&")
}

fn no_form() -> Error {
    Error::configuration("`placement = \"body\"` needs a form-encoded body that is in memory")
        .with_help("send one, or choose `header` for this provider")
}

fn cannot_hold(what: &str) -> Error {
    Error::configuration(format!("{what} can't take the token"))
        .with_help("choose another `placement`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str) -> http::request::Parts {
        http::Request::post(uri).body(()).unwrap().into_parts().0
    }

    fn token() -> Token {
        Token::new("t+k=n").unwrap()
    }

    #[test]
    fn the_callers_own_credential_wins_unless_the_placement_replaces_it() {
        let mut parts = parts("https://a.test/");
        parts.headers.insert("authorization", HeaderValue::from_static("mine"));
        Request::from(&mut parts).bearer(&token()).unwrap();
        assert_eq!(parts.headers["authorization"], "mine");
        let placement = Placement::default().replacing();
        Request::from(&mut parts).with_placement(Some(&placement)).bearer(&token()).unwrap();
        assert_eq!(parts.headers["authorization"], "Bearer t+k=n");
        assert!(parts.headers["authorization"].is_sensitive());
    }

    #[test]
    fn a_token_is_placed_in_a_header_the_query_or_the_body() {
        let mut parts = parts("https://a.test/p?x=%20&access_token=mine");
        let header = Placement::header(HeaderName::from_static("x-token"), "");
        Request::from(&mut parts).with_placement(Some(&header)).bearer(&token()).unwrap();
        assert_eq!(parts.headers["x-token"], "t+k=n");

        let query = Placement::query("access_token");
        Request::from(&mut parts).with_placement(Some(&query)).bearer(&token()).unwrap();
        assert_eq!(parts.uri.query(), Some("x=%20&access_token=mine"));
        let replacing = query.replacing();
        Request::from(&mut parts).with_placement(Some(&replacing)).bearer(&token()).unwrap();
        assert_eq!(parts.uri.to_string(), "https://a.test/p?x=%20&access_token=t%2Bk%3Dn");

        let placement = Placement::body("access_token");
        let mut form = b"a=1".to_vec();
        let mut request = Request::from(&mut parts).with_body(&mut form);
        let error = request.with_placement(Some(&placement)).bearer(&token()).unwrap_err();
        assert!(error.to_string().contains("form-encoded"), "{error}");
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        parts.headers.insert(CONTENT_TYPE, kind);
        let mut request = Request::from(&mut parts).with_body(&mut form);
        request.with_placement(Some(&placement)).bearer(&token()).unwrap();
        assert_eq!(form, b"a=1&access_token=t%2Bk%3Dn");
        assert!(!parts.headers.contains_key("authorization"));
    }

    #[test]
    fn headers_of_a_provider_are_sensitive_and_do_not_replace_the_callers() {
        let mut parts = parts("https://a.test/");
        let name = HeaderName::from_static("x-api-key");
        let mut request = Request::from(&mut parts);
        request.set_header(&name, HeaderValue::from_static("one")).unwrap();
        request.set_header(&name, HeaderValue::from_static("two")).unwrap();
        assert_eq!(parts.headers["x-api-key"], "one");
        assert!(parts.headers["x-api-key"].is_sensitive());
    }
}
