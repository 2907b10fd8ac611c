//! `Client`: authorised requests for code without an asynchronous runtime.
//!
//! It is [`authn::reqwest::Client`](crate::reqwest::Client), and the calling thread waits for it. So redirects, retries
//! and the place of the credential are the same. Connections run on the framework's background thread.
//!
//! ```no_run
//! use authn::blocking::reqwest::Client;
//!
//! let client = Client::new(authn::blocking::load()?)?;
//! let things = client.get("https://api.example.com/v1/things").query(&[("page", "2")]).send()?;
//! println!("{}", things.error_for_status()?.text()?);
//! # Ok::<(), authn::reqwest::Error>(())
//! ```

use std::{
    fmt,
    io::{self, Read},
    time::Duration,
};

use ::reqwest::{
    Body, ClientBuilder, IntoUrl, Method, Request, StatusCode, Url, Version,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use bytes::{Buf as _, Bytes};
use serde::{Serialize, de::DeserializeOwned};

use super::Credentials;
use crate::{
    reqwest::{self as asynchronous, Result},
    runtime::block_on,
};

/// Sends authorised requests, and waits by blocking the thread; a clone shares its connections.
///
/// Don't use it on a thread of an asynchronous runtime, because it blocks. Within an exchange of an asynchronous provider
/// it fails with [`Internal`](crate::ErrorKind::Internal).
///
/// ```no_run
/// use authn::blocking::reqwest::Client;
///
/// # fn example(credentials: authn::blocking::Credentials) -> authn::reqwest::Result<()> {
/// let client = Client::from_builder(reqwest::Client::builder().no_proxy(), credentials)?;
/// println!("{:?}", client.credentials().principal());
/// for verb in [Client::get, Client::post, Client::put, Client::patch, Client::delete, Client::head] {
///     verb(&client, "https://api.example.com/").send()?;
/// }
/// client.execute(reqwest::Request::new(reqwest::Method::GET, "https://api.example.com/".parse().unwrap()))?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    client: asynchronous::Client,
    credentials: Credentials,
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {$(
        #[doc = concat!("Starts a `", stringify!($method), "` request.")]
        pub fn $name(&self, url: impl IntoUrl) -> RequestBuilder {
            self.request(Method::$method, url)
        }
    )*};
}

impl Client {
    /// Creates a client with the options of `[http]`: proxy, certificate authorities, deadlines, `User-Agent`.
    pub fn new(credentials: Credentials) -> Result<Self> {
        let client = asynchronous::Client::new(credentials.clone().into())?;
        Ok(Self { client, credentials })
    }

    /// Creates a client from the caller's builder, as
    /// [`authn::reqwest::Client::from_builder`](crate::reqwest::Client::from_builder) does. It is the builder of reqwest's
    /// asynchronous client.
    pub fn from_builder(builder: ClientBuilder, credentials: Credentials) -> Result<Self> {
        let client = asynchronous::Client::from_builder(builder, credentials.clone().into())?;
        Ok(Self { client, credentials })
    }

    /// Returns the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    verbs! { get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD }

    /// Starts a request.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder(self.client.request(method, url))
    }

    /// Sends a request that was built elsewhere.
    pub fn execute(&self, request: Request) -> Result<Response> {
        received(block_on(self.client.execute(request))?)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

fn received(response: Result<::reqwest::Response>) -> Result<Response> {
    Ok(Response { head: response?, left: Bytes::new(), has_begun: false })
}

/// A request that is being built. It is authorised when it is sent.
///
/// ```no_run
/// use authn::blocking::{Credentials, reqwest::{Client, RequestBuilder, Response}};
/// use std::time::Duration;
///
/// # fn example(client: Client, admin: Credentials) -> authn::reqwest::Result<()> {
/// let request: RequestBuilder = client.post("https://api.example.com/v1/things");
/// let request = request.header("accept", "application/json").timeout(Duration::from_secs(5));
/// let made: Response = request.json(&["a thing"]).use_credentials(&admin).send()?;
/// client.post("https://api.example.com/v1/search").form(&[("name", "a b")]).send()?;
/// client.put("https://api.example.com/v1/raw").body("text").withhold_token().send()?;
/// # let _ = made;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing until it is sent"]
pub struct RequestBuilder(asynchronous::RequestBuilder);

impl RequestBuilder {
    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        Self(self.0.header(name, value))
    }

    /// Adds headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self(self.0.headers(headers))
    }

    /// Adds parameters to the query.
    pub fn query(self, parameters: &[(&str, &str)]) -> Self {
        Self(self.0.query(parameters))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sets a JSON body. If the value can't be written as JSON, sending the request fails.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    /// Sets a form-encoded body.
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        Self(self.0.form(members))
    }

    /// Sets the longest time for each sending of this request. It covers neither the wait for a token, nor several sendings
    /// together, such as after a redirect or with a new token.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// Sends this request without credentials.
    pub fn withhold_token(self) -> Self {
        Self(self.0.withhold_token())
    }

    /// Sends this request with other credentials than the client's.
    pub fn use_credentials(self, credentials: &Credentials) -> Self {
        Self(self.0.use_credentials(&credentials.clone().into()))
    }

    /// Authorises and sends the request, and waits for the head of the response.
    pub fn send(self) -> Result<Response> {
        received(block_on(self.0.send())?)
    }
}

/// The response to a request. Its body is read when it is asked for, also as a [`Read`].
///
/// ```no_run
/// use std::io::Read;
///
/// # fn example(client: authn::blocking::reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut response = client.get("https://api.example.com/v1/things").send()?;
/// println!("{} {:?} {}", response.status(), response.version(), response.url());
/// println!("{:?} {:?}", response.content_length(), response.headers().get("etag"));
/// let mut start = [0; 16];
/// response.read_exact(&mut start)?;
/// let rest = response.bytes()?;
/// # let _ = rest;
/// let things: Vec<String> = client.get("https://api.example.com/v1/things").send()?.json()?;
/// # let _ = things;
/// # Ok(()) }
/// ```
pub struct Response {
    head: ::reqwest::Response,
    /// The rest of the part of the body that was received last.
    left: Bytes,
    /// Whether a part of the body has been received.
    has_begun: bool,
}

impl Response {
    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// Returns the version of HTTP.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// Returns the URL of the last request, without a credential in it.
    pub fn url(&self) -> &Url {
        self.head.url()
    }

    /// Returns the length of the body, if the server names it.
    pub fn content_length(&self) -> Option<u64> {
        self.head.content_length()
    }

    /// Turns a status of 400 or more into an error.
    pub fn error_for_status(self) -> Result<Self> {
        Ok(Self { head: self.head.error_for_status()?, ..self })
    }

    /// Reads the rest of the body.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut body = Vec::from(self.left);
        while let Some(part) = block_on(self.head.chunk())?? {
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    /// Reads the rest of the body as text. What is no UTF-8 is replaced; another `charset` is decoded if nothing of the body
    /// has been read before.
    pub fn text(self) -> Result<String> {
        if !self.has_begun {
            return Ok(block_on(self.head.text())??);
        }
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// Reads the rest of the body as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_slice(&self.bytes()?).map_err(|error| {
            // Of a mistake in a server's answer only its place is safe to show.
            let place = format!("line {}, column {}", error.line(), error.column());
            crate::Error::protocol(format!("the body is not the JSON that is expected ({place})"))
                .with_help("check the address and the type")
                .into()
        })
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() {
            let part = block_on(self.head.chunk()).map_err(io::Error::other)?;
            match part.map_err(|error| io::Error::other(error.without_url()))? {
                Some(part) => (self.left, self.has_begun) = (part, true),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.left.len());
        self.left.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).finish_non_exhaustive()
    }
}
