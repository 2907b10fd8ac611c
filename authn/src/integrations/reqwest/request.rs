//! `RequestBuilder`: reqwest's, with credentials.

use std::fmt;

use ::reqwest::{
    Body, Response, header,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;

use super::{Client, Result};
use crate::Credentials;

/// A request that is being built; it is authorised when it is sent.
pub struct RequestBuilder {
    pub(super) request: ::reqwest::RequestBuilder,
    pub(super) client: Client,
    pub(super) credentials: Option<Credentials>,
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
