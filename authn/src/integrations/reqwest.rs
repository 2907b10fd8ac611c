//! `Client`: reqwest with authorised requests.
//!
//! reqwest's own redirects would carry headers that a provider set to wherever a server points, so this
//! client follows redirects itself: each hop starts from the caller's request, is authorised only if the
//! credentials are for its origin, and loses whatever is a credential once the origin changes.

use std::fmt;

use ::reqwest::{
    Body, ClientBuilder, IntoUrl, Method, Request as HttpRequest, Response, StatusCode, Url,
    header,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use http::Uri;
use serde::Serialize;

use crate::{Credentials, ErrorKind, Request, origins::is_loopback, request::without_parameter};

/// Most redirects that are followed.
const MOST_REDIRECTS: usize = 10;

/// The result of a request.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed. It holds no URL, because a URL can hold a token.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It could not be authorised.
    Authorization(crate::Error),
    /// It could not be built or sent, or its answer not be received.
    Http(::reqwest::Error),
    /// The server redirected in a way that is not followed.
    Redirect(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization(error) => write!(f, "the request was not authorised: {error}"),
            Self::Http(error) => write!(f, "the request failed: {error}"),
            Self::Redirect(reason) => write!(f, "the redirect was not followed: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Authorization(error) => Some(error),
            Self::Http(error) => Some(error),
            Self::Redirect(_) => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Self::Authorization(error)
    }
}

impl From<::reqwest::Error> for Error {
    fn from(error: ::reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

/// Sends authorised requests; a clone shares its connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = authn::reqwest::Client::new(authn::load()?)?;
/// let response = client.get("https://api.example.com/v1/things").send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    http: ::reqwest::Client,
    /// For the loopback interface, which no proxy may come between: its requests can be plain http.
    direct: ::reqwest::Client,
    credentials: Credentials,
}

impl Client {
    /// Makes a client with the options of `[http]`: proxy, authorities, deadlines, name.
    pub fn new(credentials: Credentials) -> Result<Self> {
        let direct = build(credentials.http().builder()?.no_proxy())?;
        let http = build(credentials.http().builder()?)?;
        Ok(Self { http, direct, credentials })
    }

    /// Makes a client of a builder of the caller's. Its redirect policy is replaced, and it sends no
    /// `Referer`. Its proxies count for every request, also to the loopback interface.
    pub fn from_builder(builder: ClientBuilder, credentials: Credentials) -> Result<Self> {
        let http = build(builder)?;
        Ok(Self { direct: http.clone(), http, credentials })
    }

    /// Gives the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Begins a `GET` request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a `POST` request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Begins a `PUT` request.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Begins a `PATCH` request.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Begins a `DELETE` request.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Begins a `HEAD` request.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Begins a request.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder {
            request: self.http.request(method, url),
            client: self.clone(),
            credentials: Some(self.credentials.clone()),
        }
    }

    /// Sends a request that was built elsewhere.
    pub async fn execute(&self, request: HttpRequest) -> Result<Response> {
        self.follow(request, Some(&self.credentials)).await
    }

    /// Sends a request and follows its redirects.
    async fn follow(
        &self,
        mut request: HttpRequest,
        credentials: Option<&Credentials>,
    ) -> Result<Response> {
        let mut first = true;
        for _ in 0..=MOST_REDIRECTS {
            // Bodies that stream can be sent once.
            let again = request.try_clone();
            let url = request.url().clone();
            let response = self.send(request, credentials, first).await?;
            first = false;
            let Some(target) = target(&response, &url)? else { return Ok(response) };
            let Some(mut next) = redirected(again, response.status()) else { return Ok(response) };
            *next.url_mut() = target;
            if !same_origin(&url, next.url()) {
                strip(&mut next, &url, credentials).await;
            }
            request = next;
        }
        Err(Error::Redirect("the server redirects without end; check the address"))
    }

    async fn transmit(&self, request: HttpRequest) -> Result<Response> {
        let is_loopback = request.url().host_str().is_some_and(is_loopback);
        let client = if is_loopback { &self.direct } else { &self.http };
        Ok(client.execute(request).await?)
    }

    /// Sends one request, and once more with a new token if the cached one was refused.
    async fn send(
        &self,
        mut request: HttpRequest,
        credentials: Option<&Credentials>,
        first: bool,
    ) -> Result<Response> {
        let Some(credentials) = credentials else { return self.transmit(request).await };
        let again = request.try_clone();
        match authorize(&mut request, credentials).await {
            Ok(()) => {}
            // Where a redirect leads, and that it has no body left which could take a token, is the
            // server's choice: it gets the request without credentials.
            Err(error)
                if !first
                    && matches!(error.kind(), ErrorKind::Origin | ErrorKind::Configuration) =>
            {
                return self.transmit(request).await;
            }
            Err(error) => return Err(error.into()),
        }
        let used = credentials.try_token().filter(|token| carries(&request, token.secret()));
        let response = self.transmit(request).await?;
        let (Some(used), Some(mut again), StatusCode::UNAUTHORIZED) =
            (used, again, response.status())
        else {
            return Ok(response);
        };
        if carries(&again, used.secret()) {
            return Ok(response);
        }
        credentials.invalidate(&used);
        // A token that can't be renewed leaves the server's own answer.
        if authorize(&mut again, credentials).await.is_err() || carries(&again, used.secret()) {
            return Ok(response);
        }
        self.transmit(again).await
    }
}

fn build(builder: ClientBuilder) -> Result<::reqwest::Client> {
    Ok(builder.redirect(Policy::none()).referer(false).build()?)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// A request that is being built; it is authorised when it is sent.
pub struct RequestBuilder {
    request: ::reqwest::RequestBuilder,
    client: Client,
    credentials: Option<Credentials>,
}

impl RequestBuilder {
    fn map(
        mut self,
        change: impl FnOnce(::reqwest::RequestBuilder) -> ::reqwest::RequestBuilder,
    ) -> Self {
        self.request = change(self.request);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|request| request.header(name, value))
    }

    /// Adds headers.
    #[must_use]
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// Adds parameters to the query.
    #[must_use]
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        let (client, request) = self.request.build_split();
        let request = request.map(|mut request| {
            if !parameters.is_empty() {
                request.url_mut().query_pairs_mut().extend_pairs(parameters);
            }
            request
        });
        match request {
            Ok(request) => {
                self.request = ::reqwest::RequestBuilder::from_parts(client, request);
            }
            // An address that is none: the builder that comes of it fails with the same error.
            Err(_) => self.request = client.get(""),
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|request| request.body(body))
    }

    /// Sets a JSON body. A value that can't be written as JSON is an error when the request is sent.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => {
                let kind = HeaderValue::from_static("application/json");
                self.map(|request| request.header(header::CONTENT_TYPE, kind).body(body))
            }
            Err(_) => self.map(|request| request.header("\0", "")),
        }
    }

    /// Sets a form-encoded body.
    #[must_use]
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.map(|request| request.header(header::CONTENT_TYPE, kind).body(body))
    }

    /// Sets the longest time for this request.
    #[must_use]
    pub fn timeout(self, timeout: std::time::Duration) -> Self {
        self.map(|request| request.timeout(timeout))
    }

    /// Sends this request without credentials.
    #[must_use]
    pub fn withhold_token(mut self) -> Self {
        self.credentials = None;
        self
    }

    /// Sends this request with other credentials than the client's.
    #[must_use]
    pub fn use_credentials(mut self, credentials: &Credentials) -> Self {
        self.credentials = Some(credentials.clone());
        self
    }

    /// Authorises and sends the request.
    pub async fn send(self) -> Result<Response> {
        let request = self.request.build()?;
        self.client.follow(request, self.credentials.as_ref()).await
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}

/// Adds the credential to reqwest's request.
async fn authorize(
    request: &mut HttpRequest,
    credentials: &Credentials,
) -> std::result::Result<(), crate::Error> {
    let mut uri = uri(request.url())?;
    let before = uri.clone();
    let method = request.method().clone();
    let mut body = request.body().and_then(Body::as_bytes).map(<[u8]>::to_vec);
    let unchanged = body.clone();
    let mut headers = std::mem::take(request.headers_mut());
    let mut parts = Request::new(&method, &mut uri, &mut headers);
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

fn uri(url: &Url) -> std::result::Result<Uri, crate::Error> {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().parse().map_err(|_| {
        crate::Error::new(ErrorKind::Origin, "the request's URL can't be authorised; check it")
    })
}

/// Tells whether a request carries a token where a provider puts one.
fn carries(request: &HttpRequest, secret: &str) -> bool {
    let in_headers =
        request.headers().values().any(|value| value.as_bytes().ends_with(secret.as_bytes()));
    let in_query = request.url().query_pairs().any(|(_, value)| value == secret);
    let in_body = request
        .body()
        .and_then(Body::as_bytes)
        .is_some_and(|body| url::form_urlencoded::parse(body).any(|(_, value)| value == secret));
    in_headers || in_query || in_body
}

/// Gives where a response redirects to, if it does.
fn target(response: &Response, from: &Url) -> Result<Option<Url>> {
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

/// Gives the request that a redirect asks for (RFC 9110, 15.4); `None` if its body can't be sent again.
fn redirected(request: Option<HttpRequest>, status: StatusCode) -> Option<HttpRequest> {
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

fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Takes every credential off a request that goes to another origin: the usual headers, what the caller
/// marked sensitive, and whatever the provider would put on a request.
async fn strip(request: &mut HttpRequest, from: &Url, credentials: Option<&Credentials>) {
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
        // Where that fails, nothing was put on the request either.
        if authorize(&mut probe, credentials).await.is_ok() {
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
