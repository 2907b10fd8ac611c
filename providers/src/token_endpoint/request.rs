//! `TokenRequest`: a request to the authorization server before it is sent.

use std::{collections::BTreeMap, fmt};

use authn::{
    Context, Error, Result, Url,
    http::{ClientIdentity, HttpResponse},
    private::sorted,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Endpoint, Form};
use crate::choice::choice;

choice! {
    /// The method of token requests.
    pub(crate) enum RequestMethod {
        /// The parameters are in the body (RFC 6749, 3.2).
        Post = "post",
        /// The parameters are in the query.
        Get = "get",
    }
}

choice! {
    /// How the parameters of token requests are encoded.
    pub(crate) enum RequestEncoding {
        /// As a form (RFC 6749, 3.2).
        Form = "form",
        /// As a JSON object.
        Json = "json",
    }
}

/// A request to the authorization server before it is sent: its parameters, its headers and its address.
///
/// A [`ClientAuth`](crate::ClientAuth) adds the client's authentication to it, and a
/// [`Compliance`](crate::Compliance) what a server needs that deviates from the specifications.
pub struct TokenRequest {
    endpoint: Endpoint,
    url: Url,
    form: Form,
    headers: Vec<(String, Zeroizing<String>)>,
    identity: Option<ClientIdentity>,
    method: RequestMethod,
    encoding: RequestEncoding,
}

impl TokenRequest {
    /// Creates a request to an endpoint.
    pub(crate) fn new(endpoint: Endpoint, url: &Url, form: Form) -> Self {
        Self {
            endpoint,
            url: url.clone(),
            form,
            headers: Vec::new(),
            identity: None,
            method: RequestMethod::Post,
            encoding: RequestEncoding::Form,
        }
    }

    /// Sets the method and the encoding.
    pub(crate) fn set_shape(&mut self, method: RequestMethod, encoding: RequestEncoding) {
        (self.method, self.encoding) = (method, encoding);
    }

    /// Returns the endpoint that the request is for.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// Returns the HTTP method.
    pub(crate) fn method(&self) -> &'static str {
        match self.method {
            RequestMethod::Post => "POST",
            RequestMethod::Get => "GET",
        }
    }

    /// Shows the server this certificate (RFC 8705). Fails if the address is not https: there is no connection to show it on.
    pub(crate) fn set_identity(&mut self, identity: ClientIdentity) -> Result<()> {
        if self.url.scheme() != "https" {
            let [name, option, _] = self.endpoint.texts();
            return Err(Error::configuration(format!(
                "`certificate` is set, but the {name} is not an https address, so no certificate can be shown to it"
            ))
            .with_help(format!(
                "set `{option}` to an https address, or add it to the server's `mtls_endpoint_aliases`"
            )));
        }
        self.identity = Some(identity);
        Ok(())
    }

    /// Returns the certificate that the server is shown.
    pub(crate) fn identity(&self) -> Option<ClientIdentity> {
        self.identity.clone()
    }

    /// Returns the address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sets the address. Sending fails if it is neither `https` nor on the loopback interface.
    pub fn set_url(&mut self, url: Url) {
        self.url = url;
    }

    /// Returns the parameters with a name. Some can be repeated (RFC 8707, section 2).
    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.form.pairs().into_iter().filter_map(move |(own, value)| (own == name).then_some(value))
    }

    /// Returns the first parameter with a name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.form.get(name)
    }

    /// Sets a parameter, in place of all with its name.
    pub fn set_parameter(&mut self, name: &str, value: &str) {
        self.form.remove(name);
        self.form.add(name, value);
    }

    /// Adds a parameter, also if there is one with its name.
    ///
    /// ```
    /// use authn_providers::TokenRequest;
    ///
    /// fn name_audiences(request: &mut TokenRequest) {
    ///     request.add_parameter("audience", "orders");
    ///     request.add_parameter("audience", "reports");
    /// }
    /// ```
    pub fn add_parameter(&mut self, name: &str, value: &str) {
        self.form.add(name, value);
    }

    /// Removes all parameters with a name.
    pub fn remove_parameter(&mut self, name: &str) {
        self.form.remove(name);
    }

    /// Sets a header, in place of the one with its name. Its value is marked sensitive.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    /// Sends the request.
    pub(crate) async fn send(self, context: &Context) -> Result<HttpResponse> {
        let http = context.http();
        let pairs = self.form.pairs();
        let mut request = match (self.method, self.encoding) {
            (RequestMethod::Get, _) => {
                let mut url = self.url.clone();
                url.query_pairs_mut().extend_pairs(&pairs);
                http.get(&url)
            }
            (RequestMethod::Post, RequestEncoding::Form) => http.post(&self.url).form(&pairs),
            (RequestMethod::Post, RequestEncoding::Json) => {
                http.post(&self.url).json(&as_json(&pairs))
            }
        };
        // A server takes a code, a refresh token, an assertion or a proof once.
        request = request.once();
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value);
        }
        if let Some(identity) = &self.identity {
            request = request.identity(identity);
        }
        request.send().await
    }
}

/// The value of a member of a JSON request.
#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
}

/// Returns the parameters as a JSON object, with a list for those that are repeated.
fn as_json<'a>(pairs: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, Member<'a>> {
    let mut members = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in pairs {
        members.entry(name).or_default().push(value);
    }
    let member = |values: Vec<&'a str>| match *values {
        [one] => Member::One(one),
        _ => Member::Several(values),
    };
    sorted(members.into_iter().map(|(name, values)| (name, member(values))))
}

/// Checks that the method and the encoding fit.
pub(crate) fn check_shape(method: RequestMethod, encoding: RequestEncoding) -> Result<()> {
    if method == RequestMethod::Get && encoding == RequestEncoding::Json {
        return Err(Error::configuration(
            "`token_request_encoding` is json, but a GET request has no body",
        )
        .with_help("remove `token_request_encoding` or `token_request_method`"));
    }
    Ok(())
}

/// Shows names of parameters and headers, and no value.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<_> = self.form.pairs().into_iter().map(|(name, _)| name).collect();
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("TokenRequest")
            .field("endpoint", &self.endpoint)
            .field("parameters", &parameters)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}
