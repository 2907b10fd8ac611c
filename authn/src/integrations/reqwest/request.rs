//! `RequestBuilder`: builds a reqwest request that is sent with credentials.

use std::fmt;

use ::reqwest::{
    Body, Response, header,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;

use super::{Client, Result};
use crate::Credentials;

/// A request that is being built. It is authorised when it is sent.
///
/// ```no_run
/// # async fn example(client: authn::reqwest::Client) -> authn::reqwest::Result<()> {
/// let search = client.get("https://api.example.com/v1/things").query(&[("name", "a b")]);
/// let response = search.header("accept", "application/json").send().await?;
/// # Ok(()) }
/// ```
///
/// ```no_run
/// use authn::{Credentials, reqwest::{Client, RequestBuilder, Result}};
///
/// async fn call(client: &Client, admin: &Credentials) -> Result<()> {
///     let request: RequestBuilder = client.get("https://api.example.com/v1/things");
///     request.use_credentials(admin).send().await?;
///     let built = ::reqwest::Request::new(::reqwest::Method::GET, "https://api.example.com/".parse().unwrap());
///     client.execute(built).await?;
///     Ok(())
/// }
/// ```
#[must_use = "it does nothing until it is sent"]
pub struct RequestBuilder {
    pub(super) request: ::reqwest::RequestBuilder,
    pub(super) client: Client,
    pub(super) credentials: Option<Credentials>,
}

impl RequestBuilder {
    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        Self { request: self.request.header(name, value), ..self }
    }

    /// Adds headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self { request: self.request.headers(headers), ..self }
    }

    /// Adds parameters to the query.
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        let (client, request) = self.request.build_split();
        self.request = match request {
            Ok(mut request) => {
                if !parameters.is_empty() {
                    request.url_mut().query_pairs_mut().extend_pairs(parameters);
                }
                ::reqwest::RequestBuilder::from_parts(client, request)
            }
            // The URL is not valid. This builder fails with the same error.
            Err(_) => client.get(""),
        };
        self
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self { request: self.request.body(body), ..self }
    }

    /// Sets a JSON body. If the value can't be written as JSON, sending the request fails.
    pub fn json(self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.header(header::CONTENT_TYPE, "application/json").body(body),
            // No header has this name, so sending fails.
            Err(_) => self.header("\0", ""),
        }
    }

    /// Sets a form-encoded body.
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// Sets the longest time for each sending of this request, from the connection to the end of the answer.
    ///
    /// It covers neither the wait for a token, nor several sendings together, such as after a redirect or with a new token. A
    /// timeout around [`send`](Self::send) covers all this.
    pub fn timeout(self, timeout: std::time::Duration) -> Self {
        Self { request: self.request.timeout(timeout), ..self }
    }

    /// Sends this request without credentials.
    pub fn withhold_token(self) -> Self {
        Self { credentials: None, ..self }
    }

    /// Sends this request with other credentials than the client's.
    pub fn use_credentials(self, credentials: &Credentials) -> Self {
        Self { credentials: Some(credentials.clone()), ..self }
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
