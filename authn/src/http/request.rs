//! `HttpRequest`: one request, which a provider builds and the background runtime sends.

use std::{error::Error as _, fmt, io, iter, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Client;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::{
    HttpClient, HttpResponse,
    client::{check, shown},
    is_showable, retry,
};
use crate::{
    Error, Result, Token,
    diagnostic::{limit_help, reason},
    runtime::in_background,
    time::{Clock, before, chance},
};

/// Largest response that is read.
const LARGEST: usize = 1024 * 1024;

/// The mark with which some servers start a UTF-8 text. No parser of JSON accepts it (RFC 8259, 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A request that is being built. [`send`](Self::send) checks and sends it, so all errors come from there.
///
/// ```no_run
/// # use authn::{Context, Result, Token, Url};
/// # use authn::http::{HttpResponse, header};
/// # async fn example(context: &Context, url: &Url, token: &Token) -> Result<HttpResponse> {
/// context.http().post(url).bearer(token).header(header::ACCEPT_LANGUAGE, "en").json(&[1, 2]).send().await
/// # }
/// ```
#[must_use]
pub struct HttpRequest {
    client: HttpClient,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    allow_http: bool,
    problem: Option<Error>,
}

impl HttpRequest {
    pub(super) fn new(client: HttpClient, method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        // An encoded body is not decoded here. Without the header, a server may choose any encoding (RFC 9110, 12.5.3).
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Self { client, method, url, headers, body: None, allow_http: false, problem: None }
    }

    /// Allows plain `http` to every host, and not to the loopback interface alone. Only an option of the provider should
    /// do this.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sets a header. Its value is marked sensitive.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
            Err(_) => {
                self.problem = Some(Error::configuration(format!(
                    "the value of the header `{name}` has characters that no header may have"
                )));
            }
        }
        self
    }

    /// Sets `Authorization: Bearer` (RFC 6750, 2.1).
    pub fn bearer(self, token: &Token) -> Self {
        let value = Zeroizing::new(format!("Bearer {}", token.secret()));
        self.header(header::AUTHORIZATION, &value)
    }

    /// Sets a form-encoded body.
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        self.body("application/x-www-form-urlencoded", body.into_bytes())
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_else(|_| {
            let message = "the body of a token request can't be written as JSON";
            self.problem = Some(Error::configuration(message));
            Vec::new()
        });
        self.body("application/json", body)
    }

    fn body(mut self, kind: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = Some(Zeroizing::new(body));
        self
    }

    /// Sends the request. It works in any runtime and in none. Dropping the future ends the request.
    ///
    /// A response of any status is returned, except a redirect, which is an error.
    pub async fn send(self) -> Result<HttpResponse> {
        check(&self.url, self.allow_http)?;
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let place = shown(&self.url);
        let client = self.client.client(&self.url).await?;
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = self.body.map(|body| body.to_vec().into());
        let (limit, clock) = (self.client.timeout(), self.client.clock().clone());
        in_background(send(client, request, place, limit, clock)).await
    }
}

async fn send(
    client: Client,
    mut request: reqwest::Request,
    place: String,
    limit: Duration,
    clock: Clock,
) -> Result<HttpResponse> {
    let method = request.method().clone();
    let mut tried = 1;
    loop {
        // Bodies are in memory, so they can be sent again.
        let again = request.try_clone().filter(|_| tried < retry::TRIES);
        // Real time, whatever the context's clock is: the network does not follow it. It is no deadline of reqwest, which
        // would end a request whose answer arrived while the process was stopped.
        let mut deadline = Clock::system().sleep(limit);
        let result = before(client.execute(request), &mut deadline).await;
        let repeat = match &result {
            Some(Ok(response)) => retry::after_response(&method, response.status()),
            Some(Err(error)) => retry::after_failure(&method, error.is_connect()),
            None => retry::after_failure(&method, false),
        };
        let Some(again) = again.filter(|_| repeat) else {
            let response = result.ok_or_else(|| late(&place))?;
            let response = response.map_err(|error| failed(&place, &error))?;
            let received = before(receive(response, place.clone(), clock), deadline).await;
            return received.unwrap_or_else(|| Err(late(&place)));
        };
        request = again;
        clock.sleep(retry::BACK_OFF.jittered(tried, chance())).await;
        tried += 1;
    }
}

async fn receive(
    mut response: reqwest::Response,
    place: String,
    clock: Clock,
) -> Result<HttpResponse> {
    if response.status().is_redirection() {
        return Err(Error::protocol(format!(
            "{place} answered with a redirect, which is not followed here"
        ))
        .with_help("configure the address that it redirects to"));
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let encoding = encoding(&headers);
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&place, &error))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Error::protocol(format!(
                "{place} answered with more than 1 MiB, which is no token response"
            ))
            .with_help("check the address"));
        }
        body.extend_from_slice(&chunk);
    }
    match encoding {
        None if body.starts_with(BYTE_ORDER_MARK) => drop(body.drain(..BYTE_ORDER_MARK.len())),
        None => {}
        // The status says enough: the server can't answer now.
        Some(_) if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            body.clear();
        }
        Some(encoding) => return Err(encoded(&place, status, encoding)),
    }
    Ok(HttpResponse { place, status, headers, body, clock })
}

/// Returns the encoding of a body that has one (RFC 9110, 8.4).
fn encoding(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_one = |value: &&HeaderValue| {
        let codings = value.to_str().unwrap_or("?").split(',').map(str::trim);
        codings.into_iter().any(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
    };
    headers.get_all(header::CONTENT_ENCODING).into_iter().find(is_one)
}

fn encoded(place: &str, status: StatusCode, encoding: &HeaderValue) -> Error {
    let name = encoding.to_str().ok().filter(|name| is_showable(name));
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    let status = status.as_u16();
    Error::protocol(format!(
        "{place} answered with the content encoding{name} (status {status}), which was not accepted"
    ))
    .with_help(
        "configure the server, or the proxy before it, to respect `Accept-Encoding: identity`",
    )
}

fn late(place: &str) -> Error {
    Error::network(format!("{place} did not answer in time"))
        .with_help("check the network, or raise `http.timeout`")
}

/// Returns the error of a failed request, without the URL and without any text of the server.
fn failed(place: &str, error: &reqwest::Error) -> Error {
    let fail =
        |what: &str, help: &'static str| Error::network(format!("{place} {what}")).with_help(help);
    if error.is_timeout() {
        return late(place);
    }
    let mut connection = None;
    for inner in iter::successors(error.source(), |&inner| inner.source()) {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            // A name that does not resolve has no kind of its own, and its text is of no use.
            if let Some(help) = limit_help(io) {
                return fail(&format!("can't be reached ({})", reason(io)), help);
            }
            connection = Some(io.kind()).filter(|kind| kind.to_string() != "uncategorized error");
        }
        // The texts of TLS errors come from the library and contain nothing of the request.
        if inner.to_string().contains("certificate") {
            return fail(
                "has a certificate that is not trusted here",
                "if it is your own authority's, name it in `http.ca_file`",
            );
        }
    }
    let address = "check the address and the network";
    match connection {
        Some(kind) if error.is_connect() => fail(&format!("can't be reached ({kind})"), address),
        _ if error.is_connect() => fail("can't be reached", address),
        Some(kind) => fail(&format!("ended the connection ({kind})"), "try again"),
        None => fail("ended the connection before its answer was complete", "try again"),
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("to", &shown(&self.url))
            .finish_non_exhaustive()
    }
}
